//! What `cargo course setup` does when all goes well, and what it keeps when it is run again.

mod scene;

use course::libtorch::Stamp;
use course::platform::{Flavour, Pins};
use course::setup::Outcome;
use scene::{SUFFIX, Scene};
use std::fs;

#[test]
fn a_fresh_clone_gets_the_cpu_flavour_and_a_stamp() {
    let scene = Scene::new();
    let outcome = scene.setup().unwrap();
    assert!(matches!(outcome, Outcome::Installed(_)), "{outcome:?}");
    assert_eq!(outcome.found().flavour, Flavour::Cpu);
    let folder = scene.project.libtorch();
    for present in [
        format!("lib/libtorch_cpu.{SUFFIX}"),
        "lib/libcudart.so.13".into(),
        "include/ATen/ATen.h".into(),
        "version.py".into(),
    ] {
        assert!(folder.join(&present).is_file(), "{present}");
    }
    for absent in [
        format!("lib/libtorch_cuda.{SUFFIX}"),
        "lib/libtorch_python.so".into(),
        "lib/libnccl.so.2".into(),
        "cuda".into(),
        "__init__.py".into(),
    ] {
        assert!(!folder.join(&absent).exists(), "{absent}");
    }
    let stamp = Stamp::read(&folder).unwrap();
    assert_eq!(
        (stamp.libtorch.as_str(), stamp.flavour),
        ("2.11.0", Flavour::Cpu)
    );
    let torch = &scene.pins.platforms["linux-x86_64"].wheels[0];
    assert_eq!(stamp.wheels[&torch.file], torch.sha256);
    scene.assert_nothing_half_made();
}

#[test]
fn a_second_run_changes_nothing_and_downloads_nothing() {
    let scene = Scene::new();
    scene.setup().unwrap();
    let (stamp, downloads) = (Stamp::read(&scene.project.libtorch()), scene.downloads());
    assert_eq!(downloads, 2);
    scene.remove_program("python3");
    assert!(matches!(scene.setup().unwrap(), Outcome::Ready(_)));
    assert_eq!(Stamp::read(&scene.project.libtorch()), stamp);
    assert_eq!(scene.downloads(), downloads);
}

#[test]
fn the_compiler_of_cuda_kernels_comes_with_the_cpu_flavour_and_is_added_to_an_older_one() {
    let mut scene = Scene::new();
    scene.setup().unwrap(); // before the list had it
    let folder = scene.project.libtorch();
    assert!(course::compiler::missing(&folder).is_some());
    let downloads = scene.downloads();

    scene.add_compiler();
    assert!(matches!(scene.setup().unwrap(), Outcome::Ready(_)));
    assert_eq!(course::compiler::missing(&folder), None);
    assert_eq!(scene.downloads(), downloads + 1, "only what is new");
    assert!(!folder.join("lib/libnvrtc.alt.so.13").exists());
    let stamp = Stamp::read(&folder).unwrap();
    assert!(stamp.libraries.contains_key("libnvrtc.so.13"));
    assert_eq!((stamp.flavour, stamp.wheels.len()), (Flavour::Cpu, 3));
    assert_eq!(stamp.damage(&folder), None);
    scene.assert_nothing_half_made();

    scene.remove_program("python3");
    assert!(matches!(scene.setup().unwrap(), Outcome::Ready(_)));
    assert_eq!(Stamp::read(&folder).unwrap(), stamp);

    let mut fresh = Scene::new();
    fresh.add_compiler();
    assert!(matches!(fresh.setup().unwrap(), Outcome::Installed(_)));
    assert_eq!(course::compiler::missing(&fresh.project.libtorch()), None);
}

#[test]
fn libtorch_stands_where_the_compiler_of_cuda_kernels_cannot_be_had() {
    let mut scene = Scene::new();
    scene.add_compiler();
    let nvrtc = scene.pins.platforms["linux-x86_64"].compiler()[0]
        .file
        .clone();
    fs::remove_file(scene.index().join(nvrtc)).unwrap();
    assert!(matches!(scene.setup().unwrap(), Outcome::Installed(_)));
    let folder = scene.project.libtorch();
    assert!(course::compiler::missing(&folder).is_some());
    assert_eq!(Stamp::read(&folder).unwrap().damage(&folder), None);
    scene.assert_nothing_half_made();
}

#[test]
fn a_libtorch_of_ones_own_is_not_added_to() {
    let mut scene = Scene::new();
    scene.add_compiler();
    scene.hand_made(&scene.project.libtorch(), "2.11.0");
    assert!(matches!(scene.setup().unwrap(), Outcome::Adopted(_)));
    assert_eq!(scene.downloads(), 0);
}

#[test]
fn wheels_in_the_cache_are_used_without_pip() {
    let scene = Scene::new();
    scene.setup().unwrap();
    fs::remove_dir_all(scene.project.libtorch()).unwrap();
    scene.remove_program("python3");
    assert!(matches!(scene.setup().unwrap(), Outcome::Installed(_)));
}

#[test]
fn a_truncated_and_a_changed_wheel_in_the_cache_are_fetched_anew() {
    let scene = Scene::new();
    scene.setup().unwrap();
    fs::remove_dir_all(scene.project.libtorch()).unwrap();
    let wheels = scene.surroundings.cache.join("wheels");
    let torch = wheels.join(&scene.pins.platforms["linux-x86_64"].wheels[0].file);
    let runtime = wheels.join(&scene.pins.platforms["linux-x86_64"].wheels[1].file);
    let whole = fs::read(&torch).unwrap();
    fs::write(&torch, &whole[..whole.len() / 2]).unwrap();
    let mut changed = fs::read(&runtime).unwrap();
    changed[10] ^= 1;
    fs::write(&runtime, changed).unwrap();
    scene.setup().unwrap();
    assert_eq!(scene.downloads(), 4);
    assert_eq!(fs::read(&torch).unwrap(), whole);
}

#[test]
fn a_run_that_failed_halfway_goes_on_with_the_wheels_that_it_has() {
    let scene = Scene::new();
    scene.python("case $name in torch) /bin/cp {index}/torch-*.whl \"$into\" ;; *) echo 'ERROR: ReadTimeout' >&2; exit 1 ;; esac");
    scene.failure();
    assert!(!scene.project.libtorch().exists());
    scene.python("for file in {index}/$name-*.whl; do /bin/cp \"$file\" \"$into\"; done");
    scene.setup().unwrap();
    // torch and the failed runtime first; the runtime alone afterwards.
    assert_eq!(scene.downloads(), 3);
}

#[test]
fn a_gpu_or_the_flag_bring_the_cuda_flavour() {
    for by_flag in [false, true] {
        let mut scene = Scene::new();
        if !by_flag {
            scene.surroundings.gpu = Some("GPU 0: NVIDIA H100".into());
        }
        let outcome = scene.setup_as(by_flag.then_some(Flavour::Cuda)).unwrap();
        assert_eq!(outcome.found().flavour, Flavour::Cuda);
        let folder = scene.project.libtorch();
        for present in [
            format!("lib/libtorch_cuda.{SUFFIX}"),
            "lib/libnccl.so.2".into(),
            "cuda/include/nccl.h".into(),
        ] {
            assert!(folder.join(&present).is_file(), "{present}");
        }
        assert!(!folder.join("lib/libcudart_static.a").exists());
    }
}

#[test]
fn the_flavour_changes_only_when_it_is_named() {
    let mut scene = Scene::new();
    scene.setup().unwrap();
    scene.surroundings.gpu = Some("GPU 0: NVIDIA H100".into());
    let kept = scene.setup().unwrap();
    assert_eq!(kept, Outcome::Ready(kept.found().clone()));
    assert_eq!(kept.found().flavour, Flavour::Cpu);
    assert_eq!(
        scene.setup_as(Some(Flavour::Cuda)).unwrap().found().flavour,
        Flavour::Cuda
    );
    assert_eq!(
        scene.setup_as(Some(Flavour::Cpu)).unwrap().found().flavour,
        Flavour::Cpu
    );
    assert!(!scene.project.libtorch().join("cuda").exists());
    scene.assert_nothing_half_made();
}

#[test]
fn a_hand_made_folder_is_taken_over() {
    let scene = Scene::new();
    scene.hand_made(&scene.project.libtorch(), "2.11.0+cpu\n");
    assert!(matches!(scene.setup().unwrap(), Outcome::Adopted(_)));
    assert!(
        Stamp::read(&scene.project.libtorch())
            .unwrap()
            .wheels
            .is_empty()
    );
    assert!(matches!(scene.setup().unwrap(), Outcome::Ready(_)));
    assert_eq!(scene.downloads(), 0);
}

#[test]
fn a_damaged_installation_is_laid_anew() {
    let scene = Scene::new();
    scene.setup().unwrap();
    let library = scene.project.libtorch().join("lib/libcudart.so.13");
    fs::write(&library, "").unwrap();
    assert!(matches!(scene.setup().unwrap(), Outcome::Installed(_)));
    assert_eq!(fs::read_to_string(&library).unwrap(), "cudart");
    fs::remove_file(
        scene
            .project
            .libtorch()
            .join(format!("lib/libtorch_cpu.{SUFFIX}")),
    )
    .unwrap();
    assert!(matches!(scene.setup().unwrap(), Outcome::Installed(_)));
}

#[test]
fn the_users_own_libtorch_becomes_a_link() {
    let mut scene = Scene::new();
    let own = scene.folder.path().join("own");
    scene.hand_made(&own, "2.11.0");
    // It also takes the place of an installation that setup made.
    scene.setup().unwrap();
    scene.surroundings.own_libtorch = Some(own.clone());
    assert!(matches!(scene.setup().unwrap(), Outcome::Linked(_)));
    assert_eq!(
        scene.project.libtorch().read_link().unwrap(),
        own.canonicalize().unwrap()
    );
    assert!(own.join(format!("lib/libc10.{SUFFIX}")).exists());
    assert!(
        !own.join("nanocrab-stamp.json").exists(),
        "nothing may be written into the user's folder"
    );

    // Without LIBTORCH the link stays while it leads somewhere good, and is replaced when it does not.
    scene.surroundings.own_libtorch = None;
    assert!(matches!(scene.setup().unwrap(), Outcome::Ready(_)));
    fs::remove_dir_all(&own).unwrap();
    assert!(matches!(scene.setup().unwrap(), Outcome::Installed(_)));
    assert!(!scene.project.libtorch().is_symlink());
    scene.assert_nothing_half_made();
}

#[test]
fn the_version_is_found_in_a_header_too() {
    let scene = Scene::new();
    let folder = scene.project.libtorch();
    scene.hand_made(&folder, "");
    fs::remove_file(folder.join("build-version")).unwrap();
    let header = folder.join("include/torch/headeronly/version.h");
    fs::create_dir_all(header.parent().unwrap()).unwrap();
    fs::write(header, "#define TORCH_VERSION_MAJOR 2\n#define TORCH_VERSION_MINOR 11\n#define TORCH_VERSION_PATCH 0\n").unwrap();
    assert!(matches!(scene.setup().unwrap(), Outcome::Adopted(_)));
}

#[test]
fn every_supported_platform_has_its_wheels_pinned() {
    let pins = Pins::shipped();
    assert_eq!(pins.libtorch, "2.11.0");
    for platform in ["linux-x86_64", "linux-aarch64", "macos-aarch64"] {
        let wheels = pins.wheels(platform).unwrap();
        assert_eq!(wheels.wheels[0].requirement, "torch==2.11.0");
        assert!(wheels.wheels[0].is_for_one_python());
        for wheel in &wheels.wheels {
            assert!(
                wheel.sha256.len() == 64 && wheel.bytes > 100_000,
                "{wheel:?}"
            );
            let architecture = if platform.ends_with("x86_64") {
                "x86_64"
            } else if platform.starts_with("linux") {
                "aarch64"
            } else {
                "arm64"
            };
            assert!(
                wheel
                    .platform_tags()
                    .iter()
                    .all(|tag| tag.ends_with(architecture)),
                "{wheel:?}"
            );
        }
        // Only NVIDIA's own systems have its libraries.
        assert_eq!(
            wheels.unpacked_cuda.is_some(),
            platform.starts_with("linux")
        );
        assert_eq!(
            wheels.of(Flavour::Cpu).len(),
            if platform.starts_with("linux") { 3 } else { 1 }
        );
        // Library and headers.
        let compiler = wheels.compiler().len();
        assert_eq!(compiler, if platform.starts_with("linux") { 2 } else { 0 });
    }
}
