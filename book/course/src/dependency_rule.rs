//! The dependency rule: chapter N depends only on chapters below N, dependencies of its tests included. And a part
//! of the workspace builds without libtorch, so that its readers need not wait for it.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;

// ANCHOR: packages
/// Packages that must build where libtorch is not.
const WITHOUT_LIBTORCH: [&str; 9] = [
    "tokenizer",
    "dataset",
    "course",
    "weave",
    "judge",
    "solutions-01",
    "exercises-01",
    "solutions-02",
    "exercises-02",
];

/// One package of the workspace, as the rule sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Package {
    pub name: String,
    /// 3 for `chapters/03-transformer`; `None` outside `chapters/`.
    pub chapter: Option<u32>,
    /// Names of everything that it depends on: normally, for its tests, and for its build script.
    pub dependencies: Vec<String>,
}

/// Reads the answer of `cargo metadata --no-deps --format-version 1`.
pub fn packages(metadata: &Value) -> Vec<Package> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    list(&metadata["packages"])
        .iter()
        .map(|package| Package {
            name: text(&package["name"]),
            chapter: chapter(Path::new(&text(&package["manifest_path"]))),
            dependencies: list(&package["dependencies"])
                .iter()
                .map(|dependency| text(&dependency["name"]))
                .collect(),
        })
        .collect()
}

/// The number in `…/chapters/03-transformer/Cargo.toml`.
fn chapter(manifest: &Path) -> Option<u32> {
    let folder = manifest.parent()?;
    let inside = folder.parent()?.file_name()? == "chapters";
    let number = folder
        .file_name()?
        .to_str()?
        .split('-')
        .next()?
        .parse()
        .ok()?;
    inside.then_some(number)
}
// ANCHOR_END: packages

// ANCHOR: violations
/// Every breach of the rule, one line each.
pub fn violations(packages: &[Package]) -> Vec<String> {
    let find = |name: &str| packages.iter().find(|package| package.name == name);
    let mut complaints = Vec::new();
    for package in packages {
        for dependency in package.dependencies.iter().filter_map(|name| find(name)) {
            match (package.chapter, dependency.chapter) {
                (Some(own), Some(other)) if other >= own => complaints.push(format!(
                    "{} (chapter {own:02}) depends on {} (chapter {other:02}): ask for what it needs through a trait defined in {own:02} or below",
                    package.name, dependency.name
                )),
                (Some(own), None) => {
                    complaints.push(format!("{} (chapter {own:02}) depends on {}, which is no chapter", package.name, dependency.name))
                }
                _ => {}
            }
        }
    }
    let on_libtorch = on_libtorch(packages);
    for name in WITHOUT_LIBTORCH
        .iter()
        .filter(|name| on_libtorch.contains(**name))
    {
        complaints.push(format!(
            "{name} has to build without libtorch, and depends on tch or on a crate that does"
        ));
    }
    complaints
}

/// The packages that need libtorch, themselves or through another package of the workspace.
fn on_libtorch(packages: &[Package]) -> BTreeSet<&str> {
    let mut needing: BTreeSet<&str> = ["tch", "torch-sys"].into();
    loop {
        let before = needing.len();
        for package in packages {
            if package
                .dependencies
                .iter()
                .any(|name| needing.contains(name.as_str()))
            {
                needing.insert(&package.name);
            }
        }
        if needing.len() == before {
            return needing;
        }
    }
}
// ANCHOR_END: violations

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn package(name: &str, chapter: Option<u32>, dependencies: &[&str]) -> Package {
        Package {
            name: name.into(),
            chapter,
            dependencies: dependencies.iter().map(|name| name.to_string()).collect(),
        }
    }

    #[test]
    fn metadata_is_read_with_its_chapter_numbers() {
        let metadata = json!({ "packages": [
            { "name": "muon", "manifest_path": "/clone/chapters/04-muon/Cargo.toml",
              "dependencies": [{ "name": "tch", "kind": null }, { "name": "proptest", "kind": "dev" }] },
            { "name": "course", "manifest_path": "/clone/book/course/Cargo.toml", "dependencies": [] },
        ]});
        assert_eq!(
            packages(&metadata),
            [
                package("muon", Some(4), &["tch", "proptest"]),
                package("course", None, &[])
            ]
        );
    }

    #[test]
    fn a_chapter_may_look_down_only() {
        let (low, high) = (
            package("tensors", Some(0), &["tch"]),
            package("muon", Some(4), &["tensors"]),
        );
        assert_eq!(violations(&[low, high]), Vec::<String>::new());
        let (low, high) = (
            package("tensors", Some(0), &["muon"]),
            package("muon", Some(4), &[]),
        );
        let found = violations(&[low, high]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("tensors (chapter 00) depends on muon (chapter 04)"),
            "{found:?}"
        );
    }

    #[test]
    fn libtorch_may_not_come_in_by_a_back_door() {
        let packages = [
            package("tensors", Some(0), &["torch-sys"]),
            package("tokenizer", Some(1), &["serde"]),
            package("dataset", Some(2), &["tensors"]),
        ];
        let found = violations(&packages);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("dataset has to build without libtorch"),
            "{found:?}"
        );
    }
}
