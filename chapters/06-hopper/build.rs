//! Compiles this chapter's C++ glue, every file of `csrc/`, against libtorch's headers, as chapter 00 does with its own.
//!
//! The glue names no symbol of CUDA's: what it calls lives in `libtorch_cpu`, whose dispatcher finds the GPU's kernels once
//! chapter 00 has opened `libtorch_cuda`. So the same archive serves machines with and without a GPU.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=csrc");
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");

    let sources = sources(Path::new("csrc"));
    if sources.is_empty() {
        return;
    }
    let include = headers();
    // The layout of `std::string` that libtorch was compiled with; all wheels since 2.6 use the new one.
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_string());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .pic(true)
        .warnings(false) // libtorch's own headers are not free of them
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .files(sources)
        .compile("nanocrab_hopper");
}

/// The `.cpp` files of a folder, sorted, so that the archive does not depend on the file system's order.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => fail(&format!("{} cannot be read: {error}", folder.display())),
    };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "cpp"))
        .collect();
    found.sort();
    found
}

/// libtorch's `include` folder: below `$LIBTORCH`, or beside the library folder that torch-sys found.
fn headers() -> PathBuf {
    let named = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let found = std::env::var_os("DEP_TCH_LIBTORCH_LIB")
        .and_then(|lib| PathBuf::from(lib).parent().map(PathBuf::from));
    let mut candidates = named
        .into_iter()
        .chain(found)
        .map(|folder| folder.join("include"));
    match candidates.find(|include| include.join("ATen/Context.h").is_file()) {
        Some(include) => include,
        None => fail(
            "no libtorch headers found: run `cargo course setup`, or let LIBTORCH name a folder with libtorch \
             2.11.0's include/ and lib/",
        ),
    }
}

fn fail(message: &str) -> ! {
    println!("cargo:error={message}");
    std::process::exit(1)
}
