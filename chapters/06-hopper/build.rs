//! Compiles the C++ glue in `csrc/` against libtorch's headers, as chapter 00's build script does; every file there is taken.

use std::path::{Path, PathBuf};

// ANCHOR: build
fn main() {
    println!("cargo:rerun-if-changed=csrc");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");

    let include = headers();
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_string());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .pic(true)
        .warnings(false) // libtorch's own headers are not free of them
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .files(sources())
        .compile("nanocrab_hopper");
}

fn sources() -> Vec<PathBuf> {
    let mut sources: Vec<PathBuf> = std::fs::read_dir("csrc")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cpp"))
        .collect();
    sources.sort(); // a folder has no order of its own
    sources
}
// ANCHOR_END: build

// ANCHOR: headers
/// libtorch's `include` folder: below `$LIBTORCH`, or beside the library folder that torch-sys found.
fn headers() -> PathBuf {
    let named = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let found = std::env::var_os("DEP_TCH_LIBTORCH_LIB")
        .and_then(|lib| PathBuf::from(lib).parent().map(Path::to_path_buf));
    let candidates: Vec<PathBuf> = named
        .into_iter()
        .chain(found)
        .map(|folder| folder.join("include"))
        .collect();
    let whole = |include: &&PathBuf| include.join("ATen/ATen.h").is_file();
    candidates.iter().find(whole).cloned().unwrap_or_else(|| {
        println!(
            "cargo::error=no libtorch headers ({candidates:?}): run `cargo course setup`, or let LIBTORCH name a folder with \
             libtorch 2.11.0's include/ and lib/"
        );
        std::process::exit(1);
    })
}
// ANCHOR_END: headers
