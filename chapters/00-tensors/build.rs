//! Compiles the C++ glue in `csrc/` against libtorch's headers.
//!
//! Nothing is linked here but the glue itself: torch-sys, on which this crate depends, already names libtorch, and the
//! linker puts a crate's own archive before those of its dependencies, so the glue's references are resolved there.

use std::path::PathBuf;

// ANCHOR: build
const SOURCES: [&str; 2] = ["csrc/differentiable.cpp", "csrc/libtorch.cpp"];

fn main() {
    for source in SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_CXX11_ABI");

    let include = headers();
    // Which of the two layouts of `std::string` libtorch was compiled with: all wheels since 2.6 use the new one. Glue of
    // the other layout would link and then fail on the first error message.
    let abi = std::env::var("LIBTORCH_CXX11_ABI").unwrap_or_else(|_| "1".to_string());
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .pic(true)
        .warnings(false) // libtorch's own headers are not free of them
        .define("_GLIBCXX_USE_CXX11_ABI", abi.as_str())
        .include(&include)
        .include(include.join("torch/csrc/api/include"))
        .files(SOURCES)
        .compile("nanocrab_tensors");
}
// ANCHOR_END: build

// ANCHOR: headers
/// libtorch's `include` folder: below `$LIBTORCH`, or beside the library folder that torch-sys found.
fn headers() -> PathBuf {
    let named = std::env::var_os("LIBTORCH").map(PathBuf::from);
    let found = std::env::var_os("DEP_TCH_LIBTORCH_LIB")
        .and_then(|lib| PathBuf::from(lib).parent().map(PathBuf::from));
    let candidates: Vec<PathBuf> = named
        .into_iter()
        .chain(found)
        .map(|folder| folder.join("include"))
        .collect();
    match candidates
        .iter()
        .find(|include| include.join("torch/csrc/autograd/function.h").is_file())
    {
        Some(include) => include.clone(),
        None => {
            let places: Vec<String> = candidates
                .iter()
                .map(|place| place.display().to_string())
                .collect();
            println!(
                "cargo::error=no libtorch headers in {}: run `cargo course setup`, or let LIBTORCH name a folder \
                 with libtorch 2.11.0's include/ and lib/",
                if places.is_empty() {
                    "(LIBTORCH is not set)".to_string()
                } else {
                    places.join(" or ")
                }
            );
            std::process::exit(1);
        }
    }
}
// ANCHOR_END: headers
