//! What the bench says a step consists of is what a step does: the operations it counts, the kinds of number it computes with, the
//! memory of an operation, the surroundings of a rival.

use hopper::bench::beside_torch::{Contestant, OURS_ALONE, race};
use hopper::bench::log::{Direction, What};
use hopper::bench::resources::{device_in_words, peak_of, processor_in_words};
use hopper::bench::step_cost::{bytes, step_parts};
use hopper::bench::train::{Arithmetic, TrainSettings, measure};
use hopper::bench::workload::{Size, Workload};
use hopper::bench::{Fusions, Operation, kernels};
use tch::{Device, Kind, Tensor};
use tensors::{Choice, Machine};
use transformer::{Config, Role, layout};

fn machine(dtype: &str) -> Machine {
    let choice = Choice {
        device: Some("cpu".into()),
        dtype: Some(dtype.into()),
        ..Choice::default()
    };
    tensors::start(&choice).expect("a CPU")
}

fn size(config: Config, accumulation: usize) -> Size {
    Size {
        config,
        rows: 2,
        accumulation,
        clip: None,
    }
}

fn small_2026() -> Config {
    Config {
        layers: 3,
        heads: 2,
        kv_heads: 2,
        width: 32,
        ..Config::d_2026(2, 50, 12, 16).expect("a config")
    }
}

#[test]
fn a_steps_parts_are_the_operations_that_a_fused_step_logs() {
    let seed = Config::d(2, 50, 12).expect("a config");
    for size in [size(small_2026(), 2), size(seed, 1)] {
        let parts = step_parts(&size, Kind::Float);
        let mut workload = Workload::new(size, &machine("fp32"), false).expect("a workload");
        workload.step(Fusions::all()).expect("a step");
        workload.log.switch(true);
        workload.step(Fusions::all()).expect("a step");
        let spans = workload.log.take();
        for operation in Operation::ALL {
            let wanted = What::Operation(operation, Direction::Forward);
            let logged = spans.iter().filter(|span| span.what == wanted).count();
            let counted = parts.iter().filter(|part| part.operation == operation);
            let counted: i64 = counted.map(|part| part.times).sum();
            assert_eq!(counted, logged as i64, "{operation}");
        }
    }
}

#[test]
fn products_attention_and_head_of_the_parts_are_the_models_formula() {
    let size = size(Config::d_2026(4, 320, 512, 64).expect("a config"), 3);
    let flops: f64 = step_parts(&size, Kind::Float)
        .iter()
        .filter(|part| matches!(part.operation, Operation::Linear | Operation::Attention))
        .map(|part| part.cost().flops)
        .sum();
    let head = 6.0 * size.tokens() as f64 * (320 * size.config.width) as f64;
    assert_eq!(flops + head, size.flops());
}

/// The bar's step by hand: 4 layers of C = 256 in fp32, N = 4,096 positions, V = 4,096. The pointwise operations in tensors of the
/// stream's size, 4.19 MB: relu² 5 · 4, rope 5 for queries and 5 for keys, add_norm 8, and a norm of 5 for each layer, the first
/// and the last.
#[test]
fn bytes_of_a_step_are_those_of_its_operations() {
    let config = Config {
        heads: 4,
        kv_heads: 4,
        ..Config::d(4, 4096, 512).expect("a config")
    };
    let size = Size {
        rows: 8,
        ..size(config, 1)
    };
    let parts = step_parts(&size, Kind::Float);
    let of = |operations: &[Operation]| {
        let wanted = parts.iter().filter(|p| operations.contains(&p.operation));
        bytes(&wanted.copied().collect::<Vec<_>>())
    };
    let stream = 4.0 * 4096.0 * 256.0;
    let tables = 2.0 * 4.0 * 2.0 * 2.0 * (512.0 * 32.0 * 4.0); // cos and sin, q and k, both ways, four layers
    let pointwise = stream * (4.0 * (20.0 + 10.0 + 8.0) + 6.0 * 5.0) + tables;
    let counted = of(&[
        Operation::ReluSquared,
        Operation::RopeQkNorm,
        Operation::AddNorm,
        Operation::RmsNorm,
    ]);
    assert_eq!(counted, pointwise);
    let tables = 2.0 * 4096.0 * 256.0;
    assert_eq!(of(&[Operation::AdamW]), 28.0 * tables);
}

#[test]
fn a_step_in_bf16_has_working_copies_and_narrow_tables_as_training_has() {
    let config = small_2026();
    let matrices = layout(&config).into_iter();
    let matrices = matrices.filter(|slot| slot.role == Role::Matrix);
    let copied: i64 = matrices.map(|slot| 2 * slot.elements()).sum();
    let smear = 2 * 24;
    let new = |fp8| Workload::new(size(small_2026(), 1), &machine("bf16"), fp8);
    let mut workload = new(false).expect("a workload");
    assert_eq!(workload.numbers, "bf16 with working copies, tables in bf16");
    let first = workload.step(Fusions::NONE).expect("a step");
    assert!((first - 50f64.ln()).abs() < 0.5, "{first}");
    assert_eq!(workload.working_copies(), 0, "the plain side casts");
    let second = workload.step(Fusions::all()).expect("a step");
    assert!(second < first, "the same batch again: {first}, {second}");
    assert_eq!(workload.working_copies() as i64, copied + smear);

    let mut workload = new(true).expect("a workload");
    assert!(workload.numbers.contains("fp8"), "{}", workload.numbers);
    workload.step(Fusions::all()).expect("a step");
    // In bf16 AdamW's tables are half of what they are in fp32.
    let adamw = |kind| -> f64 {
        let parts = step_parts(&workload.size, kind);
        let adamw = parts.iter().filter(|p| p.operation == Operation::AdamW);
        adamw.map(|part| part.cost().bytes).sum()
    };
    assert!(adamw(Kind::BFloat16) < 0.7 * adamw(Kind::Float));
}

#[test]
fn fp8_beside_fp32_is_refused_and_not_left_out() {
    let refused = Workload::new(size(small_2026(), 1), &machine("fp32"), true);
    let Err(error) = refused else {
        panic!("a step in fp32 with fp8 products")
    };
    assert!(error.to_string().contains("choose bf16"), "{error}");
}

#[test]
fn a_report_says_with_which_numbers_and_how_many_bytes() {
    let settings = TrainSettings {
        size: size(small_2026(), 1),
        rounds: 1,
        arithmetics: vec![Arithmetic::Plain, Arithmetic::Fused, Arithmetic::Plain],
        each_fusion: false,
        logged_steps: 1,
        fp8: false,
    };
    let report = measure(&settings, &machine("fp32"), &mut |_| ()).expect("a report");
    let measured: Vec<Arithmetic> = report.steps.iter().map(|step| step.arithmetic).collect();
    assert_eq!(measured, [Arithmetic::Fused, Arithmetic::Plain]);
    let json = report.json();
    let counted = bytes(&step_parts(&settings.size, Kind::Float));
    assert_eq!(json["bytes_per_step"].as_f64(), Some(counted));
    assert_eq!(json["numbers"], "fp32");
    assert!(json["attention"].is_null(), "a GPU's matter");
    let operations = json["operations_of_a_step"].as_array().expect("a list");
    assert!(
        operations
            .iter()
            .all(|part| part["bytes"].as_f64() > Some(0.0))
    );
    assert!(
        report.heading().contains("must move"),
        "{}",
        report.heading()
    );
    let copied = json["steps"][0]["share_of_copying"].as_f64();
    let seconds = json["steps"][0]["seconds"]["median"]
        .as_f64()
        .expect("it took time");
    let limit = counted / report.ceilings.copy_bytes;
    assert_eq!(copied, Some(limit / seconds));
    assert!(
        json["steps"][0]["optimizer_alone"].is_null(),
        "a GPU's matter"
    );

    // Seconds and costs are one list: operations have all of it, the rest of a phase has seconds.
    let parts = json["steps"][0]["parts"].as_array().expect("a list");
    let of = |label: &str| {
        let found = parts.iter().find(|part| part["part"] == label);
        found.unwrap_or_else(|| panic!("{label} is missing"))
    };
    let linear = of("linear");
    let share = linear["limit_seconds"].as_f64().expect("a limit")
        / linear["seconds"].as_f64().expect("it took time");
    assert_eq!(linear["share_of_limit"].as_f64(), Some(share));
    assert!(linear["flops"].as_f64() > Some(0.0) && linear["bytes"].as_f64() > Some(0.0));
    assert!(of("rest of forward")["flops"].is_null());
    let whole = of("whole step")["bytes"].as_f64().expect("bytes");
    assert!(
        (whole / counted - 1.0).abs() < 1e-12,
        "{whole} of {counted}"
    );
    for part in parts.iter().filter(|part| part["flops"].is_number()) {
        let label = part["part"].as_str().expect("a label");
        assert!(report.table().contains(label) && report.markdown().contains(label));
    }
}

#[test]
fn the_optimizer_alone_is_handed_over_before_it_is_done() {
    let workload = Workload::new(size(small_2026(), 2), &machine("fp32"), false);
    let mut workload = workload.expect("a workload");
    let alone = workload.optimizer_alone(Fusions::all(), 3).expect("three");
    assert!(alone.given.least > 0.0 && alone.given.most <= alone.done.most);
    assert!(alone.json()["done_seconds"]["median"].as_f64() > Some(0.0));
}

#[test]
fn a_processor_is_named_by_more_than_its_maker() {
    let amd =
        "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: AMD EPYC\n";
    assert_eq!(
        processor_in_words(amd, "AVX-512"),
        "AMD EPYC (family 25, model 17, AVX-512)"
    );
    let arm = "CPU implementer\t: 0x41\nCPU part\t: 0xd40\n";
    assert_eq!(
        processor_in_words(arm, "NEON"),
        "a CPU (implementer 0x41, part 0xd40, NEON)"
    );
    assert_eq!(processor_in_words("", "NEON"), "a CPU (NEON)");
    let here = device_in_words(&machine("fp32"));
    assert!(here.ends_with(" threads") && here.contains('('), "{here}");
}

#[test]
fn the_memory_of_an_operation_is_counted_on_a_cpu() {
    let numbers = || Tensor::zeros([1000], (Kind::Float, Device::Cpu));
    let (_, peak) = peak_of(Device::Cpu, || {
        let both = [numbers(), numbers()];
        drop(both);
        numbers()
    });
    assert_eq!(peak, Some(8000));

    let size = size(Config::d(2, 4096, 64).expect("a config"), 1);
    let report = kernels::measure(&size, &machine("fp32"), 1, &mut |_| ()).expect("a report");
    for row in &report.rows {
        // Updates are in place, and AdamW's fused one needs nothing.
        assert!(row.plain_peak >= Some(0), "{} {:?}", row.label, row.pass);
        assert!(
            row.fused_peak <= row.plain_peak || row.label.starts_with("ortho"),
            "{} {:?}: {:?} plain, {:?} fused",
            row.label,
            row.pass,
            row.plain_peak,
            row.fused_peak
        );
    }
    let json = report.json();
    assert!(json["operations"][0]["plain_peak_bytes"].as_i64() > Some(0));
    assert!(report.table().contains("peak MB") && report.markdown().contains(" → "));
}

/// cargo says where a crate lies to each of its tests: a variable that is there.
#[test]
fn a_rival_runs_without_our_variables() {
    let said = "printf '{\"step_ms\": %s}' \"${CARGO_MANIFEST_DIR:+1}0\"";
    let contestant = |without| Contestant {
        name: "sh".to_string(),
        program: "sh".into(),
        arguments: vec!["-c".into(), said.into()],
        without,
    };
    let contestants = [contestant(&[][..]), contestant(&["CARGO_MANIFEST_DIR"])];
    let race = race(&contestants, 1, &mut |_| ()).expect("two processes");
    let step = |who: usize| race.said[who][0]["step_ms"].as_f64();
    assert_eq!((step(0), step(1)), (Some(10.0), Some(0.0)));
    assert_eq!(race.json()["programs"][1]["name"], "sh");
    assert_eq!(OURS_ALONE, ["OMP_WAIT_POLICY"]);
}
