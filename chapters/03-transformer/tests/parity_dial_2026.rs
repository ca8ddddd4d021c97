//! The depth dial of July 2026 gives nanochat's numbers at every depth: integers exactly, floats to 1e-12.

mod golden_set;

use golden_set::{golden, json};
use transformer::dial_2026::{DialSettings, dial_2026};
use transformer::{Role, layout, windows};

/// nanochat's sequence length, which the dial does not turn.
const CONTEXT: i64 = 2048;

#[test]
fn parity_dial_2026() {
    let schedule = json(&golden("schedule.json"));
    let rows = schedule["dial_2026"].as_array().unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let whole = |key: &str| row[key].as_i64().unwrap();
        let float = |key: &str| row[key].as_f64().unwrap();
        let depth = whole("depth");
        let ratio = float("target_tokens") / float("scaling_params");
        assert_eq!(
            ratio.fract(),
            0.0,
            "the golden ratio can be read off the row"
        );
        let dial = dial_2026(
            depth,
            &DialSettings {
                vocab_size: whole("vocab"),
                context: CONTEXT,
                head_width: whole("head_dim"),
                tokens_per_parameter: ratio,
            },
        )
        .unwrap();
        let of = |roles: &[Role]| -> i64 {
            layout(&dial.config)
                .iter()
                .filter(|slot| roles.contains(&slot.role))
                .map(|slot| slot.elements())
                .sum()
        };
        let scalars = [
            Role::ResidualScalars,
            Role::StartScalars,
            Role::SmearBackout,
        ];
        let count = |key: &str| row["param_counts"][key].as_i64().unwrap();
        let integers = [
            ("n_embd", dial.config.width, whole("n_embd")),
            ("n_head", dial.config.heads, whole("n_head")),
            ("total", dial.parameters, count("total")),
            ("wte", of(&[Role::Embedding]), count("wte")),
            ("lm_head", of(&[Role::Head]), count("lm_head")),
            (
                "value_embeds",
                of(&[Role::ValueTable]),
                count("value_embeds"),
            ),
            (
                "matrices",
                of(&[Role::Matrix]),
                count("transformer_matrices"),
            ),
            ("scalars", of(&scalars), count("scalars")),
            ("N", dial.scaling_parameters, whole("scaling_params")),
            ("FLOPs", dial.flops_per_token, whole("flops_per_token")),
            ("target tokens", dial.target_tokens, whole("target_tokens")),
            ("batch", dial.batch_tokens, whole("total_batch_size")),
            ("steps", dial.steps, whole("num_iterations")),
            ("tokens", dial.tokens, whole("total_tokens")),
        ];
        for (what, ours, golden) in integers {
            assert_eq!(ours, golden, "{what} at depth {depth}");
        }
        let golden: Vec<i64> = row["window_sizes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|window| window.as_i64().unwrap())
            .collect();
        let ours: Vec<i64> = windows(&dial.config)
            .iter()
            .map(|window| window.unwrap_or(CONTEXT))
            .collect();
        assert_eq!(ours, golden, "windows at depth {depth}");
        let floats = [
            ("reference_tokens_d12", dial.reference_tokens),
            ("batch_lr_scale", dial.rate_scale),
            ("weight_decay_scaled", dial.weight_decay),
        ];
        for (key, ours) in floats {
            let golden = float(key);
            assert!(
                (ours / golden - 1.0).abs() < 1e-12,
                "{key} at depth {depth}: {ours} and {golden}"
            );
        }
    }
}

#[test]
fn the_published_table_of_sizes_is_met_to_the_unit() {
    // depth, width, heads, all parameters, batch, steps; and training FLOPs to the printed digits
    let table = [
        (4, 256, 2, 36_700_242, 262_144, 528, 1.11e16),
        (6, 384, 3, 73_531_538, 262_144, 1_062, 4.66e16),
        (8, 512, 4, 125_829_354, 262_144, 1_920, 1.49e17),
        (10, 640, 5, 195_952_986, 524_288, 1_605, 4.17e17),
        (12, 768, 6, 286_261_730, 524_288, 2_520, 1.00e18),
        (16, 1024, 8, 536_871_738, 524_288, 5_376, 4.47e18),
        (20, 1280, 10, 896_533_746, 1_048_576, 4_980, 1.51e19),
        (24, 1536, 12, 1_384_122_122, 1_048_576, 8_352, 4.18e19),
        (26, 1664, 13, 1_681_786_938, 1_048_576, 10_510, 6.60e19),
    ];
    for (depth, width, heads, parameters, batch, steps, flops) in table {
        let dial = dial_2026(depth, &DialSettings::new(32_768, CONTEXT)).unwrap();
        assert_eq!(
            (dial.config.width, dial.config.heads, dial.parameters),
            (width, heads, parameters)
        );
        assert_eq!((dial.batch_tokens, dial.steps), (batch, steps));
        let ours = dial.flops_per_token as f64 * dial.tokens as f64;
        assert!((ours / flops - 1.0).abs() < 5e-3, "d{depth}: {ours:e}");
    }
}

#[test]
fn a_ratio_or_a_head_of_nothing_is_refused() {
    let good = DialSettings::new(100, 64);
    let none = DialSettings {
        tokens_per_parameter: 0.0,
        ..good
    };
    assert!(
        dial_2026(4, &none)
            .unwrap_err()
            .to_string()
            .contains("tokens per parameter")
    );
    let headless = DialSettings {
        head_width: 0,
        ..good
    };
    assert!(dial_2026(4, &headless).is_err());
}
