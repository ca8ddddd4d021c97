//! Formulas against numbers that were worked out by hand, and against nanochat's.

use hopper::bench::ceilings::{Bound, Ceilings, products};
use hopper::bench::cost::{Cost, Sizes, adamw, muon_apply, muon_momentum};
use hopper::bench::peaks::{PEAKS, mfu, peak_of};
use hopper::bench::turns::{Spread, Turns};
use hopper::bench::{Fusions, Operation};
use tch::Kind;
use transformer::Config;
use transformer::dial::flops_per_token;

/// The bar's step: d4, width 256, T 512, B 8, V 4,096.
fn bar() -> Config {
    Config {
        heads: 4,
        kv_heads: 4,
        ..Config::d(4, 4096, 512).expect("a config")
    }
}

fn cost(flops: f64, bytes: f64) -> Cost {
    Cost { flops, bytes }
}

#[test]
fn bytes_and_operations_of_a_norm() {
    // P = 8 · 512 = 4,096 positions of C = 256: n = 1,048,576 numbers.
    let fp32 = Sizes::new(&bar(), 8, Kind::Float).rms_norm();
    assert_eq!(fp32.forward, cost(3_145_728.0, 8_388_608.0));
    assert_eq!(fp32.backward, Some(cost(6_291_456.0, 12_582_912.0)));
    let bf16 = Sizes::new(&bar(), 8, Kind::BFloat16).rms_norm();
    assert_eq!(bf16.forward.bytes, 4_194_304.0);
}

#[test]
fn bytes_and_operations_of_a_linear_layer() {
    // 256 -> 1,024: 2 · 4,096 · 256 · 1,024 operations; x, W and y are 1,048,576 + 262,144 + 4,194,304 numbers.
    let linear = Sizes::new(&bar(), 8, Kind::Float).linear(256.0, 1024.0);
    assert_eq!(linear.forward, cost(2_147_483_648.0, 22_020_096.0));
    let backward = linear.backward.expect("it has one");
    assert_eq!(backward.flops, 4_294_967_296.0);
    // dy, x, W read, dx and dW written: 4 · (4,194,304 + 1,048,576 + 262,144 + 1,048,576 + 262,144).
    assert_eq!(backward.bytes, 27_262_976.0);
}

#[test]
fn the_head_loss_never_moves_logits() {
    let sizes = Sizes::new(&bar(), 8, Kind::Float);
    let loss = sizes.head_loss();
    let logits = 4096.0 * 4096.0;
    assert_eq!(loss.forward.flops, 2.0 * logits * 256.0 + 5.0 * logits);
    // x and W, 8 bytes per target, 4 per loss.
    assert_eq!(
        loss.forward.bytes,
        4.0 * (2.0 * 1_048_576.0) + 12.0 * 4096.0
    );
    assert!(loss.forward.bytes < 4.0 * logits && sizes.logits().forward.bytes > 4.0 * logits);
}

#[test]
fn bytes_of_the_pointwise_operations_per_number() {
    let sizes = Sizes::new(&bar(), 8, Kind::BFloat16);
    let n = 4096.0 * 256.0;
    let bytes = |costs: hopper::bench::cost::Costs| {
        (
            costs.forward.bytes / n,
            costs.backward.expect("it has one").bytes / n,
        )
    };
    assert_eq!(bytes(sizes.relu_squared()), (16.0, 24.0)); // four times as wide
    assert_eq!(bytes(sizes.add_norm()), (8.0, 8.0));
    assert_eq!(bytes(sizes.mix()), (6.0, 10.0));
    assert_eq!(bytes(sizes.mix_norm()), (8.0, 12.0));
    // Two tables of 512 · 32 fp32 numbers beside the queries.
    let tables = 2.0 * 512.0 * 32.0 * 4.0 / n;
    assert_eq!(bytes(sizes.rope_qk_norm()), (4.0 + tables, 6.0 + tables));
    // Per number three times two bytes, and a gate of two bytes for each head of 64.
    assert_eq!(
        bytes(sizes.add_gated()),
        (6.0 + 2.0 / 64.0, 6.0 + 4.0 / 64.0)
    );
}

#[test]
fn the_optimizer_reads_and_writes_in_fp32() {
    assert_eq!(adamw(10.0).forward.bytes, 280.0);
    assert_eq!(muon_momentum(10.0).forward.bytes, 160.0);
    assert_eq!(muon_apply(10.0).forward.bytes, 120.0);
}

#[test]
fn products_and_attention_add_up_to_the_models_formula() {
    for config in [bar(), Config::d_2026(4, 300, 512, 64).expect("a config")] {
        let positions = 8 * config.context;
        let multiplied: f64 = products(&config, positions)
            .iter()
            .map(|product| product.flops())
            .sum();
        let sizes = Sizes::new(&config, 8, Kind::Float).attention();
        let whole_layer = sizes.forward.flops + sizes.backward.expect("it has one").flops;
        let seen: i64 = transformer::windows(&config)
            .iter()
            .map(|window| window.unwrap_or(config.context))
            .sum();
        let layers = seen as f64 / config.context as f64;
        let formula = flops_per_token(&config) as f64 * positions as f64;
        assert_eq!(multiplied + whole_layer * layers, formula);
    }
}

#[test]
fn the_bars_step_counts_what_the_yardstick_counts() {
    // 6 · (4 · 12 · 256² + 4,096 · 256) + 12 · 4 · 256 · 512 per token.
    assert_eq!(flops_per_token(&bar()), 31_457_280);
    let shapes: Vec<_> = products(&bar(), 4096)
        .iter()
        .map(|product| (product.inner, product.out, product.times))
        .collect();
    assert_eq!(
        shapes,
        [
            (256, 256, 16),
            (256, 1024, 4),
            (1024, 256, 4),
            (256, 4096, 1)
        ]
    );
}

#[test]
fn mfu_of_a_known_run() {
    // nanochat's d26 of 2026: 630,000 tokens/s on eight H100 at 5.991 GFLOP per token is 47.7 % of 989 TFLOP/s.
    let h100 = peak_of("NVIDIA H100 80GB HBM3").expect("known");
    let share = mfu(630_000.0 / 8.0, 5.991e9, h100.bf16_flops);
    assert!((share - 0.477).abs() < 5e-4, "{share}");
}

#[test]
fn gpus_are_told_apart_by_whole_words() {
    let peak = |name: &str| peak_of(name).map(|peak| peak.bf16_flops);
    assert_eq!(peak("NVIDIA H100 PCIe"), Some(756e12));
    assert_eq!(peak("NVIDIA H100 NVL"), Some(835e12));
    assert_eq!(peak("NVIDIA H200"), Some(989e12));
    assert_eq!(peak("NVIDIA A100-SXM4-80GB"), Some(312e12));
    assert_eq!(peak("NVIDIA L40S"), Some(362e12));
    assert_eq!(peak("NVIDIA L4"), Some(121e12));
    assert_eq!(peak("NVIDIA H20"), None);
    assert_eq!(peak("Abacus 3000"), None);
    for known in PEAKS {
        assert_eq!(
            peak(&format!("NVIDIA {}", known.name)),
            Some(known.bf16_flops)
        );
    }
}

#[test]
fn the_limit_is_the_slower_of_two() {
    let ceilings = Ceilings {
        gemm_flops: 100e9,
        copy_bytes: 10e9,
    };
    assert_eq!(ceilings.limit(cost(2e9, 1e7)), (0.02, Bound::Products));
    assert_eq!(ceilings.limit(cost(1e8, 1e9)), (0.1, Bound::Memory));
}

#[test]
fn ratios_are_taken_round_by_round() {
    let turns = Turns::from_seconds(vec![vec![2.0, 8.0, 3.0], vec![1.0, 2.0, 2.0]]);
    let spread = |least, median, most| Spread {
        least,
        median,
        most,
    };
    assert_eq!(turns.ratio(0, 1), spread(1.5, 2.0, 4.0));
    assert_eq!(turns.saved(0, 1), spread(1.0, 1.0, 6.0));
    assert_eq!(Spread::of([4.0, 1.0]), spread(1.0, 2.5, 4.0));
    assert!(Spread::of([]).median.is_nan());
}

#[test]
fn sets_of_fusions() {
    let all = Fusions::all();
    for operation in Operation::ALL {
        assert!(all.has(operation) && !Fusions::NONE.has(operation));
        assert!(!all.without(operation).has(operation));
        let alone = Fusions::NONE.with(operation);
        let others = Operation::ALL
            .into_iter()
            .filter(|&other| other != operation);
        assert!(others.into_iter().all(|other| !alone.has(other)));
        assert_eq!(operation.name().parse(), Ok(operation));
    }
    let wrong = "lienar"
        .parse::<Operation>()
        .expect_err("no such operation");
    assert!(wrong.contains("lienar") && wrong.contains("linear"));
}

/// nanochat's own estimate for the golden models, with our table's denominators: the same numbers go into MFU.
#[test]
fn parity_flops_of_the_golden_models() {
    let golden = std::env::var("NANOCRAB_GOLDEN").ok();
    let Some(golden) = golden.filter(|folder| !folder.is_empty()) else {
        eprintln!("skipped: NANOCRAB_GOLDEN is not set");
        return;
    };
    let file = std::path::Path::new(&golden).join("gpt-2025/meta.json");
    let text = std::fs::read_to_string(&file).expect("golden numbers");
    let meta: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let number = |name: &str| meta["config"][name].as_i64().expect("a number");
    let config = Config {
        layers: number("n_layer"),
        heads: number("n_head"),
        kv_heads: number("n_kv_head"),
        width: number("n_embd"),
        ..Config::d(4, number("vocab_size"), number("sequence_len")).expect("a config")
    };
    let expected = meta["flops_per_token"].as_i64().expect("a number");
    assert_eq!(flops_per_token(&config), expected);
    let products: f64 = products(&config, 1)
        .iter()
        .map(|product| product.flops())
        .sum();
    let attention = 12 * config.layers * config.width * config.context;
    assert_eq!(products + attention as f64, expected as f64);
    let second = mfu(1e6, expected as f64, 1e15);
    assert!((second - expected as f64 * 1e-9).abs() < 1e-12);
}
