//! Tells the program which compiler made it: numbers depend on it, and the report names it.

use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(compiler).arg("--version").output();
    let said = said.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_string());
    let version = said.unwrap_or_else(|_| "unknown".to_string());
    println!("cargo:rustc-env=NANOCRAB_RUSTC={version}");
}
