// ANCHOR: head
//! Tensors as slices, and back: the only unsafe lines of the CPU's kernels.

use tch::{Device, Kind, Tensor};
// ANCHOR_END: head

// ANCHOR: covers
/// Whether the CPU's kernels can take this tensor: fp32, in main memory, not empty. (Its layout does not matter: a
/// tensor whose rows do not lie behind one another is copied first.)
pub fn covers(x: &Tensor) -> bool {
    x.device() == Device::Cpu && x.kind() == Kind::Float && x.numel() > 0
}
// ANCHOR_END: covers

// ANCHOR: slices
/// The numbers of a contiguous fp32 tensor on the CPU.
pub(super) fn numbers(x: &Tensor) -> &[f32] {
    check(x);
    // SAFETY: `check` has seen kind, place and layout; the storage lives as long as the handle that is borrowed.
    unsafe { std::slice::from_raw_parts(x.data_ptr().cast::<f32>(), x.numel()) }
}

/// As [`numbers`], to be written. The caller owns the only handle that is used meanwhile.
pub(super) fn numbers_mut(x: &mut Tensor) -> &mut [f32] {
    check(x);
    // SAFETY: as above, and the handle is borrowed mutably. Other handles on the same storage are the caller's business,
    // as they are with every operation of tch that ends in an underscore.
    unsafe { std::slice::from_raw_parts_mut(x.data_ptr().cast::<f32>(), x.numel()) }
}

/// The numbers of a contiguous i64 tensor on the CPU.
pub(super) fn integers(x: &Tensor) -> &[i64] {
    assert!(
        x.device() == Device::Cpu && x.kind() == Kind::Int64 && x.is_contiguous(),
        "a contiguous i64 tensor on the CPU is expected, not {x:?}"
    );
    // SAFETY: as in `numbers`.
    unsafe { std::slice::from_raw_parts(x.data_ptr().cast::<i64>(), x.numel()) }
}

/// A panic here is a mistake of this crate: whoever calls a kernel has asked [`covers`] and made the tensor contiguous.
fn check(x: &Tensor) {
    assert!(
        covers(x) && x.is_contiguous(),
        "a contiguous fp32 tensor on the CPU is expected, not {x:?}"
    );
}
// ANCHOR_END: slices

// ANCHOR: like
/// A new tensor of the shape of `x`, not yet written: (…) -> (…), contiguous.
pub(super) fn empty_like(x: &Tensor) -> Tensor {
    Tensor::empty(x.size(), (Kind::Float, Device::Cpu))
}

/// The length of a row, which is the last dimension.
pub(super) fn width(x: &Tensor) -> usize {
    x.size().last().map_or(1, |&n| n as usize)
}
// ANCHOR_END: like

// ANCHOR: room
/// Memory for work in progress, zeros at first, in pieces that each begin at the start of a cache line: a vector that lies
/// across two lines takes two loads.
pub(super) struct Room(Tensor);

impl Room {
    const LINE: usize = 16;

    /// For pieces of so many numbers each.
    pub fn new(lengths: &[usize]) -> Room {
        let whole: usize = lengths.iter().map(|n| n.next_multiple_of(Room::LINE)).sum();
        // libtorch's allocator gives out whole lines, and takes them back without giving them to the kernel.
        Room(Tensor::zeros([whole as i64], (Kind::Float, Device::Cpu)))
    }

    /// The pieces, of the lengths that it was made for.
    pub fn pieces<const N: usize>(&mut self, lengths: [usize; N]) -> [&mut [f32]; N] {
        let mut rest = numbers_mut(&mut self.0);
        lengths.map(|length| {
            let (piece, others) =
                std::mem::take(&mut rest).split_at_mut(length.next_multiple_of(Room::LINE));
            rest = others;
            &mut piece[..length]
        })
    }
}
// ANCHOR_END: room
