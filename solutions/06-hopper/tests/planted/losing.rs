//! Wrong answers to exercise 6.

use super::Of;
use crate::properties::ex6_loss_on_the_way::{self, Functions};
use judge::program::Wrong;
use solutions_06::ex6_loss_on_the_way::loss_and_gradients as right;
use tch::Tensor;

pub fn wrong() -> Vec<Wrong> {
    let of = Of {
        number: 6,
        name: "loss_on_the_way",
        properties: ex6_loss_on_the_way::properties,
    };
    let answer = |loss_and_gradients| Functions { loss_and_gradients };
    vec![
        of.planted(
            "the-mean",
            answer(|x, head, targets, softcap, chunk, raw| {
                let (sum, of_x, of_head) = right(x, head, targets, softcap, chunk, raw);
                let count = targets.ne(-1).sum(x.kind());
                (sum / &count, of_x / &count, of_head / count)
            }),
        ),
        of.planted(
            "back-past-the-softcap",
            answer(|x, head, targets, softcap, chunk, raw| {
                let (sum, ..) = right(x, head, targets, softcap, chunk, raw);
                let z = (x.matmul(&head.tr()) / softcap).tanh() * softcap;
                let counted = targets.ne(-1).to_kind(x.kind()).unsqueeze(1);
                let at = targets.clamp_min(0).unsqueeze(1);
                let one = z.zeros_like().scatter_value(1, &at, 1.0);
                let of_z: Tensor = (z.softmax(-1, x.kind()) - one) * counted;
                (sum, of_z.matmul(head), of_z.tr().matmul(x))
            }),
        ),
        of.planted(
            "nothing-taken-off-at-the-target",
            answer(|x, head, targets, softcap, chunk, raw| {
                let (sum, of_x, of_head) = right(x, head, targets, softcap, chunk, raw);
                let counted = targets.ne(-1).to_kind(x.kind()).unsqueeze(1);
                let z = (x.matmul(&head.tr()) / softcap).tanh() * softcap;
                let at = targets.clamp_min(0).unsqueeze(1);
                let slope: Tensor = (1.0 - (&z / softcap).square()) * counted;
                let missing = z.zeros_like().scatter_value(1, &at, 1.0) * slope;
                (
                    sum,
                    of_x + missing.matmul(head),
                    of_head + missing.tr().matmul(x),
                )
            }),
        ),
        of.planted(
            "every-row-asked-for",
            answer(|x, head, targets, softcap, chunk, raw| {
                let rows = x.size()[0];
                for from in (0..rows).step_by(chunk as usize) {
                    let _ = raw(&x.narrow(0, from, chunk.min(rows - from)));
                }
                right(x, head, targets, softcap, chunk, &mut |rows| {
                    rows.matmul(&head.tr())
                })
            }),
        ),
        of.planted(
            "row-by-row",
            answer(|x, head, targets, softcap, _, raw| right(x, head, targets, softcap, 1, raw)),
        ),
        of.planted(
            "all-rows-at-once",
            answer(|x, head, targets, softcap, _, raw| {
                right(x, head, targets, softcap, x.size()[0], raw)
            }),
        ),
        of.planted(
            "the-last-chunks-head",
            answer(|x, head, targets, softcap, chunk, raw| {
                let (sum, of_x, _) = right(x, head, targets, softcap, chunk, raw);
                let counted = targets.ne(-1).nonzero().squeeze_dim(1);
                let total = counted.size()[0];
                let from = (total - 1).max(0) / chunk * chunk;
                let places = counted.narrow(0, from, total - from);
                let (rows, targets) =
                    (x.index_select(0, &places), targets.index_select(0, &places));
                let (_, _, of_head) = right(&rows, head, &targets, softcap, chunk, &mut |rows| {
                    rows.matmul(&head.tr())
                });
                (sum, of_x, of_head)
            }),
        ),
        of.planted(
            "the-counted-rows-in-the-first-places",
            answer(|x, head, targets, softcap, chunk, raw| {
                let (sum, of_x, of_head) = right(x, head, targets, softcap, chunk, raw);
                let counted = targets.ne(-1).nonzero().squeeze_dim(1);
                let rows = of_x.index_select(0, &counted);
                let rest = x.size()[0] - rows.size()[0];
                let nothing = x.narrow(0, 0, rest).zeros_like();
                (sum, Tensor::cat(&[rows, nothing], 0), of_head)
            }),
        ),
        of.constant(
            "zeros",
            answer(|x, head, _, _, _, _| {
                let zeros = x.zeros_like();
                (zeros.sum(x.kind()), zeros, head.zeros_like())
            }),
        ),
        of.constant(
            "ones",
            answer(|x, head, _, _, _, _| {
                let ones = x.ones_like();
                (ones.mean(x.kind()), ones, head.ones_like())
            }),
        ),
    ]
}
