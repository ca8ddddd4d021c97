//! What is refused, and in which words.

use super::*;

#[test]
fn a_row_longer_than_the_context_is_refused() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let error = gpt
        .hidden(
            &Plain,
            &mut Causal,
            &Tensor::zeros([1, 17], (Kind::Int64, Device::Cpu)),
        )
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooLong {
                time: 17,
                context: 16
            }
        ),
        "{error}"
    );
}

#[test]
fn ids_and_targets_outside_the_vocabulary_are_refused_and_named() {
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let good = ids(&[&[1, 2], &[3, 4]]);
    for (bad, place) in [
        (ids(&[&[1, 2], &[50, 4]]), "id 50 at row 1, position 0"),
        (ids(&[&[1, -1], &[3, 4]]), "id -1 at row 0, position 1"),
    ] {
        let error = gpt
            .logits(&Plain, &mut Causal, &bad)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(place) && error.contains("tokenizer"),
            "{error}"
        );
    }
    let error = gpt
        .loss(&Plain, &good, &ids(&[&[1, 2], &[3, 99]]))
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("target 99 at row 1, position 1"), "{error}");
    assert!(gpt.loss(&Plain, &good, &ids(&[&[1, 2]])).is_err());
    assert!(gpt.upload(&[1, 2, 50], 1, 3).is_err());
    assert!(gpt.upload(&[1, 2, 3], 2, 2).is_err());
    assert!(
        gpt.config()
            .check_vocabulary(51)
            .unwrap_err()
            .to_string()
            .contains("tokenizer.json")
    );
}

#[test]
fn positions_beyond_the_tables_are_refused() {
    struct TooFar;
    impl Context for TooFar {
        fn positions(&self, _: i64, time: i64, device: Device) -> Tensor {
            (Tensor::arange(time, (Kind::Int64, device)) + 15).unsqueeze(0)
        }
        fn attend(
            &mut self,
            _: usize,
            _: Option<i64>,
            q: &Tensor,
            _: &Tensor,
            _: &Tensor,
        ) -> Tensor {
            q.shallow_clone()
        }
    }
    let gpt = Gpt::new(&small(), Device::Cpu, 1).unwrap();
    let error = gpt
        .hidden(&Plain, &mut TooFar, &ids(&[&[1, 2]]))
        .unwrap_err();
    assert!(
        matches!(error, Error::Position { context: 16, .. }),
        "{error}"
    );
}

#[test]
fn shapes_that_cannot_be_built_say_what_to_change() {
    let cases = [
        (
            Config {
                width: 30,
                ..small()
            },
            "width 30 is not a multiple of 4 heads",
        ),
        (
            Config {
                width: 20,
                ..small()
            },
            "odd",
        ),
        (
            Config {
                kv_heads: 3,
                ..small()
            },
            "kv_heads must divide heads",
        ),
        (
            Config {
                layers: 0,
                ..small()
            },
            "layers is 0",
        ),
        (
            Config {
                softcap: f64::NAN,
                ..small()
            },
            "softcap",
        ),
    ];
    for (config, words) in cases {
        let error = Gpt::new(&config, Device::Cpu, 1).err().unwrap().to_string();
        assert!(error.contains(words), "{error}");
    }
}
