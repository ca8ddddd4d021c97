use super::arrays::{CASES, CLOSE, array, gradients, ids, numbers};
use judge::{Case, Property, example, property_of};
use proptest::prelude::*;
use std::cell::RefCell;
use tch::{Device, Kind, Tensor};
use transformer::{Causal, Config, Context, Gpt, Kernels, Plain, Switches, layout};

pub struct Functions {
    pub gate: fn(&Tensor, &Tensor) -> Tensor,
    pub add: fn(&Tensor, &Tensor, &Tensor, &Tensor) -> Tensor,
    pub backward: fn(&Tensor, &Tensor, &Tensor, &Tensor) -> (Tensor, Tensor),
}

const VOCAB: i64 = 4;

/// T, K, D and a seed.
fn sizes() -> impl Strategy<Value = (i64, i64, i64, u64)> {
    (1i64..4, 1i64..3, 1i64..4, 0u64..1000)
}

/// v, ids, table and gate for one row.
struct Inputs {
    v: Tensor,
    ids: Tensor,
    table: Tensor,
    gate: Tensor,
}

fn inputs((time, kv_heads, head_width, seed): (i64, i64, i64, u64)) -> Inputs {
    Inputs {
        v: numbers(&[1, time, kv_heads, head_width], seed),
        ids: ids(&[1, time], VOCAB, seed),
        table: numbers(&[VOCAB, kv_heads * head_width], seed + 2000),
        gate: numbers(&[1, time, kv_heads], seed + 4000).abs(),
    }
}

/// The formula with autograd's own look-up.
fn added(inputs: &Inputs, table: &Tensor, gate: &Tensor) -> Tensor {
    let rows = Tensor::embedding(table, &inputs.ids, -1, false, false);
    &inputs.v + gate.unsqueeze(-1) * rows.view_as(&inputs.v)
}

fn case(inputs: &Inputs, first: &'static str, tensor: &Tensor) -> Case {
    Case::of(&[
        (first, &array(tensor)),
        ("ids", &array(&inputs.ids)),
        ("table", &array(&inputs.table)),
        ("gate", &array(&inputs.gate)),
    ])
}

/// Keeps the values that the one layer of a model hands to attention.
struct Eavesdropper(RefCell<Option<Tensor>>);

impl Context for Eavesdropper {
    fn positions(&self, batch: i64, time: i64, device: Device) -> Tensor {
        Causal.positions(batch, time, device)
    }

    fn attend(
        &mut self,
        layer: usize,
        window: Option<i64>,
        q: &Tensor,
        k: &Tensor,
        v: &Tensor,
    ) -> Tensor {
        *self.0.borrow_mut() = Some(v.detach());
        Causal.attend(layer, window, q, k, v)
    }
}

/// A model of one layer with the switch: its values, and what they are made of.
struct Overheard {
    values: Tensor,
    before: Tensor,
    x: Tensor,
    table: Tensor,
    weight: Tensor,
}

fn overheard(row: &Tensor, seed: u64) -> Overheard {
    let config = Config {
        layers: 1,
        heads: 2,
        kv_heads: 2,
        width: 16,
        switches: Switches {
            value_embeddings: true,
            ..Switches::default()
        },
        ..Config::d(2, VOCAB, 8).expect("depth 2 is a model")
    };
    let named: Vec<(String, Tensor)> = layout(&config)
        .into_iter()
        .zip(0..)
        .map(|(slot, at)| (slot.name, numbers(&slot.shape, seed + 3000 * at) * 0.5))
        .collect();
    let find = |part: &str| {
        let found = named.iter().find(|(name, _)| name.contains(part));
        found.expect("the layout has it").1.copy()
    };
    let (embedding, value) = (find("embed_tokens"), find("v_proj"));
    let (table, weight) = (find("value_embeddings"), find("value_gate"));
    let gpt = Gpt::from_tensors(&config, Device::Cpu, named).expect("a whole model");
    let mut context = Eavesdropper(RefCell::new(None));
    let _ = gpt.hidden(&Plain, &mut context, row).expect("ids of it");
    let stream = Tensor::embedding(&embedding, row, -1, false, false);
    let norm = |x: &Tensor| Plain.rms_norm(x, config.norm_eps);
    let x = norm(&norm(&stream)); // (B, T, C)
    let values = context.0.take().expect("the layer asked");
    Overheard {
        before: Plain.linear(&x, &value).view_as(&values),
        values,
        x,
        table,
        weight,
    }
}

pub fn properties() -> Vec<Property<Functions>> {
    vec![
        example("a gate that knows nothing yet is 1.5", |f: &Functions| {
            let (x, weight) = (
                numbers(&[1, 2, 16], 1),
                Tensor::zeros([3, 12], (Kind::Float, Device::Cpu)),
            );
            let expected = Tensor::full([1, 2, 3], 1.5, (Kind::Float, Device::Cpu));
            let case = Case::of(&[("x", &array(&x)), ("weight", &array(&weight))]);
            case.near(&array(&expected), CLOSE, || array(&(f.gate)(&x, &weight)))
        }),
        property_of(
            CASES,
            "the gate reads the first twelve numbers",
            || (1i64..3, 1i64..4, 0u64..1000),
            |f: &Functions, (time, kv_heads, seed)| {
                let x = numbers(&[1, time, 14], seed);
                let weight = numbers(&[kv_heads, 12], seed + 1000) * 0.25;
                let expected = Plain.linear(&x.narrow(2, 0, 12), &weight).sigmoid() * 3.0;
                let case = Case::of(&[("x", &array(&x)), ("weight", &array(&weight))]);
                case.near(&array(&expected), CLOSE, || array(&(f.gate)(&x, &weight)))
            },
        ),
        property_of(
            CASES,
            "each position gets its token's row, times its gate, in all heads",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let expected = added(&inputs, &inputs.table, &inputs.gate);
                case(&inputs, "v", &inputs.v).near(&array(&expected), CLOSE, || {
                    array(&(f.add)(
                        &inputs.v,
                        &inputs.ids,
                        &inputs.table,
                        &inputs.gate,
                    ))
                })
            },
        ),
        property_of(
            8,
            "the chapter's model hands attention the values that gate and add give",
            || (1i64..4, 0u64..1000),
            |f: &Functions, (time, seed)| {
                let row = ids(&[1, time], VOCAB, seed);
                let heard = overheard(&row, seed);
                let case = Case::of(&[("ids", &array(&row)), ("weights by seed", &seed)]);
                case.near(&array(&heard.values), CLOSE, || {
                    let gate = (f.gate)(&heard.x, &heard.weight);
                    array(&(f.add)(&heard.before, &row, &heard.table, &gate))
                })
            },
        ),
        example(
            "a token that stands twice gives its row two gradients",
            |f: &Functions| {
                let row = |values: &[f32]| Tensor::from_slice(values);
                let inputs = Inputs {
                    v: row(&[0.0, 0.0]).reshape([1, 2, 1, 1]),
                    ids: Tensor::from_slice(&[1i64, 1]).reshape([1, 2]),
                    table: row(&[1.0, 1.0, 1.0]).reshape([3, 1]),
                    gate: row(&[1.0, 2.0]).reshape([1, 2, 1]),
                };
                let gradient = row(&[10.0, 100.0]).reshape([1, 2, 1, 1]);
                let expected = row(&[0.0, 210.0, 0.0]).reshape([3, 1]);
                case(&inputs, "gradient", &gradient).near(&array(&expected), CLOSE, || {
                    array(&(f.backward)(&gradient, &inputs.ids, &inputs.table, &inputs.gate).0)
                })
            },
        ),
        property_of(
            CASES,
            "the table's gradient is autograd's",
            sizes,
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                let gradient = numbers(&inputs.v.size(), sizes.3 + 6000);
                let expected = gradients([&inputs.table], &gradient, |[table]| {
                    added(&inputs, table, &inputs.gate)
                })
                .view_as(&inputs.table);
                case(&inputs, "gradient", &gradient).near(&array(&expected), CLOSE, || {
                    array(&(f.backward)(&gradient, &inputs.ids, &inputs.table, &inputs.gate).0)
                })
            },
        ),
        property_of(
            CASES,
            "the gate's gradient is autograd's",
            // Of one number per head, so that it does not cancel to nothing.
            || sizes().prop_map(|(time, kv_heads, _, seed)| (time, kv_heads, 1, seed)),
            |f: &Functions, sizes| {
                let inputs = inputs(sizes);
                gate_gradient(f, &inputs, sizes.3)
            },
        ),
        example("the gate's gradient is summed over D", |f: &Functions| {
            gate_gradient(f, &inputs((2, 2, 3, 5)), 7)
        }),
    ]
}

fn gate_gradient(f: &Functions, inputs: &Inputs, seed: u64) -> judge::Checked {
    let gradient = numbers(&inputs.v.size(), seed + 6000);
    let expected = gradients([&inputs.gate], &gradient, |[gate]| {
        added(inputs, &inputs.table, gate)
    })
    .view_as(&inputs.gate);
    case(inputs, "gradient", &gradient).near(&array(&expected), CLOSE, || {
        array(&(f.backward)(&gradient, &inputs.ids, &inputs.table, &inputs.gate).1)
    })
}
