//! The part of a file that answers an exercise, for comparing two of them.

use super::{GIVEN, Mark, given_line, is_public, parse, visibility};
use crate::Error;
use std::collections::BTreeSet;
use std::path::Path;
use syn::spanned::Spanned;
use syn::{Item, ItemImpl};

// ANCHOR: answer
/// The items of `source` that answer the exercise: everything but imports and what the solution gives.
///
/// # Errors
/// [`Error::Stub`] for a file that does not parse.
pub fn answer(path: &Path, source: &str, solution: &str) -> Result<String, Error> {
    let given = given(path, solution)?;
    let mut parts = Vec::new();
    for item in &parse(path, source)?.items {
        if matches!(item, Item::Use(_)) || name(item).is_some_and(|name| given.contains(&name)) {
            continue;
        }
        let text = &source[item.span().byte_range()];
        // The marks speak to the generator.
        let lines = text
            .lines()
            .filter(|line| Mark::of(line).is_none() && line.trim() != GIVEN);
        parts.push(lines.collect::<Vec<_>>().join("\n"));
    }
    Ok(parts.join("\n\n"))
}

/// The names of what the stub has as the solution has it.
fn given(path: &Path, solution: &str) -> Result<BTreeSet<String>, Error> {
    let is_given = |item: &Item| {
        let stays = !matches!(item, Item::Fn(_)) && visibility(item).is_some_and(is_public);
        stays || given_line(solution, item.span()).is_some()
    };
    let items = parse(path, solution)?.items;
    Ok(items
        .iter()
        .filter(|item| is_given(item))
        .filter_map(name)
        .collect())
}

fn name(item: &Item) -> Option<String> {
    let ident = match item {
        Item::Const(item) => &item.ident,
        Item::Enum(item) => &item.ident,
        Item::Fn(item) => &item.sig.ident,
        Item::Static(item) => &item.ident,
        Item::Struct(item) => &item.ident,
        Item::Trait(item) => &item.ident,
        Item::Type(item) => &item.ident,
        // An implementation has no name of its own: it is never given by the name of its type.
        Item::Impl(ItemImpl { .. }) => return None,
        _ => return None,
    };
    Some(ident.to_string())
}
// ANCHOR_END: answer
