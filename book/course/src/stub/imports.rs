//! Imports that nothing uses any more once the answers are gone.

use super::parse;
use crate::Error;
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::BTreeSet;
use std::path::Path;
use syn::spanned::Spanned;
use syn::{Item, UseTree, Visibility};

// ANCHOR: imports
/// The file without the private imports, or parts of them, whose names occur nowhere else. An import `as _` stays: it
/// has no name.
pub fn without_unused(path: &Path, source: &str) -> Result<String, Error> {
    let file = parse(path, source)?;
    let mut names = BTreeSet::new();
    for item in file
        .items
        .iter()
        .filter(|item| !matches!(item, Item::Use(_)))
    {
        collect(item.to_token_stream(), &mut names);
    }
    let mut text = source.to_string();
    for item in file.items.iter().rev() {
        let Item::Use(import) = item else { continue };
        if !matches!(import.vis, Visibility::Inherited) {
            continue;
        }
        let range = import.span().byte_range();
        match kept(&import.tree, "", &names) {
            Some(tree) if tree == kept_whole(&import.tree) => {}
            Some(tree) => text.replace_range(range, &format!("use {tree};")),
            None => {
                let end = text[range.end..]
                    .find('\n')
                    .map_or(text.len(), |at| range.end + at + 1);
                text.replace_range(range.start..end, "");
            }
        }
    }
    Ok(text)
}

fn collect(tokens: TokenStream, names: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                names.insert(ident.to_string());
            }
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

/// What remains of an import; `parent` is the name before it, which `self` stands for.
fn kept(tree: &UseTree, parent: &str, names: &BTreeSet<String>) -> Option<String> {
    match tree {
        UseTree::Path(path) => {
            let name = path.ident.to_string();
            let inner = kept(&path.tree, &name, names)?;
            Some(if inner == "self" {
                name
            } else {
                format!("{name}::{inner}")
            })
        }
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let used = if name == "self" { parent } else { &name };
            names.contains(used).then_some(name)
        }
        UseTree::Rename(rename) => {
            let new = rename.rename.to_string();
            (new == "_" || names.contains(&new)).then(|| format!("{} as {new}", rename.ident))
        }
        UseTree::Glob(_) => Some("*".to_string()),
        UseTree::Group(group) => {
            let parts: Vec<String> = group
                .items
                .iter()
                .filter_map(|tree| kept(tree, parent, names))
                .collect();
            match parts.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                more => Some(format!("{{{}}}", more.join(", "))),
            }
        }
    }
}

/// The import as `kept` would write it if everything were used.
fn kept_whole(tree: &UseTree) -> String {
    let mut all = BTreeSet::new();
    collect(tree.to_token_stream(), &mut all);
    kept(tree, "", &all).unwrap_or_default()
}
// ANCHOR_END: imports
