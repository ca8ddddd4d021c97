//! The cache of machine code.

use hopper::cuda::cache;
use hopper::cuda::kernel::{Element, MIX, RMS_NORM};
use hopper::cuda::nvrtc::{Architecture, Unit};

const UNIT: Unit = Unit {
    source: &RMS_NORM,
    element: Element::Float,
    width: 4,
    architecture: Architecture(90),
};

#[test]
fn what_was_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernels/a.cubin");
    cache::write(&file, b"machine code").unwrap();
    assert_eq!(cache::read(&file).as_deref(), Some(&b"machine code"[..]));
    let names: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(names.len(), 1, "something is left beside it: {names:?}");
}

#[test]
fn a_damaged_file_counts_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.cubin");
    assert_eq!(cache::read(&file), None);
    cache::write(&file, b"machine code").unwrap();
    let whole = std::fs::read(&file).unwrap();
    for cut in 0..whole.len() {
        std::fs::write(&file, &whole[..cut]).unwrap();
        assert_eq!(cache::read(&file), None, "cut after {cut} bytes");
    }
    let mut turned = whole.clone();
    *turned.last_mut().unwrap() ^= 1;
    std::fs::write(&file, &turned).unwrap();
    assert_eq!(cache::read(&file), None);
}

#[test]
fn a_name_says_all_that_the_code_depends_on() {
    let names = [
        cache::file_name(&UNIT, "13.0"),
        cache::file_name(&UNIT, "13.1"),
        cache::file_name(
            &Unit {
                source: &MIX,
                ..UNIT
            },
            "13.0",
        ),
        cache::file_name(
            &Unit {
                element: Element::BFloat16,
                ..UNIT
            },
            "13.0",
        ),
        cache::file_name(&Unit { width: 1, ..UNIT }, "13.0"),
        cache::file_name(
            &Unit {
                architecture: Architecture(80),
                ..UNIT
            },
            "13.0",
        ),
    ];
    let different: std::collections::HashSet<_> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "{names:?}");
    assert_eq!(names[0], cache::file_name(&UNIT, "13.0"));
    assert!(names[0].starts_with("sm_90-rms_norm-") && names[0].ends_with(".cubin"));
}
