//! The depth dial of October 2025 gives nanochat's numbers at every depth, and refuses the depths that nanochat refuses.

mod golden_set;

use golden_set::{golden, json};
use transformer::dial::{Fleet, dial_2025, flops_per_token, parameter_count};
use transformer::{Config, Error};

/// nanochat's sequence length, which the dial does not turn.
const CONTEXT: i64 = 2048;

#[test]
fn parity_dial_2025() {
    let schedule = json(&golden("schedule.json"));
    let rows = schedule["dial_2025"].as_array().unwrap();
    assert!(!rows.is_empty());
    // A rejected row names no vocabulary; any will do, since the width is at fault.
    for row in rows {
        let whole = |key: &str| {
            row[key]
                .as_i64()
                .unwrap_or_else(|| panic!("{key} in {row}"))
        };
        let depth = whole("depth");
        if row["rejected"] == true {
            let error = Config::d(depth, 1000, CONTEXT).unwrap_err();
            assert!(matches!(error, Error::Config(_)));
            assert!(
                error
                    .to_string()
                    .contains(&format!("width {}", whole("n_embd"))),
                "{error}"
            );
            continue;
        }
        let fleet = Fleet {
            ranks: whole("world_size"),
            rows: whole("device_batch_size"),
        };
        let context = row["sequence_len"].as_i64().unwrap_or(CONTEXT);
        let dial = dial_2025(depth, whole("vocab"), context, fleet).unwrap();
        let integers = [
            ("n_embd", dial.config.width),
            ("n_head", dial.config.heads),
            ("n_kv_head", dial.config.kv_heads),
            ("num_params", dial.parameters),
            ("flops_per_token", dial.flops_per_token),
            ("total_batch_size", dial.batch_tokens),
            ("grad_accum_steps", dial.accumulation),
            ("num_iterations", dial.steps),
            ("total_tokens", dial.tokens),
        ];
        for (key, ours) in integers {
            assert_eq!(ours, whole(key), "{key} at depth {depth}");
        }
        let floats = [
            ("lm_head_lr", dial.head_rate),
            ("embedding_lr", dial.embedding_rate),
            ("matrix_lr", dial.matrix_rate),
            ("grad_clip", dial.gradient_clip),
        ];
        for (key, ours) in floats {
            let golden = row[key].as_f64().unwrap();
            assert!(
                (ours / golden - 1.0).abs() < 1e-12,
                "{key} at depth {depth}: {ours} and {golden}"
            );
        }
    }
}

#[test]
fn d20_at_vocabulary_65536_has_560_988_160_parameters() {
    let config = Config::d(20, 65_536, CONTEXT).unwrap();
    assert_eq!(parameter_count(&config), 560_988_160);
    // by hand: two tables of V · C, and 12 · C² per block
    assert_eq!(
        parameter_count(&config),
        2 * 65_536 * 1280 + 20 * 12 * 1280 * 1280
    );
    assert_eq!(
        flops_per_token(&config),
        6 * (560_988_160 - 65_536 * 1280) + 12 * 20 * 1280 * CONTEXT
    );
}

#[test]
fn a_batch_that_the_fleet_does_not_divide_is_refused() {
    let error = dial_2025(20, 65_536, CONTEXT, Fleet { ranks: 3, rows: 32 }).unwrap_err();
    assert!(error.to_string().contains("3 ranks"), "{error}");
    assert!(dial_2025(20, 65_536, CONTEXT, Fleet { ranks: 0, rows: 32 }).is_err());
}
