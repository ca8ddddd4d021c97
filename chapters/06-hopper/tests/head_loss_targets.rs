//! Which targets count: a column of the logits does, −1 does not, and anything else is a mistake that the loss shows. (The GPU's
//! kernel has its own, `head_loss_at_extremes` in `tests/cuda`.)

use hopper::Fused;
use tch::{Device, Kind, Tensor};
use transformer::{HeadLoss, Kernels, Plain};

/// V
const COLUMNS: i64 = 7;

/// x (1, 4, C) and head `[V, C]`.
fn leaves() -> [Tensor; 2] {
    let numbers = |shape: [i64; 3]| {
        let count = shape.iter().product::<i64>();
        let line = Tensor::arange(count, (Kind::Float, Device::Cpu)) * 12.9898;
        line.sin().view(shape)
    };
    let head = numbers([1, COLUMNS, 3]).view([COLUMNS, 3]);
    [numbers([1, 4, 3]), head].map(|leaf| leaf.set_requires_grad(true))
}

fn loss(kernels: &dyn Kernels, [x, head]: &[Tensor; 2], targets: [i64; 4]) -> HeadLoss {
    let targets = Tensor::from_slice(&targets).view([1, 4]);
    kernels.head_loss(x, head, &targets, 15.0)
}

fn per_token(loss: &HeadLoss) -> Vec<f32> {
    Vec::try_from(loss.per_token.view(-1)).expect("a loss for each token")
}

#[test]
fn a_target_that_is_no_column_makes_its_loss_and_the_sum_nan() {
    for wrong in [COLUMNS, COLUMNS + 100, -2, i64::MIN, i64::MAX] {
        let wanted = per_token(&loss(&Plain, &leaves(), [0, 1, -1, COLUMNS - 1]));
        let recorded = loss(&Fused, &leaves(), [0, wrong, -1, COLUMNS - 1]);
        let unrecorded = tch::no_grad(|| loss(&Fused, &leaves(), [0, wrong, -1, COLUMNS - 1]));
        for loss in [recorded, unrecorded] {
            let losses = per_token(&loss);
            assert!(losses[1].is_nan(), "target {wrong}: {losses:?}");
            assert!(loss.sum.double_value(&[]).is_nan(), "target {wrong}");
            assert_eq!(losses[2], 0.0, "a position that does not count");
            for right in [0, 3] {
                let off = (losses[right] - wanted[right]).abs();
                assert!(off < 1e-5, "target {wrong}, position {right}: {losses:?}");
            }
        }
    }
}

#[test]
fn a_position_that_does_not_count_has_no_loss_and_no_gradient() {
    let inputs = leaves();
    let loss = loss(&Fused, &inputs, [3, -1, 0, -1]);
    assert_eq!(loss.count.int64_value(&[]), 2);
    loss.sum.backward();
    let gradient = inputs[0]
        .grad()
        .abs()
        .sum_dim_intlist(-1, false, Kind::Float); // (1, 4)
    let gradient = Vec::<f32>::try_from(gradient.view(-1)).expect("a number for each position");
    assert!(gradient[0] > 0.0 && gradient[2] > 0.0, "{gradient:?}");
    assert_eq!((gradient[1], gradient[3]), (0.0, 0.0));
}
