use super::arrays::{CLOSE, array, ids, numbers};
use judge::{Case, Property, property_of};
use proptest::prelude::*;
use tch::{Device, Tensor};
use transformer::{Causal, Config, Gpt, Plain, layout};

pub struct Functions {
    pub logits: fn(&Config, &[Tensor], &Tensor) -> Tensor,
}

/// A model is a hundred operations.
const CASES: u32 = 12;

const VOCAB: i64 = 5;

/// H, K, T, a seed.
#[derive(Debug, Clone, Copy)]
struct Sizes {
    heads: i64,
    kv_heads: i64,
    time: i64,
    seed: u64,
}

fn sizes(heads: i64, kv_heads: i64, time: std::ops::Range<i64>) -> impl Strategy<Value = Sizes> {
    (time, 0u64..1000).prop_map(move |(time, seed)| Sizes {
        heads,
        kv_heads,
        time,
        seed,
    })
}

/// A model of one or two layers whose weights are all something, and a row of ids.
fn model(sizes: Sizes) -> (Config, Vec<Tensor>, Tensor) {
    let config = Config {
        vocab_size: VOCAB,
        layers: 1 + sizes.seed as i64 % 2,
        heads: sizes.heads,
        kv_heads: sizes.kv_heads,
        width: 4 * sizes.heads,
        ..Config::d(2, VOCAB, 8).expect("depth 2 is a model")
    };
    let weights = layout(&config)
        .iter()
        .zip(0..)
        .map(|(slot, at)| numbers(&slot.shape, sizes.seed + 3000 * at) * 0.5)
        .collect();
    let row = ids(&[1, sizes.time], VOCAB, sizes.seed);
    (config, weights, row)
}

fn case(config: &Config, row: &Tensor, seed: u64) -> Case {
    Case::of(&[
        ("ids", &array(row)),
        (
            "model",
            &format_args!(
                "L {}, H {}, K {}, D {}",
                config.layers,
                config.heads,
                config.kv_heads,
                config.head_width()
            ),
        ),
        ("weights by seed", &seed),
    ])
}

fn chapters(config: &Config, weights: &[Tensor], row: &Tensor) -> Tensor {
    let named = layout(config).into_iter().zip(weights);
    let given = named.map(|(slot, weight)| (slot.name, weight.copy()));
    let gpt = Gpt::from_tensors(config, Device::Cpu, given.collect()).expect("a whole model");
    gpt.logits(&Plain, &mut Causal, row).expect("ids of it")
}

fn gives_the_chapters(
    says: &'static str,
    sizes: impl Fn() -> BoxedStrategy<Sizes> + Send + Sync + 'static,
) -> Property<Functions> {
    property_of(CASES, says, sizes, |f: &Functions, sizes| {
        let (config, weights, row) = model(sizes);
        let expected = chapters(&config, &weights, &row);
        case(&config, &row, sizes.seed).near(&array(&expected), CLOSE, || {
            array(&(f.logits)(&config, &weights, &row))
        })
    })
}

fn is_causal(
    says: &'static str,
    sizes: impl Fn() -> BoxedStrategy<Sizes> + Send + Sync + 'static,
) -> Property<Functions> {
    property_of(CASES, says, sizes, |f: &Functions, sizes| {
        let (config, weights, row) = model(sizes);
        case(&config, &row, sizes.seed).obeys(|| {
            let kept = sizes.time - 1;
            let whole = (f.logits)(&config, &weights, &row).narrow(1, 0, kept);
            let short = (f.logits)(&config, &weights, &row.narrow(1, 0, kept));
            let moved = (whole - short).abs().max().double_value(&[]);
            if moved < 1e-3 {
                return Ok(());
            }
            Err(format!(
                "without the last id the logits before it change, by up to {moved:.4}"
            ))
        })
    })
    .holds_for_constants()
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        gives_the_chapters("a row of one token gets the chapter's logits", || {
            sizes(2, 2, 1..2).boxed()
        }),
        is_causal("one head: no logit is moved by a later token", || {
            sizes(1, 1, 2..6).boxed()
        }),
        gives_the_chapters("one head: the chapter's logits", || {
            sizes(1, 1, 2..6).boxed()
        }),
        is_causal("two heads: no logit is moved by a later token", || {
            sizes(2, 2, 2..6).boxed()
        }),
        gives_the_chapters("two heads: the chapter's logits", || {
            sizes(2, 2, 2..6).boxed()
        }),
        gives_the_chapters("four heads that share two: the chapter's logits", || {
            sizes(4, 2, 2..6).boxed()
        }),
    ]
}
