//! A stage for setup to play on: a project, a cache, a package index with three tiny wheels, and a `python3` and a
//! `c++` that are shell scripts.

// Each file of tests compiles its own copy and uses a part of it.
#![allow(dead_code)]

use course::cleanup::Cleanup;
use course::platform::{Flavour, Packages, Pins, Wheel, Wheels};
use course::setup::{Outcome, Setup};
use course::surroundings::Surroundings;
use course::wheel::sha256;
use course::{Error, Project};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

pub const SUFFIX: &str = if cfg!(target_os = "macos") {
    "dylib"
} else {
    "so"
};

pub struct Scene {
    pub folder: TempDir,
    pub project: Project,
    pub surroundings: Surroundings,
    pub pins: Pins,
}

impl Scene {
    /// Everything is there and works.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("clone");
        fs::create_dir_all(root.join("book/course")).unwrap();
        fs::write(root.join("book/course/Cargo.toml"), "").unwrap();
        fs::write(root.join("Cargo.toml"), "rust-version = \"1.90\"\n").unwrap();
        let bin = folder.path().join("bin");
        let index = folder.path().join("index");
        fs::create_dir_all(&bin).unwrap();
        fs::create_dir_all(&index).unwrap();

        let torch = wheel(
            &index,
            "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
            Flavour::Cpu,
            &[
                ("torch/version.py", "__version__ = '2.11.0+cu130'\n"),
                ("torch/__init__.py", "python"),
                (&format!("torch/lib/libtorch_cpu.{SUFFIX}"), "cpu library"),
                (&format!("torch/lib/libc10.{SUFFIX}"), "c10"),
                (&format!("torch/lib/libtorch_cuda.{SUFFIX}"), "cuda library"),
                ("torch/lib/libtorch_python.so", "python"),
                ("torch/include/ATen/ATen.h", "#pragma once"),
                (
                    "torch/include/torch/csrc/api/include/torch/torch.h",
                    "#pragma once",
                ),
            ],
        );
        let runtime = wheel(
            &index,
            "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
            Flavour::Cpu,
            &[
                ("nvidia/cu13/lib/libcudart.so.13", "cudart"),
                ("nvidia/cu13/lib/libcudart_static.a", "static"),
            ],
        );
        let nccl = wheel(
            &index,
            "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
            Flavour::Cuda,
            &[
                ("nvidia/nccl/lib/libnccl.so.2", "nccl"),
                ("nvidia/nccl/include/nccl.h", "#pragma once"),
            ],
        );
        let wheels = Wheels {
            wheels: vec![torch, runtime, nccl],
            unpacked_cpu: 1_000,
            unpacked_cuda: Some(2_000),
            unpacked_compiler: 0,
        };
        let pins = Pins {
            libtorch: "2.11.0".into(),
            platforms: [("linux-x86_64".to_string(), wheels)].into(),
        };

        let surroundings = Surroundings {
            platform: "linux-x86_64".into(),
            packages: Packages::Apt,
            path: bin.clone().into(),
            cxx: "c++".into(),
            cache: folder.path().join("cache"),
            own_libtorch: None,
            gpu: None,
            free_bytes: |_| Ok(1_000_000_000_000),
        };
        let scene = Scene {
            project: Project { root },
            folder,
            surroundings,
            pins,
        };
        scene.program("c++", "/bin/cat > /dev/null; echo 'c++ 12'");
        scene.python("for file in {index}/$name-*.whl; do /bin/cp \"$file\" \"$into\"; done");
        scene
    }

    pub fn index(&self) -> PathBuf {
        self.folder.path().join("index")
    }

    /// Puts a shell script on the path of the scene. Another process writes the file: a thread of this one may be
    /// starting a program at this moment, would hand it the open file, and the system refuses to run a file that
    /// somebody has open for writing.
    pub fn program(&self, name: &str, script: &str) {
        let path = self.folder.path().join("bin").join(name);
        let write = "rm -f \"$1\"; printf '#!/bin/sh\\n%s\\n' \"$2\" > \"$1\" && chmod 755 \"$1\"";
        let status = Command::new("/bin/sh")
            .args(["-c", write, "sh"])
            .arg(&path)
            .arg(script)
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub fn remove_program(&self, name: &str) {
        fs::remove_file(self.folder.path().join("bin").join(name)).unwrap();
    }

    /// A python3 whose pip is new enough and downloads by `script`, which finds the wheel's name in `$name` and the
    /// target folder in `$into`. Every download is noted in `calls`. A program (`-c`) is run by this machine's own.
    pub fn python(&self, script: &str) {
        let script = script.replace("{index}", &self.index().display().to_string());
        let calls = self.folder.path().join("calls");
        self.program(
            "python3",
            &format!(
                r#"case "$*" in
  "--version") echo "Python 3.11.7"; exit 0 ;;
  "-m pip --version") echo "pip 23.2.1 from /somewhere (python 3.11)"; exit 0 ;;
  "-c "*) no_proxy=127.0.0.1 exec "{}" "$@" ;;
esac
echo "$*" >> {}
while [ $# -gt 1 ]; do [ "$1" = "-d" ] && into="$2"; shift; done
name=$(echo "${{1%%==*}}" | /usr/bin/tr - _)
{script}"#,
                real_python().display(),
                calls.display()
            ),
        );
    }

    /// How often pip was asked for a download.
    pub fn downloads(&self) -> usize {
        fs::read_to_string(self.folder.path().join("calls")).map_or(0, |text| text.lines().count())
    }

    pub fn setup(&self) -> Result<Outcome, Error> {
        self.setup_as(None)
    }

    pub fn setup_as(&self, flavour: Option<Flavour>) -> Result<Outcome, Error> {
        let cleanup = Cleanup::default();
        Setup {
            project: &self.project,
            surroundings: &self.surroundings,
            pins: &self.pins,
            flavour,
            cleanup: &cleanup,
        }
        .run()
    }

    /// Puts the compiler of CUDA kernels into the index and pins it.
    pub fn add_compiler(&mut self) {
        let index = self.index();
        let mut nvrtc = wheel(
            &index,
            "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
            Flavour::Cuda,
            &[
                ("nvidia/cu13/lib/libnvrtc.so.13", "compiler"),
                ("nvidia/cu13/lib/libnvrtc.alt.so.13", "another"),
                ("nvidia/cu13/lib/libnvrtc-builtins.so.13.0", "builtins"),
                ("nvidia/cu13/include/cuda_bf16.h", "#pragma once"),
            ],
        );
        nvrtc.compiler = true;
        let platform = self.pins.platforms.get_mut("linux-x86_64").unwrap();
        platform.wheels.push(nvrtc);
        platform.unpacked_compiler = 100;
    }

    /// A failed setup, as text; checks that it is one line and that nothing half-made is left.
    pub fn failure(&self) -> String {
        let text = self.setup().expect_err("setup has to fail").to_string();
        assert!(!text.contains('\n'), "more than a line: {text}");
        self.assert_nothing_half_made();
        text
    }

    pub fn assert_nothing_half_made(&self) {
        for folder in [
            self.project.root.clone(),
            self.surroundings.cache.join("wheels"),
        ] {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let name = entry.file_name().to_string_lossy().into_owned();
                assert!(
                    !name.contains("part-") && !name.contains("old-"),
                    "{name} was left in {}",
                    folder.display()
                );
            }
        }
    }

    /// Lays a libtorch by hand, as a user would have unpacked it.
    pub fn hand_made(&self, folder: &Path, version: &str) {
        for name in [
            format!("lib/libtorch_cpu.{SUFFIX}"),
            format!("lib/libc10.{SUFFIX}"),
            "include/ATen/ATen.h".into(),
            "include/torch/csrc/api/include/torch/torch.h".into(),
        ] {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "by hand").unwrap();
        }
        fs::write(folder.join("build-version"), version).unwrap();
    }
}

/// Python itself: the `python3` on the path may be the script of a version manager.
fn real_python() -> PathBuf {
    let said = Command::new("python3")
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .expect("the course needs python3");
    PathBuf::from(String::from_utf8_lossy(&said.stdout).trim())
}

/// Writes a wheel into the index and pins it.
fn wheel(index: &Path, file: &str, flavour: Flavour, entries: &[(&str, &str)]) -> Wheel {
    let path = index.join(file);
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    for (name, text) in entries {
        zip.start_file(*name, zip::write::FileOptions::default())
            .unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap();
    pin(&path, flavour)
}

/// The pin of a file as it is now.
pub fn pin(path: &Path, flavour: Flavour) -> Wheel {
    let file = path.file_name().unwrap().to_string_lossy().into_owned();
    let mut parts = file.split('-');
    let requirement = format!(
        "{}=={}",
        parts.next().unwrap().replace('_', "-"),
        parts.next().unwrap()
    );
    Wheel {
        requirement,
        bytes: fs::metadata(path).unwrap().len(),
        sha256: sha256(path).unwrap(),
        flavour,
        compiler: false,
        file,
    }
}
