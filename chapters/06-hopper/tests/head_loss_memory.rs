//! No (B·T, V) tensor ever exists: the bytes that the loss takes are counted, forward and backward.

use hopper::Fused;
use hopper::precision::live_bytes::LiveBytes;
use tch::{Device, Kind, Tensor};
use transformer::{Kernels, Plain};

/// B, T, C, V: N = 8,192 positions, and one fp32 number for each logit would be 134 MB.
const SIZES: [i64; 4] = [4, 2048, 64, 4096];
/// The logits of a chunk: 1,024 rows with this vocabulary, 16.8 MB.
fn chunk() -> i64 {
    let vocabulary = SIZES[3];
    4 * hopper::cpu::chunk_rows(vocabulary) * vocabulary
}

/// N·V·4
fn whole() -> i64 {
    let [b, t, _, v] = SIZES;
    4 * b * t * v
}

/// x (B, T, C), head `[V, C]`, targets (B, T)
fn inputs() -> [Tensor; 3] {
    let [b, t, c, v] = SIZES;
    let leaf = |shape: &[i64]| {
        let x = Tensor::randn(shape, (Kind::Float, Device::Cpu));
        x.set_requires_grad(true)
    };
    let targets = Tensor::randint(v, [b, t], (Kind::Int64, Device::Cpu));
    [leaf(&[b, t, c]), leaf(&[v, c]) * 0.1, targets]
}

/// The most bytes alive at once while the loss is computed, and derived if that is asked for; inputs are not among them.
fn peak(kernels: &dyn Kernels, backward: bool) -> i64 {
    let [x, head, targets] = inputs();
    let head = head.detach().set_requires_grad(true);
    let count = LiveBytes::begin();
    let loss = kernels.head_loss(&x, &head, &targets, 15.0);
    if backward {
        loss.sum.backward();
    }
    count.now().peak
}

/// A chunk, and twice the gradients by x and by the head: as they are kept, and multiplied by the loss's own. (And a loss and a
/// target that counts or not for each position.)
fn chunk_and_gradients() -> i64 {
    let [b, t, c, v] = SIZES;
    chunk() + 2 * 4 * (b * t * c + v * c) + 16 * b * t
}

#[test]
fn the_loss_never_holds_all_logits_forward_or_backward() {
    let (fused, plain) = (peak(&Fused, true), peak(&Plain, true));
    println!(
        "fused {fused}, plain {plain}, one number per logit {}",
        whole()
    );
    assert!(plain > whole(), "the control holds them: {plain}");
    assert!(fused < whole() / 2, "{fused}");
    assert!(
        fused <= chunk_and_gradients(),
        "{fused} are more than a chunk and the gradients, {}",
        chunk_and_gradients()
    );
}

#[test]
fn the_loss_never_holds_all_logits_where_nothing_is_recorded() {
    let _unrecorded = tch::no_grad_guard();
    let (fused, plain) = (peak(&Fused, false), peak(&Plain, false));
    println!("fused {fused}, plain {plain}");
    assert!(plain > whole(), "the control holds them: {plain}");
    let [b, t, ..] = SIZES;
    assert!(
        fused <= chunk() + 16 * b * t,
        "{fused} are more than a chunk"
    );
}
