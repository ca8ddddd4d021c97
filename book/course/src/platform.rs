//! Which machine this is, what its packages are called, and which wheels carry libtorch for it.
//!
//! A *wheel* is a zip file that pip downloads. A *flavour* of libtorch is `cpu` or `cuda`; the CUDA flavour is the
//! CPU flavour and more. The list of wheels, with the size and the SHA-256 of each, is pinned in
//! `libtorch-wheels.json`: what is downloaded is what was tried.

use crate::Error;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

// ANCHOR: flavour
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavour {
    Cpu,
    Cuda,
}

impl fmt::Display for Flavour {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Flavour::Cpu => "CPU",
            Flavour::Cuda => "CUDA",
        })
    }
}
// ANCHOR_END: flavour

// ANCHOR: wheels
/// One wheel of the pinned list.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Wheel {
    /// What pip is asked for: `torch==2.11.0`.
    pub requirement: String,
    /// The name under which the index has it and the cache keeps it.
    pub file: String,
    pub bytes: u64,
    pub sha256: String,
    /// `cpu`: both flavours need it. `cuda`: only the CUDA flavour does.
    pub flavour: Flavour,
    /// Whether the compiler of CUDA kernels is made of it, which either flavour gets.
    #[serde(default)]
    pub compiler: bool,
}

impl Wheel {
    /// The platform tags of the file name, which end it: `…-manylinux2014_x86_64.manylinux_2_17_x86_64.whl`.
    /// pip compares tags as text, so it has to be told these and no others.
    pub fn platform_tags(&self) -> Vec<&str> {
        let stem = self.file.strip_suffix(".whl").unwrap_or(&self.file);
        stem.rsplit('-')
            .next()
            .unwrap_or_default()
            .split('.')
            .collect()
    }

    /// Whether the wheel is for one version of Python (`cp312`). libtorch inside does not depend on it.
    pub fn is_for_one_python(&self) -> bool {
        self.file.contains("-cp312-")
    }
}

/// What one platform downloads, and how much room it takes once unpacked.
#[derive(Debug, Clone, Deserialize)]
pub struct Wheels {
    pub wheels: Vec<Wheel>,
    pub unpacked_cpu: u64,
    /// Absent where NVIDIA has no libraries for the platform.
    pub unpacked_cuda: Option<u64>,
    /// What the compiler of CUDA kernels adds to the CPU flavour; 0 where there is none.
    #[serde(default)]
    pub unpacked_compiler: u64,
}

impl Wheels {
    /// The wheels of a flavour, torch's own first.
    pub fn of(&self, flavour: Flavour) -> Vec<&Wheel> {
        self.wheels
            .iter()
            .filter(|wheel| wheel.flavour == Flavour::Cpu || flavour == Flavour::Cuda)
            .collect()
    }

    /// The wheels that hold the compiler of CUDA kernels.
    pub fn compiler(&self) -> Vec<&Wheel> {
        self.wheels.iter().filter(|wheel| wheel.compiler).collect()
    }

    /// Bytes that a flavour takes in `.libtorch`.
    pub fn unpacked(&self, flavour: Flavour) -> u64 {
        match flavour {
            Flavour::Cpu => self.unpacked_cpu,
            Flavour::Cuda => self.unpacked_cuda.unwrap_or(self.unpacked_cpu),
        }
    }
}

/// The pinned list: one libtorch, all platforms.
#[derive(Debug, Clone, Deserialize)]
pub struct Pins {
    /// The version that tch 0.24 is the partner of.
    pub libtorch: String,
    pub platforms: BTreeMap<String, Wheels>,
}

impl Pins {
    /// The list that ships with the course.
    pub fn shipped() -> Self {
        serde_json::from_str(include_str!("../libtorch-wheels.json"))
            .expect("the shipped list of wheels is valid")
    }

    /// The wheels for a platform such as `linux-x86_64`.
    ///
    /// # Errors
    /// [`Error::Platform`] where no wheel exists, which is the case of Macs with an Intel processor.
    pub fn wheels(&self, platform: &str) -> Result<&Wheels, Error> {
        self.platforms.get(platform).ok_or_else(|| Error::Platform {
            found: in_words(platform),
        })
    }
}
// ANCHOR_END: wheels

/// `linux-x86_64`, `macos-aarch64`, …: the key into the pinned list.
pub fn this_platform() -> String {
    format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH)
}

fn in_words(platform: &str) -> String {
    match platform {
        "macos-x86_64" => "Macs with an Intel processor".to_string(),
        other => other.to_string(),
    }
}

// ANCHOR: packages
/// Whose package names a remedy should speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packages {
    Apt,
    Dnf,
    Mac,
    Unknown,
}

impl Packages {
    /// Reads the contents of `/etc/os-release`: the fields ID and ID_LIKE.
    pub fn from_os_release(text: &str) -> Self {
        let words = text
            .lines()
            .filter_map(|line| line.strip_prefix("ID=").or(line.strip_prefix("ID_LIKE=")));
        let words: Vec<&str> = words
            .flat_map(|value| value.trim_matches('"').split_whitespace())
            .collect();
        if words.iter().any(|word| ["debian", "ubuntu"].contains(word)) {
            Packages::Apt
        } else if words
            .iter()
            .any(|word| ["fedora", "rhel", "centos"].contains(word))
        {
            Packages::Dnf
        } else {
            Packages::Unknown
        }
    }

    pub fn of_this_machine() -> Self {
        if cfg!(target_os = "macos") {
            return Packages::Mac;
        }
        Self::from_os_release(&std::fs::read_to_string("/etc/os-release").unwrap_or_default())
    }

    /// The command that installs something, given its package's name under apt and dnf and its command on a Mac.
    fn install(self, apt: &str, dnf: &str, mac: &str) -> String {
        let (apt, dnf) = (
            format!("`sudo apt-get install -y {apt}`"),
            format!("`sudo dnf install -y {dnf}`"),
        );
        match self {
            Packages::Apt => apt,
            Packages::Dnf => dnf,
            Packages::Mac => format!("`{mac}`"),
            Packages::Unknown => {
                format!("{apt} on Debian and Ubuntu, {dnf} on Fedora, or your system's own way")
            }
        }
    }

    pub fn compiler(self) -> String {
        self.install("g++", "gcc-c++", "xcode-select --install")
    }

    pub fn python(self) -> String {
        self.install(
            "python3 python3-pip",
            "python3 python3-pip",
            "xcode-select --install",
        )
    }

    pub fn pip(self) -> String {
        self.install("python3-pip", "python3-pip", "python3 -m ensurepip --user")
    }

    pub fn shellcheck(self) -> String {
        self.install("shellcheck", "ShellCheck", "brew install shellcheck")
    }
}
// ANCHOR_END: packages
