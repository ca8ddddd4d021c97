//! Wrong answers to exercise 9.

use super::Of;
use crate::properties::ex9_value_embeddings::{self, Functions};
use judge::program::Wrong;
use solutions_03::ex9_value_embeddings as right;
use tch::Tensor;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 9,
        name: "value_embeddings",
        properties: ex9_value_embeddings::properties,
    };
    let reference = || Functions {
        gate: right::gate,
        add: right::add,
        backward: right::backward,
    };
    let backward = |backward| Functions {
        backward,
        ..reference()
    };
    vec![
        of.planted(
            "a-gate-up-to-one",
            Functions {
                gate: |x, weight| right::gate(x, weight) / 3.0,
                ..reference()
            },
        ),
        of.planted(
            "the-last-twelve-numbers",
            Functions {
                gate: |x, weight| right::gate(&x.flip([-1]).narrow(-1, 0, 12).flip([-1]), weight),
                ..reference()
            },
        ),
        of.planted(
            "the-gate-forgotten",
            Functions {
                add: |v, ids, table, gate| right::add(v, ids, table, &gate.ones_like()),
                ..reference()
            },
        ),
        of.planted(
            "heads-in-the-wrong-order",
            Functions {
                add: |v, ids, table, gate| {
                    let (kv_heads, head_width) = (v.size()[2], v.size()[3]);
                    let mixed = table
                        .reshape([-1, head_width, kv_heads])
                        .transpose(1, 2)
                        .reshape(table.size());
                    right::add(v, ids, &mixed, gate)
                },
                ..reference()
            },
        ),
        of.planted(
            "the-last-position-wins",
            backward(|gradient, ids, table, gate| {
                let rows = (gradient * gate.unsqueeze(-1)).reshape([-1, table.size()[1]]);
                let of_table = table.zeros_like();
                for (at, id) in ids.reshape([-1]).iter::<i64>().expect("ids").enumerate() {
                    of_table.get(id).copy_(&rows.get(at as i64));
                }
                (of_table, right::backward(gradient, ids, table, gate).1)
            }),
        ),
        of.planted(
            "the-gate-forgotten-on-the-way-back",
            backward(|gradient, ids, table, gate| {
                let ones = gate.ones_like();
                let (of_table, _) = right::backward(gradient, ids, table, &ones);
                (of_table, right::backward(gradient, ids, table, gate).1)
            }),
        ),
        of.planted(
            "the-gates-gradient-from-one-number-of-the-head",
            backward(|gradient, ids, table, gate| {
                let (of_table, _) = right::backward(gradient, ids, table, gate);
                let width = gradient.size()[3];
                let first = Tensor::cat(
                    &[
                        gradient.narrow(3, 0, 1),
                        gradient.narrow(3, 1, width - 1).zeros_like(),
                    ],
                    3,
                );
                (of_table, right::backward(&first, ids, table, gate).1)
            }),
        ),
        of.constant(
            "zeros",
            Functions {
                gate: |x, weight| right::gate(x, weight).zeros_like(),
                add: |v, _, _, _| v.zeros_like(),
                backward: |_, _, table, gate| (table.zeros_like(), gate.zeros_like()),
            },
        ),
        of.constant(
            "ones",
            Functions {
                gate: |x, weight| right::gate(x, weight).ones_like(),
                add: |v, _, _, _| v.ones_like(),
                backward: |_, _, table, gate| (table.ones_like(), gate.ones_like()),
            },
        ),
    ]
}
