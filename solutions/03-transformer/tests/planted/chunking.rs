//! Wrong answers to exercises 10 and 11.

use super::Of;
use crate::properties::ex11_loss_in_chunks::{HeadRows, Settings};
use crate::properties::{ex10_window_in_blocks, ex11_loss_in_chunks};
use judge::program::Wrong;
use solutions_03::ex10_window_in_blocks::window_in_blocks as blocks;
use solutions_03::ex11_loss_in_chunks::{self as chunks, Head};
use tch::{Kind, Tensor};

pub fn wrong() -> Vec<Wrong> {
    let mut wrong = window_in_blocks();
    wrong.extend(loss_in_chunks());
    wrong
}

fn window_in_blocks() -> Vec<Wrong> {
    use ex10_window_in_blocks::Functions;
    let of = Of {
        number: 10,
        name: "window_in_blocks",
        properties: ex10_window_in_blocks::properties,
    };
    let answer = |window_in_blocks| Functions { window_in_blocks };
    vec![
        of.planted(
            "everything-and-a-mask",
            answer(|q, k, v, window, scores| {
                let at = Tensor::arange(q.size()[2], (Kind::Int64, q.device()));
                let distance = at.unsqueeze(1) - at.unsqueeze(0);
                let hidden = distance.lt(0).logical_or(&distance.gt(window));
                scores(q, k)
                    .masked_fill(&hidden, f64::NEG_INFINITY)
                    .softmax(-1, q.kind())
                    .matmul(v)
            }),
        ),
        of.planted(
            "past-the-till",
            answer(|q, k, v, window, scores| {
                let one = |x: &Tensor| x.narrow(2, 0, 1);
                let _ = scores(&one(q), &one(k));
                let at = Tensor::arange(q.size()[2], (Kind::Int64, q.device()));
                let distance = at.unsqueeze(1) - at.unsqueeze(0);
                let hidden = distance.lt(0).logical_or(&distance.gt(window));
                (q.matmul(&k.transpose(2, 3)) / (q.size()[3] as f64).sqrt())
                    .masked_fill(&hidden, f64::NEG_INFINITY)
                    .softmax(-1, q.kind())
                    .matmul(v)
            }),
        ),
        of.planted(
            "position-by-position",
            answer(|q, k, v, window, scores| {
                let rows: Vec<Tensor> = (0..q.size()[2])
                    .map(|t| {
                        let first = (t - window).max(0);
                        let stretch = |x: &Tensor| x.narrow(2, first, t + 1 - first);
                        scores(&q.narrow(2, t, 1), &stretch(k))
                            .softmax(-1, q.kind())
                            .matmul(&stretch(v))
                    })
                    .collect();
                Tensor::cat(&rows, 2)
            }),
        ),
        of.planted(
            "the-block-alone",
            answer(|q, k, v, window, scores| {
                let time = q.size()[2];
                let mut rows = Vec::new();
                let mut from = 0;
                while from < time {
                    let count = (window + 1).min(time - from);
                    let part = |x: &Tensor| x.narrow(2, from, count);
                    let hidden = Tensor::ones([count, count], (Kind::Bool, q.device())).triu(1);
                    rows.push(
                        scores(&part(q), &part(k))
                            .masked_fill(&hidden, f64::NEG_INFINITY)
                            .softmax(-1, q.kind())
                            .matmul(&part(v)),
                    );
                    from += count;
                }
                Tensor::cat(&rows, 2)
            }),
        ),
        of.planted(
            "no-mask-within-the-stretch",
            answer(|q, k, v, window, scores| {
                let time = q.size()[2];
                let mut rows = Vec::new();
                let mut from = 0;
                while from < time {
                    let to = (from + window + 1).min(time);
                    let first = (from - window).max(0);
                    let stretch = |x: &Tensor| x.narrow(2, first, to - first);
                    rows.push(
                        scores(&q.narrow(2, from, to - from), &stretch(k))
                            .softmax(-1, q.kind())
                            .matmul(&stretch(v)),
                    );
                    from = to;
                }
                Tensor::cat(&rows, 2)
            }),
        ),
        of.planted(
            "a-window-of-w-with-itself",
            answer(|q, k, v, window, scores| blocks(q, k, v, (window - 1).max(0), scores)),
        ),
        of.constant("zeros", answer(|q, _, _, _, _| q.zeros_like())),
        of.constant("ones", answer(|q, _, _, _, _| q.ones_like())),
    ]
}

fn head((vocab_size, softcap, chunk): Settings) -> Head {
    Head {
        vocab_size,
        softcap,
        chunk,
    }
}

/// A sum of exponentials with screws to turn: whether a maximum is kept, and whether the sum follows it.
fn summed(
    x: &Tensor,
    settings: Settings,
    rows: HeadRows,
    keeps_maximum: bool,
    rescales: bool,
) -> Tensor {
    let (vocab_size, softcap, chunk) = settings;
    let mut maximum = Tensor::zeros([x.size()[0], 1], (x.kind(), x.device()));
    if keeps_maximum {
        maximum += f64::NEG_INFINITY;
    }
    let mut sum = Tensor::zeros([x.size()[0], 1], (x.kind(), x.device()));
    for from in (0..vocab_size).step_by(chunk as usize) {
        let weight = rows(from, chunk.min(vocab_size - from));
        let z = (x.matmul(&weight.tr()) / softcap).tanh() * softcap;
        let larger = match keeps_maximum {
            true => maximum.maximum(&z.amax([-1i64].as_slice(), true)),
            false => maximum.copy(),
        };
        if rescales {
            sum *= (&maximum - &larger).exp();
        }
        sum += (&z - &larger).exp().sum_dim_intlist(-1, true, z.kind());
        maximum = larger;
    }
    (maximum + sum.log()).squeeze_dim(1)
}

fn loss_in_chunks() -> Vec<Wrong> {
    use ex11_loss_in_chunks::Functions;
    let of = Of {
        number: 11,
        name: "loss_in_chunks",
        properties: ex11_loss_in_chunks::properties,
    };
    let reference = || Functions {
        forward: |x, targets, settings, rows| chunks::forward(x, targets, head(settings), rows),
        backward: |x, targets, lse, settings, rows| {
            chunks::backward(x, targets, lse, head(settings), rows)
        },
    };
    vec![
        of.planted(
            "the-sum-does-not-follow-the-maximum",
            Functions {
                forward: |x, targets, settings, rows| {
                    let (sum, lse) = chunks::forward(x, targets, head(settings), rows);
                    let wrong = summed(x, settings, rows, true, false);
                    let counted = targets.ne(-1).to_kind(x.kind());
                    (sum + ((&wrong - lse) * counted).sum(x.kind()), wrong)
                },
                ..reference()
            },
        ),
        of.planted(
            "exponentials-without-a-maximum",
            Functions {
                forward: |x, targets, settings, rows| {
                    let (sum, _) = chunks::forward(x, targets, head(settings), rows);
                    (sum, summed(x, settings, rows, false, false))
                },
                ..reference()
            },
        ),
        of.planted(
            "uncounted-positions-counted",
            Functions {
                forward: |x, targets, settings, rows| {
                    let clamped = targets.clamp_min(0);
                    chunks::forward(x, &clamped, head(settings), rows)
                },
                ..reference()
            },
        ),
        of.planted(
            "the-mean",
            Functions {
                forward: |x, targets, settings, rows| {
                    let (sum, lse) = chunks::forward(x, targets, head(settings), rows);
                    (sum / targets.ne(-1).sum(x.kind()), lse)
                },
                ..reference()
            },
        ),
        of.planted(
            "back-past-the-softcap",
            Functions {
                backward: |x, targets, lse, settings, rows| {
                    let (vocab_size, softcap, _) = settings;
                    let weight = rows(0, vocab_size);
                    let z = (x.matmul(&weight.tr()) / softcap).tanh() * softcap;
                    let at = targets.clamp_min(0).unsqueeze(1);
                    let one = z.zeros_like().scatter_value(1, &at, 1.0);
                    let counted = targets.ne(-1).to_kind(x.kind()).unsqueeze(1);
                    let of_z: Tensor = ((z - lse.unsqueeze(1)).exp() - one) * counted;
                    (of_z.matmul(&weight), of_z.tr().matmul(x))
                },
                ..reference()
            },
        ),
        of.planted(
            "the-head-all-at-once",
            Functions {
                forward: |x, targets, settings, rows| {
                    let whole = (settings.0, settings.1, settings.0);
                    chunks::forward(x, targets, head(whole), rows)
                },
                ..reference()
            },
        ),
        of.constant(
            "zeros",
            Functions {
                forward: |x, targets, _, _| {
                    let zeros = Tensor::zeros(targets.size(), (x.kind(), x.device()));
                    (zeros.sum(x.kind()), zeros)
                },
                backward: |x, _, _, settings, _| {
                    let of_head = [settings.0, x.size()[1]];
                    (
                        x.zeros_like(),
                        Tensor::zeros(of_head, (x.kind(), x.device())),
                    )
                },
            },
        ),
        of.constant(
            "ones",
            Functions {
                forward: |x, targets, _, _| {
                    let ones = Tensor::ones(targets.size(), (x.kind(), x.device()));
                    (ones.mean(x.kind()), ones)
                },
                backward: |x, _, _, settings, _| {
                    let of_head = [settings.0, x.size()[1]];
                    (x.ones_like(), Tensor::ones(of_head, (x.kind(), x.device())))
                },
            },
        ),
    ]
}
