// ANCHOR: head
//! bf16: the weights in fp32, everything that is multiplied in bf16.
//!
//! Words: *masters* are the fp32 weights that the optimizer changes; a step of 10⁻⁴ of a weight would round to nothing in bf16's
//! eight bits. A *working copy* is a master in bf16, which is what products read.
//!
//! Chapter 03 casts the master in every `linear`, in every micro-batch, and autograd casts each weight gradient back and adds it
//! to what is there: for a weight of N numbers, per micro-batch
//!
//! | | chapter 03 | here |
//! |---|---|---|
//! | cast of the weight | read 4N, write 2N | – (once a step) |
//! | product's gradient in bf16 | write 2N | – |
//! | cast to fp32 | read 2N, write 4N | – |
//! | add to `.grad` | read 8N, write 4N | read 4N, write 4N, by the product itself |
//! | bytes | 26N | 8N |
//!
//! and 8N bytes of temporaries less. It is also more exact: the product adds up in fp32 and never passes through bf16.
//!
//! **fp16 is refused.** Its smallest number is about 6·10⁻⁸, and gradients of a mean over 65,536 tokens lie below: they would be
//! zeros. The known cure, multiplying the loss by a large number and looking for infinities after each step, is for GPUs without
//! bf16, older than 2020. bf16 has fp32's exponents and needs none of it.
//!
//! Shapes: x (…, in), weight `[out, in]` -> (…, out).

use std::cell::RefCell;
use std::collections::HashMap;

use tch::{Device, Kind, Tensor};
use tensors::{Forward, differentiable};
use torch_sys::C_tensor;
use transformer::{Parameter, Role};

use crate::Error;
// ANCHOR_END: head

// ANCHOR: kind
/// Whether activations may have this kind.
///
/// # Errors
/// fp16, and everything that is no number format of activations; says why.
pub fn check_compute(kind: Kind) -> Result<(), Error> {
    match kind {
        Kind::Float | Kind::Double | Kind::BFloat16 => Ok(()),
        Kind::Half => Err(Error::Precision(
            "fp16 cannot be used for training here: gradients below 6e-8 become zero in it, and there is no loss \
             scaler to lift them; choose bf16, which has the exponents of fp32"
                .to_string(),
        )),
        other => Err(Error::Precision(format!(
            "{other:?} is no kind for activations: choose bf16 or fp32"
        ))),
    }
}
// ANCHOR_END: kind

// ANCHOR: copies
/// A working copy of each weight that was multiplied so far. Belongs to one thread, as tensors do.
///
/// A copy is made when a weight is first used, and made anew, in the same memory, when the weight has been changed in place since.
/// libtorch counts such changes, and [`FusedUpdates`](crate::FusedUpdates), whose kernels it does not see, count theirs.
#[derive(Debug)]
pub struct WorkingCopies {
    kind: Kind,
    copies: RefCell<HashMap<Identity, Copy>>,
}

/// Handles on one tensor agree in where its numbers lie and in what shape.
type Identity = (usize, Vec<i64>);

#[derive(Debug)]
struct Copy {
    /// Keeps the master alive: otherwise another tensor could come to lie at its place and pass for it.
    master: Tensor,
    /// How often the master had been changed in place when it was copied.
    version: i64,
    copy: Tensor,
}

impl WorkingCopies {
    /// # Errors
    /// See [`check_compute`].
    pub fn new(kind: Kind) -> Result<WorkingCopies, Error> {
        check_compute(kind)?;
        Ok(WorkingCopies {
            kind,
            copies: RefCell::default(),
        })
    }

    /// Forgets all copies and the masters they belong to.
    pub fn clear(&self) {
        self.copies.borrow_mut().clear();
    }

    /// The weight as products read it; the weight itself, if it has the working kind.
    pub fn of(&self, weight: &Tensor) -> Result<Tensor, Error> {
        let master = weight.detach();
        if master.kind() == self.kind {
            return Ok(master);
        }
        let now = weight.f_internal_version()?;
        let mut copies = self.copies.borrow_mut();
        let identity = (master.data_ptr() as usize, master.size());
        let copy = copies.entry(identity).or_insert_with(|| Copy {
            copy: master.to_kind(self.kind),
            version: now,
            master,
        });
        if copy.version != now {
            copy.copy.f_copy_(&copy.master)?;
            copy.version = now;
        }
        Ok(copy.copy.shallow_clone())
    }

    /// The copy of a weight that is to be multiplied by x.
    ///
    /// # Errors
    /// x that has not the working kind.
    pub(super) fn of_kind(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, Error> {
        if x.kind() == self.kind {
            return self.of(weight);
        }
        Err(Error::Precision(format!(
            "a linear layer got {:?} activations while its working copies are {:?}: give the model the same kind by \
             `with_compute`",
            x.kind(),
            self.kind
        )))
    }

    /// Bytes of all copies.
    pub fn bytes(&self) -> usize {
        let copies = self.copies.borrow();
        copies
            .values()
            .map(|copy| copy.copy.numel() * copy.copy.kind().elt_size_in_bytes())
            .sum()
    }
}
// ANCHOR_END: copies

// ANCHOR: linear
/// x Wᵀ with `working`, a copy of `weight` in x's kind (or the weight itself).
///
/// With a leaf, the backward pass adds the weight's gradient to `weight.grad()` and hands autograd nothing. So gradients
/// asked for by name (`run_backward` for chosen inputs) do not contain it. Where `weight` was computed from something, such as
/// a head without its padding, the gradient goes to autograd as usual.
pub fn linear_adding(x: &Tensor, weight: &Tensor, working: &Tensor) -> Result<Tensor, Error> {
    let leaf = (weight.requires_grad() && weight.is_leaf()).then(|| weight.shallow_clone());
    let (ask_x, ask_weight) = (x.requires_grad(), weight.requires_grad());
    let kind = weight.kind();
    let working = working.shallow_clone();
    let mut outputs = differentiable(
        &[x, weight],
        move |inputs| Forward {
            outputs: vec![inputs[0].linear(&working, None::<&Tensor>)], // (…, in) -> (…, out)
            saved: vec![inputs[0].shallow_clone(), working],
        },
        move |saved, gradients| {
            let Some(gradient) = &gradients[0] else {
                return vec![None, None];
            };
            let (x, working) = (&saved[0], &saved[1]);
            let dx = ask_x.then(|| gradient.matmul(working)); // (…, out) -> (…, in)
            let flat = |x: &Tensor| x.reshape([-1, x.size().last().copied().unwrap_or(1)]); // (…, n) -> (N, n)
            let dw = match &leaf {
                _ if !ask_weight => None,
                Some(leaf) => {
                    add_product(leaf, &flat(gradient), &flat(x));
                    None
                }
                None => Some(product(&flat(gradient), &flat(x), kind)),
            };
            vec![dx, dw]
        },
    )?;
    Ok(outputs.swap_remove(0))
}
// ANCHOR_END: linear

// ANCHOR: add
unsafe extern "C" {
    fn nanocrab_set_gradient(leaf: *mut C_tensor, gradient: *mut C_tensor);
    fn nanocrab_recording() -> bool;
}

/// Whether this thread records for a backward pass.
pub(super) fn recording() -> bool {
    // SAFETY: reads a flag of this thread.
    unsafe { nanocrab_recording() }
}

/// Adds a gradient of the leaf's kind to the leaf's; the first one becomes it.
pub(super) fn add_gradient(leaf: &Tensor, gradient: Tensor) {
    let mut there = leaf.grad();
    if there.defined() {
        let _ = there.g_add_(&gradient);
    } else {
        // SAFETY: both handles are valid during the call, and the gradient has the leaf's shape and kind.
        unsafe { nanocrab_set_gradient(leaf.as_ptr().cast_mut(), gradient.as_ptr().cast_mut()) }
    }
}

/// leaf.grad += gᵀ x for g (N, out) and x (N, in), in one product that begins from what is there.
fn add_product(leaf: &Tensor, g: &Tensor, x: &Tensor) {
    let mut there = leaf.grad(); // another handle on the gradient, not a copy
    if !there.defined() {
        add_gradient(leaf, product(g, x, leaf.kind()));
    } else if g.kind() == there.kind() {
        let _ = there.addmm_(&g.tr(), x);
    } else if g.device() == Device::Cpu {
        let _ = there.addmm_(&g.tr().to_kind(there.kind()), &x.to_kind(there.kind()));
    } else {
        // cuBLAS reads bf16, adds up in fp32 and begins from `there`, where it also writes.
        let _ = there.addmm_dtype_out(&there, &g.tr(), x, there.kind());
    }
}

/// gᵀ x in `kind`: (N, out) and (N, in) -> (out, in).
fn product(g: &Tensor, x: &Tensor, kind: Kind) -> Tensor {
    match g.device() {
        _ if g.kind() == kind => g.tr().mm(x),
        // No CPU kernel multiplies bf16 into fp32. This path is for tests and small machines.
        Device::Cpu => g.tr().to_kind(kind).mm(&x.to_kind(kind)),
        _ => g.tr().mm_dtype(x, kind),
    }
}
// ANCHOR_END: add

// ANCHOR: tables
/// Stores embeddings and value embeddings in bf16, as nanochat does: a table's row is touched by few tokens of a step, and its rate is
/// large, so that bf16's eight bits hold its steps. Their gradients and moments are then bf16 too, which halves what they take.
/// Call it before the optimizer is made; returns how many numbers were changed over.
///
/// # Errors
/// Whatever libtorch says.
pub fn tables_in_bf16(parameters: &[Parameter]) -> Result<i64, Error> {
    let mut numbers = 0;
    for parameter in parameters {
        if matches!(parameter.role, Role::Embedding | Role::ValueTable) {
            let narrow = parameter.tensor.detach().to_kind(Kind::BFloat16);
            // All handles on the parameter see the exchange; a new tensor would be seen by nobody.
            parameter.tensor.shallow_clone().f_set_data(&narrow)?;
            numbers += narrow.numel() as i64;
        }
    }
    Ok(numbers)
}
// ANCHOR_END: tables
