//! NVRTC compiles every kernel, without a GPU.

use std::sync::OnceLock;

use hopper::cuda::Error;
use hopper::cuda::kernel::{Element, SOURCES};
use hopper::cuda::nvrtc::{Architecture, Nvrtc, Output, Unit};

use crate::best_device::skipped;

const ARCHITECTURES: [Architecture; 3] = [Architecture(80), Architecture(90), Architecture(100)];

/// The compiler, if `cargo course setup` could bring it to this machine (there is none for a Mac).
fn compiler() -> Option<Nvrtc> {
    let forbidden = ["NANOCRAB_NO_SKIP", "CI"]
        .into_iter()
        .find(|name| std::env::var_os(name).is_some() && cfg!(target_os = "linux"));
    match (Nvrtc::of_this_machine(), forbidden) {
        (Ok(nvrtc), _) => Some(nvrtc),
        (Err(error), Some(name)) => panic!("{name} is set, so nothing may be skipped: {error}"),
        (Err(error), None) => {
            skipped(&error.to_string());
            None
        }
    }
}

fn units() -> impl Iterator<Item = Unit> {
    SOURCES.iter().flat_map(|source| {
        Element::ALL.into_iter().flat_map(move |element| {
            [1, element.pack()].into_iter().flat_map(move |width| {
                ARCHITECTURES.into_iter().map(move |architecture| Unit {
                    source,
                    element,
                    width,
                    architecture,
                })
            })
        })
    })
}

/// Every unit with its PTX, compiled once for all tests that look at it.
fn ptx() -> &'static [(Unit, String)] {
    static PTX: OnceLock<Vec<(Unit, String)>> = OnceLock::new();
    PTX.get_or_init(|| {
        let Some(nvrtc) = compiler() else {
            return Vec::new();
        };
        units()
            .map(|unit| {
                let ptx = nvrtc.compile(&unit, Output::Ptx).unwrap();
                (unit, String::from_utf8(ptx).unwrap())
            })
            .collect()
    })
}

#[test]
fn every_kernel_becomes_ptx_for_ampere_hopper_and_blackwell() {
    for (unit, ptx) in ptx() {
        let target = format!(".target sm_{}", unit.architecture.0);
        assert!(ptx.contains(&target), "{unit:?}");
        for function in unit.source.functions {
            let entry = format!(".entry {function}(");
            assert!(ptx.contains(&entry), "{function} is missing in {unit:?}");
        }
    }
    let all = SOURCES.len() * Element::ALL.len() * 2 * ARCHITECTURES.len();
    assert!(compiler().is_none() || ptx().len() == all);
}

#[test]
fn every_kernel_becomes_machine_code() {
    let Some(nvrtc) = compiler() else { return };
    for unit in units().filter(|unit| unit.width > 1) {
        let code = nvrtc.compile(&unit, Output::Cubin).unwrap();
        assert!(code.starts_with(b"\x7fELF"), "{unit:?}");
    }
}

#[test]
fn packs_are_read_and_written_in_one_instruction_of_sixteen_bytes() {
    let accesses = |ptx: &str, word: &str| {
        ptx.lines()
            .filter(|line| line.trim_start().starts_with(word))
            .filter(|line| line.contains(".v4.") && line.contains("32"))
            .count()
    };
    for (unit, ptx) in ptx() {
        let (reads, writes) = (accesses(ptx, "ld.global"), accesses(ptx, "st.global"));
        if unit.width == 1 {
            assert_eq!((reads, writes), (0, 0), "{unit:?}");
        } else {
            assert!(reads > 0, "no wide read in {unit:?}");
            let narrower = unit.source.name == "fp8"; // writes bytes
            assert!(writes > 0 || narrower, "no wide write in {unit:?}");
        }
    }
}

#[test]
fn nothing_is_kept_in_local_memory() {
    // An array that the compiler cannot keep in registers goes to memory, and each access to it is one that nobody counted.
    for (unit, ptx) in ptx() {
        assert!(!ptx.contains(".local "), "{unit:?}");
    }
}

#[test]
fn a_mistake_is_reported_with_file_line_architecture_and_log() {
    let Some(nvrtc) = compiler() else { return };
    let unit = Unit {
        source: SOURCES[0],
        element: Element::Float,
        width: 3, // no pack: the words of 16 bytes do not fit
        architecture: Architecture(12),
    };
    let error = nvrtc.compile(&unit, Output::Ptx).unwrap_err();
    assert!(matches!(error, Error::Compilation { .. }));
    let text = error.to_string();
    assert!(
        text.contains("rms_norm.cu") && text.contains("sm_12") && text.contains("13.0"),
        "{text}"
    );
    assert!(text.contains("gpu-architecture"), "{text}");
}

#[test]
fn a_missing_compiler_is_named_with_the_places_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let Err(error) = Nvrtc::find(Some(folder.path()), None) else {
        panic!("found in an empty folder")
    };
    let text = error.to_string();
    assert!(
        text.contains(&folder.path().display().to_string()),
        "{text}"
    );
    assert!(
        text.contains("cargo course setup") && text.contains("CUDA_HOME"),
        "{text}"
    );

    std::fs::write(folder.path().join("libnvrtc.so.13"), "").unwrap();
    let Err(error) = Nvrtc::find(Some(folder.path()), None) else {
        panic!("found in an empty folder")
    };
    assert!(matches!(error, Error::NoHeaders { .. }), "{error}");
}
