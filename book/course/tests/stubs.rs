//! What `cargo course gen` makes of a solution.

use course::stub::{answer, stub};
use std::path::Path;

fn stubbed(source: &str) -> String {
    stub(Path::new("ex.rs"), source, "01.3").unwrap()
}

#[test]
fn a_body_becomes_a_todo_and_the_comments_around_it_stay() {
    let text = stubbed(
        "// why\n\n/// Adds.\npub fn add(a: u32, b: u32) -> u32 {\n    // how\n    a + b\n}\n",
    );
    assert_eq!(
        text,
        "// why\n\n/// Adds.\npub fn add(a: u32, b: u32) -> u32 {\n    let _ = (a, b); // delete this line\n    \
         todo!(\"exercise 01.3\")\n}\n"
    );
}

#[test]
fn parameters_are_named_whatever_their_pattern_and_lose_their_mut() {
    let text = stubbed(
        "pub fn f(mut a: Vec<u32>, (b, _): (u8, u8), _c: u8) {\n    a.clear();\n}\npub fn g() {}\npub fn h(x: u8) {}\n",
    );
    assert!(
        text.contains("pub fn f(a: Vec<u32>, (b, _): (u8, u8), _c: u8) {\n    let _ = (a, b);"),
        "{text}"
    );
    assert!(text.contains("pub fn g() {\n    todo!("), "{text}");
    assert!(text.contains("let _ = x; //"), "{text}");
}

#[test]
fn private_helpers_go_and_given_ones_stay() {
    let text = stubbed(
        "use std::collections::BTreeMap;\n\npub fn f() -> u32 {\n    helper() + LIMIT\n}\n\n/// Goes.\nfn helper() -> u32 {\n    1\n}\n\n\
         const LIMIT: u32 = 3;\n\n// given\n/// Stays.\nfn stays() -> u32 {\n    2\n}\n\nstruct Own(BTreeMap<u8, u8>);\n\nimpl Own {\n    \
         pub fn new() -> Self {\n        Own(BTreeMap::new())\n    }\n}\n",
    );
    assert_eq!(
        text,
        "pub fn f() -> u32 {\n    todo!(\"exercise 01.3\")\n}\n\n/// Stays.\nfn stays() -> u32 {\n    2\n}\n"
    );
}

#[test]
fn public_types_stay_and_their_methods_are_emptied() {
    let text = stubbed(
        "pub struct Stream {\n    pub waiting: Vec<u8>,\n}\n\nimpl Stream {\n    /// Pushes.\n    pub fn push(&mut self, bytes: &[u8]) \
         -> String {\n        self.grow();\n        String::new()\n    }\n\n    fn grow(&mut self) {}\n}\n\nimpl Iterator for Stream {\n    \
         type Item = u8;\n    fn next(&mut self) -> Option<u8> {\n        self.waiting.pop()\n    }\n}\n",
    );
    assert!(text.contains("    pub waiting: Vec<u8>,"), "{text}");
    assert!(text.contains("        let _ = bytes; // delete this line\n        todo!(\"exercise 01.3\")\n    }\n}\n"), "{text}");
    assert!(!text.contains("grow"), "{text}");
    assert!(
        text.contains("type Item = u8;\n    fn next(&mut self) -> Option<u8> {\n        todo!("),
        "{text}"
    );
}

#[test]
fn an_unnamed_iterator_gets_a_stub_that_compiles_and_other_unnamed_types_are_refused() {
    let text =
        stubbed("pub fn f(text: &str) -> impl Iterator<Item = char> {\n    text.chars()\n}\n");
    assert!(
        text.contains("std::iter::from_fn(|| todo!(\"exercise 01.3\"))"),
        "{text}"
    );
    for unnamed in ["impl Fn(u32) -> u32", "Option<impl Fn(u32) -> u32>"] {
        let source = format!("\npub fn f() -> {unnamed} {{\n    make()\n}}\n");
        let said = stub(Path::new("ex.rs"), &source, "01.3")
            .unwrap_err()
            .to_string();
        assert!(said.contains("ex.rs:2") && said.contains("//+"), "{said}");
    }
}

#[test]
fn an_unnamed_type_of_a_parameter_is_left_alone_and_named() {
    let text = stubbed(
        "pub fn f(xs: impl Iterator<Item = u32>, rows: &mut dyn FnMut(i64) -> u32) -> u32 {\n    xs.map(|x| rows(x as i64)).sum()\n}\n",
    );
    assert!(
        text.contains("pub fn f(xs: impl Iterator<Item = u32>, rows: &mut dyn FnMut(i64) -> u32) -> u32 {\n    let _ = (xs, rows);"),
        "{text}"
    );
}

#[test]
fn a_trait_that_only_given_methods_need_is_imported_without_a_name() {
    // `Kernels` occurs nowhere but in its import: only the compiler could know that `norm` is its method.
    let source = |import: &str| {
        format!(
            "use transformer::{{{import}, Plain}};\n\n// given\npub fn norm(x: f64) -> f64 {{\n    Plain.norm(x)\n}}\n"
        )
    };
    let kept = stubbed(&source("Kernels as _"));
    assert!(
        kept.contains("use transformer::{Kernels as _, Plain};"),
        "{kept}"
    );
    let lost = stubbed(&source("Kernels"));
    assert!(lost.contains("use transformer::Plain;"), "{lost}");
}

#[test]
fn given_functions_stay_beside_one_with_a_planted_bug() {
    let text = stubbed(
        "// given\n/// Right.\npub fn outer(x: u32) -> u32 {\n    inner(x) + helper()\n}\n\n/// To mend.\npub fn inner(x: u32) -> u32 {\n    \
         let y = x + 1;\n    // solution\n    let z = y * 2;\n    // end solution\n    //+ let z = y * 3;\n    z\n}\n\n// given\nfn helper() -> u32 {\n    7\n}\n",
    );
    assert_eq!(
        text,
        "/// Right.\npub fn outer(x: u32) -> u32 {\n    inner(x) + helper()\n}\n\n/// To mend.\npub fn inner(x: u32) -> u32 {\n    \
         let y = x + 1;\n    let z = y * 3;\n    z\n}\n\nfn helper() -> u32 {\n    7\n}\n"
    );
}

#[test]
fn marked_lines_of_a_body_go_and_come_and_the_rest_stays() {
    let text = stubbed(
        "pub fn f() -> impl Fn(u32) -> u32 {\n    let one = 1;\n    // solution\n    move |n| n + one\n    // end solution\n    \
         //+ move |n| n - one // wrong\n}\n",
    );
    assert_eq!(
        text,
        "pub fn f() -> impl Fn(u32) -> u32 {\n    let one = 1;\n    move |n| n - one // wrong\n}\n"
    );
}

#[test]
fn generics_and_where_clauses_are_left_alone() {
    let head = "pub fn f<'a, F: Fn(u32) -> u32, const N: usize>(xs: &'a [u32; N], f: F) -> Vec<u32>\nwhere\n    F: Send,\n{";
    let text = stubbed(&format!(
        "{head}\n    xs.iter().map(|&x| f(x)).collect()\n}}\n"
    ));
    assert!(text.starts_with(head), "{text}");
    assert!(text.contains("let _ = (xs, f);"), "{text}");
}

#[test]
fn imports_of_the_answer_go_one_by_one() {
    let text = stubbed(
        "use std::cmp::Reverse;\nuse std::collections::{BTreeMap, HashMap};\nuse std::fmt::{self, Write as _};\npub use std::mem;\n\n\
         pub fn f(map: HashMap<u8, u8>) {\n    let _: (Reverse<u8>, BTreeMap<u8, u8>, fmt::Error);\n}\n",
    );
    assert!(
        text.starts_with(
            "use std::collections::HashMap;\nuse std::fmt::Write as _;\npub use std::mem;\n\n"
        ),
        "{text}"
    );
    let untouched = "use std::{\n    // why\n    collections::HashMap,\n    fmt,\n};\n\npub type M = (HashMap<u8, u8>, fmt::Error);\n";
    assert_eq!(stubbed(untouched), untouched);
}

#[test]
fn hints_and_notes_are_left_out_and_asked_for() {
    let text = stubbed(
        "//! # A\n//!\n//! Do it.\n//!\n//! ## Hint 1\n//!\n//! Secret.\n//!\n//! ## Notes\n//!\n//! Later.\n\npub fn f() {}\n",
    );
    assert!(
        text.starts_with("//! # A\n//!\n//! Do it.\n//!\n//! Help: `cargo course hint 01.3`."),
        "{text}"
    );
    assert!(
        !text.contains("Secret") && !text.contains("Later"),
        "{text}"
    );
}

#[test]
fn a_stub_of_a_stub_is_the_same_stub() {
    let text = stubbed(
        "use std::fmt::Debug;\n\n/// Shows.\npub fn f<T: Debug>(t: T) -> String {\n    help(t)\n}\n\nfn help<T: Debug>(t: T) -> String {\n    format!(\"{t:?}\")\n}\n",
    );
    assert_eq!(stubbed(&text), text);
}

#[test]
fn the_answer_is_what_is_not_given() {
    let solution = "use a::b;\n\npub struct Kept;\n\n/// Adds.\npub fn f() -> u32 {\n    //+ let x = 1;\n    help()\n}\n\nfn help() -> u32 {\n    1\n}\n\n// given\npub fn g() {}\n";
    let text = answer(Path::new("ex.rs"), solution, solution).unwrap();
    assert_eq!(
        text,
        "/// Adds.\npub fn f() -> u32 {\n    help()\n}\n\nfn help() -> u32 {\n    1\n}"
    );
}
