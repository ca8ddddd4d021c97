//! Makes a stub of a solution: the same file with the answers taken out.
//!
//! The text is cut and not printed anew, because a printer of syntax trees would lose every comment. The parser only
//! says where things are. The rules:
//!
//! - the body of a `pub` function or method becomes a `todo!`, and the methods of a trait's implementation likewise;
//! - private functions, types, constants, and what is implemented for private types, go;
//! - `pub` types and constants stay;
//! - an item below a line `// given` stays as it is;
//! - in a body that has them, the lines from `// solution` to `// end solution` go, lines `//+ code` become code, and
//!   the rest of the body stays;
//! - imports that nothing uses any more go, and so do the hints.

mod answer;
mod imports;

use crate::Error;
use proc_macro2::Span;
use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Block, FnArg, ImplItem, Item, ItemImpl, Pat, ReturnType, Signature, Type, Visibility};

pub use answer::answer;

// ANCHOR: stub
/// The stub of a solution. `id` is how the learner calls the exercise, `01.3`.
///
/// # Errors
/// [`Error::Stub`] for a file that does not parse, and for a function whose stub has to be written by hand.
pub fn stub(path: &Path, source: &str, id: &str) -> Result<String, Error> {
    let file = parse(path, source)?;
    let mut surgery = Surgery {
        path,
        source,
        id,
        edits: Vec::new(),
    };
    let removed = private_types(&file.items, source);
    for item in &file.items {
        surgery.item(item, &removed)?;
    }
    let stub = imports::without_unused(path, &surgery.cut())?;
    Ok(blank_lines_collapsed(&without_hints(&stub, id)))
}

fn parse(path: &Path, source: &str) -> Result<syn::File, Error> {
    syn::parse_file(source).map_err(|error| Error::Stub {
        path: path.to_path_buf(),
        line: error.span().start().line,
        said: error.to_string(),
    })
}
// ANCHOR_END: stub

// ANCHOR: surgery
struct Surgery<'s> {
    path: &'s Path,
    source: &'s str,
    id: &'s str,
    /// What stands where, and what is put there. They do not overlap.
    edits: Vec<(Range<usize>, String)>,
}

impl Surgery<'_> {
    fn item(&mut self, item: &Item, removed: &BTreeSet<String>) -> Result<(), Error> {
        if let Some(line) = given_line(self.source, item.span()) {
            self.edits.push((line, String::new()));
            return Ok(());
        }
        match item {
            Item::Use(_) => {}
            Item::Fn(item) if is_public(&item.vis) => self.body(&item.sig, &item.block)?,
            Item::Impl(item) if self_type(item).is_none_or(|name| !removed.contains(&name)) => {
                self.methods(item)?;
            }
            _ if visibility(item).is_some_and(is_public) => {}
            _ => self.remove(item.span()),
        }
        Ok(())
    }

    fn methods(&mut self, item: &ItemImpl) -> Result<(), Error> {
        for method in &item.items {
            if let Some(line) = given_line(self.source, method.span()) {
                self.edits.push((line, String::new()));
                continue;
            }
            match method {
                ImplItem::Fn(method) if item.trait_.is_some() || is_public(&method.vis) => {
                    self.body(&method.sig, &method.block)?;
                }
                ImplItem::Fn(method) => self.remove(method.span()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Empties a body. Parameters are named in it once, because the compiler warns of those that nobody uses.
    fn body(&mut self, signature: &Signature, block: &Block) -> Result<(), Error> {
        let braces = block.span().byte_range();
        let inside = braces.start + 1..braces.end - 1;
        let text = &self.source[inside.clone()];
        if text.lines().any(|line| Mark::of(line).is_some()) {
            self.edits.push((inside, marked(text)));
            return Ok(());
        }
        let indent = " ".repeat(self.indent(signature.span()));
        let mut names = Names::default();
        for parameter in &signature.inputs {
            if let FnArg::Typed(parameter) = parameter {
                names.visit_pat(&parameter.pat);
                self.take_mut(&parameter.pat);
            }
        }
        let named = match names.0.as_slice() {
            [] => String::new(),
            [one] => format!("{indent}    let _ = {one}; // delete this line\n"),
            more => format!(
                "{indent}    let _ = ({}); // delete this line\n",
                more.join(", ")
            ),
        };
        let todo = format!("todo!(\"exercise {}\")", self.id);
        let end = match returned(signature) {
            Returned::Plain => todo,
            Returned::Iterator => format!("std::iter::from_fn(|| {todo})"),
            Returned::Unnamed => {
                return Err(Error::Stub {
                    path: self.path.to_path_buf(),
                    line: signature.span().start().line,
                    said: format!(
                        "`{}` returns a type without a name, and `todo!` is of none: put its body between `// solution` and \
                         `// end solution`, and a line `//+ …` with what the stub returns below",
                        signature.ident
                    ),
                });
            }
        };
        self.edits
            .push((inside, format!("\n{named}{indent}    {end}\n{indent}")));
        Ok(())
    }

    /// `mut` in front of a parameter is the answer's business.
    fn take_mut(&mut self, pattern: &Pat) {
        if let Pat::Ident(pattern) = pattern
            && let Some(mutability) = &pattern.mutability
        {
            let word = mutability.span().byte_range();
            self.edits.push((
                word.start..pattern.ident.span().byte_range().start,
                String::new(),
            ));
        }
    }

    fn remove(&mut self, span: Span) {
        let span = span.byte_range();
        let start = self.source[..span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = self.source[span.end..]
            .find('\n')
            .map_or(self.source.len(), |at| span.end + at + 1);
        self.edits.push((start..end, String::new()));
    }

    /// The number of spaces in front of the line on which something begins.
    fn indent(&self, span: Span) -> usize {
        let start = span.byte_range().start;
        let line = self.source[..start].rfind('\n').map_or(0, |at| at + 1);
        self.source[line..]
            .chars()
            .take_while(|c| *c == ' ')
            .count()
    }

    fn cut(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| range.start);
        let mut text = self.source.to_string();
        for (range, new) in self.edits.iter().rev() {
            text.replace_range(range.clone(), new);
        }
        text
    }
}
// ANCHOR_END: surgery

// ANCHOR: marks
/// Above an item that stays as it is.
const GIVEN: &str = "// given";

/// A comment that says what becomes of lines inside a body.
enum Mark<'l> {
    Solution,
    End,
    /// Code for the stub alone.
    Stub(&'l str),
}

impl<'l> Mark<'l> {
    fn of(line: &'l str) -> Option<Self> {
        match line.trim() {
            "// solution" => Some(Mark::Solution),
            "// end solution" => Some(Mark::End),
            text => text.strip_prefix("//+ ").map(Mark::Stub),
        }
    }
}

fn marked(body: &str) -> String {
    let mut inside = false;
    let mut out = Vec::new();
    for line in body.split('\n') {
        match Mark::of(line) {
            Some(Mark::Solution) => inside = true,
            Some(Mark::End) => inside = false,
            Some(Mark::Stub(code)) => {
                let indent = line.len() - line.trim_start().len();
                out.push(format!("{}{code}", &line[..indent]));
            }
            None if inside => {}
            None => out.push(line.to_string()),
        }
    }
    out.join("\n")
}

/// The line `// given` directly above something, with its line break.
fn given_line(source: &str, span: Span) -> Option<Range<usize>> {
    let start = source[..span.byte_range().start]
        .rfind('\n')
        .map_or(0, |at| at + 1);
    let above = source[..start].strip_suffix('\n')?;
    let line = above.rfind('\n').map_or(0, |at| at + 1);
    (source[line..start].trim() == GIVEN).then_some(line..start)
}
// ANCHOR_END: marks

// ANCHOR: questions
/// What a function returns, as far as a `todo!` cares.
enum Returned {
    Plain,
    /// `impl Iterator<…>`.
    Iterator,
    /// Another type that only the body could name.
    Unnamed,
}

fn returned(signature: &Signature) -> Returned {
    let ReturnType::Type(_, returned) = &signature.output else {
        return Returned::Plain;
    };
    if let Type::ImplTrait(unnamed) = &**returned {
        let is_iterator = unnamed.bounds.iter().any(|bound| match bound {
            syn::TypeParamBound::Trait(bound) => bound
                .path
                .segments
                .last()
                .is_some_and(|last| last.ident == "Iterator"),
            _ => false,
        });
        return if is_iterator {
            Returned::Iterator
        } else {
            Returned::Unnamed
        };
    }
    struct Finds(bool);
    impl Visit<'_> for Finds {
        fn visit_type_impl_trait(&mut self, _: &syn::TypeImplTrait) {
            self.0 = true;
        }
    }
    let mut finds = Finds(false);
    finds.visit_type(returned);
    if finds.0 {
        Returned::Unnamed
    } else {
        Returned::Plain
    }
}

/// The names that a pattern binds, but for those that begin with an underscore.
#[derive(Default)]
struct Names(Vec<String>);

impl Visit<'_> for Names {
    fn visit_pat_ident(&mut self, pattern: &syn::PatIdent) {
        let name = pattern.ident.to_string();
        if !name.starts_with('_') {
            self.0.push(name);
        }
        if let Some((_, inner)) = &pattern.subpat {
            self.visit_pat(inner);
        }
    }
}

fn is_public(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn visibility(item: &Item) -> Option<&Visibility> {
    match item {
        Item::Const(item) => Some(&item.vis),
        Item::Enum(item) => Some(&item.vis),
        Item::Fn(item) => Some(&item.vis),
        Item::Mod(item) => Some(&item.vis),
        Item::Static(item) => Some(&item.vis),
        Item::Struct(item) => Some(&item.vis),
        Item::Trait(item) => Some(&item.vis),
        Item::Type(item) => Some(&item.vis),
        Item::Union(item) => Some(&item.vis),
        _ => None,
    }
}

fn self_type(item: &ItemImpl) -> Option<String> {
    match &*item.self_ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

/// Types that go, and with them what is implemented for them.
fn private_types(items: &[Item], source: &str) -> BTreeSet<String> {
    let name = |item: &Item| match item {
        Item::Struct(item) if !is_public(&item.vis) => Some(item.ident.to_string()),
        Item::Enum(item) if !is_public(&item.vis) => Some(item.ident.to_string()),
        _ => None,
    };
    let goes = |item: &&Item| given_line(source, item.span()).is_none();
    items.iter().filter(goes).filter_map(name).collect()
}
// ANCHOR_END: questions

// ANCHOR: layout
/// The documentation up to the first hint, and where the hints are to be had.
fn without_hints(source: &str, id: &str) -> String {
    let is_hint = |line: &&str| line.starts_with("//! ## Hint");
    let mut lines: Vec<String> = Vec::new();
    let mut rest = source.lines().peekable();
    while let Some(line) = rest.next_if(|line| line.starts_with("//!") && !is_hint(line)) {
        lines.push(line.to_string());
    }
    if rest.peek().is_some_and(is_hint) {
        while lines.last().is_some_and(|line| line == "//!") {
            lines.pop();
        }
        lines.push("//!".to_string());
        lines.push(format!(
            "//! Help: `cargo course hint {id}`. Judge it: `cargo course check {id}`."
        ));
        while rest.next_if(|line| line.starts_with("//!")).is_some() {}
    }
    lines.extend(rest.map(str::to_string));
    lines.join("\n") + "\n"
}

/// No two blank lines in a row, none behind an opening or before a closing brace, none at either end.
fn blank_lines_collapsed(text: &str) -> String {
    let mut out: Vec<&str> = Vec::new();
    for line in text.lines() {
        let after_blank = out.last().is_some_and(|last| last.is_empty());
        let after_brace = out.last().is_some_and(|last| last.ends_with('{'));
        if line.is_empty() && (after_blank || after_brace) {
            continue;
        }
        if line.trim() == "}" && after_blank {
            out.pop();
        }
        out.push(line);
    }
    out.join("\n").trim_matches('\n').to_string() + "\n"
}
// ANCHOR_END: layout
