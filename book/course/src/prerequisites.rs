//! The three things that have to be on the machine already: Rust (or this program would not run), a C++17 compiler,
//! and Python 3 with pip, which is used as a downloader and as nothing else.

use crate::Error;
use crate::surroundings::Surroundings;
use std::io::Write;
use std::process::Stdio;

// ANCHOR: compiler
/// Compiles a few lines of C++17 and says which compiler did.
///
/// # Errors
/// [`Error::NoCompiler`] or [`Error::OldCompiler`], each with the line that installs one on this system.
pub fn compiler(surroundings: &Surroundings) -> Result<String, Error> {
    // `if constexpr`, `std::optional` and a nested namespace: three things that C++14 lacks.
    const PROGRAM: &str = "#include <optional>\nnamespace a::b { template <class T> int f() { if constexpr (sizeof(T) == 4) return 1; \
                           else return 2; } }\nint main() { std::optional<int> x = a::b::f<int>(); return *x - 1; }\n";
    let tried = surroundings.cxx.to_string_lossy().into_owned();
    let remedy = surroundings.packages.compiler();
    let missing = || Error::NoCompiler {
        tried: tried.clone(),
        remedy: remedy.clone(),
    };

    // CXX may hold arguments and a launcher: `ccache g++`.
    let mut words = tried.split_whitespace();
    let mut command = surroundings.command(words.next().unwrap_or("c++"));
    command.args(words);
    let mut child = command
        .args(["-std=c++17", "-fsyntax-only", "-x", "c++", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|_| missing())?;
    // A compiler that ends early closes the pipe; what it said is what counts then.
    let _ = child
        .stdin
        .take()
        .expect("stdin is piped")
        .write_all(PROGRAM.as_bytes());
    let output = child.wait_with_output().map_err(|_| missing())?;
    if !output.status.success() {
        let said = first_line(&output.stderr);
        // macOS ships a `c++` that only asks for the developer tools; version managers ship some that only complain.
        return Err(if said.contains("error:") && !said.contains("xcrun") {
            Error::OldCompiler {
                tried,
                said,
                remedy,
            }
        } else {
            missing()
        });
    }
    let version = surroundings
        .command(tried.split_whitespace().next().unwrap_or("c++"))
        .arg("--version")
        .output();
    Ok(version
        .map(|output| first_line(&output.stdout))
        .unwrap_or(tried))
}
// ANCHOR_END: compiler

// ANCHOR: pip
/// pip's version and the Python that it runs on.
///
/// # Errors
/// [`Error::NoPython`], [`Error::NoPip`], [`Error::OldPip`].
pub fn pip(surroundings: &Surroundings) -> Result<String, Error> {
    let python = surroundings.command("python3").arg("--version").output();
    let python = python.ok().filter(|output| output.status.success());
    let Some(python) = python else {
        return Err(Error::NoPython {
            remedy: surroundings.packages.python(),
        });
    };
    let pip = surroundings
        .command("python3")
        .args(["-m", "pip", "--version"])
        .output();
    let Some(pip) = pip.ok().filter(|output| output.status.success()) else {
        return Err(Error::NoPip {
            remedy: surroundings.packages.pip(),
        });
    };
    // "pip 23.2.1 from /usr/lib/… (python 3.11)"
    let version = first_line(&pip.stdout)
        .split_whitespace()
        .nth(1)
        .unwrap_or("?")
        .to_string();
    // 20.3 is the first that knows tags such as manylinux_2_28.
    if !at_least(&version, &[20, 3]) {
        return Err(Error::OldPip { found: version });
    }
    Ok(format!("{}, pip {version}", first_line(&python.stdout)))
}
// ANCHOR_END: pip

// ANCHOR: versions
/// Whether a dotted version is at least `wanted`; parts that are missing or no numbers count as 0.
pub fn at_least(version: &str, wanted: &[u32]) -> bool {
    let digits = |part: &str| {
        part.chars()
            .take_while(char::is_ascii_digit)
            .collect::<String>()
    };
    let mut found: Vec<u32> = version
        .split('.')
        .map(|part| digits(part).parse().unwrap_or(0))
        .collect();
    found.resize(found.len().max(wanted.len()), 0);
    found.as_slice() >= wanted
}

/// The first line that says something.
pub fn first_line(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default()
        .to_string()
}
// ANCHOR_END: versions

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_number_not_by_letter() {
        assert!(at_least("23.2.1", &[20, 3]));
        assert!(at_least("20.3", &[20, 3]));
        assert!(at_least("100.0", &[20, 3]));
        assert!(!at_least("9.0.1", &[20, 3]));
        assert!(!at_least("20.2.4", &[20, 3]));
        assert!(!at_least("20", &[20, 3]));
        assert!(at_least("1.95.0-nightly", &[1, 90]));
    }
}
