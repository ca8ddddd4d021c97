// ANCHOR: head
//! An operation from two closures: forward, and backward.
//!
//! Words: autograd *records* what is computed and derives each recorded step by itself. A *differentiable operation* is
//! one opaque step of that record: the forward closure computes it (unrecorded), and the backward closure is told the
//! gradient of the loss by each *output* and answers with the gradient by each *input*. What the backward closure needs
//! from the forward pass is *saved* between the two.
//!
//! Why bother, if autograd derives everything? Because we can know better: a fused pass over memory instead of six, a
//! loss whose logits are never stored, a derivative that has a closed form.
//!
//! tch has no such thing. The C++ half is `csrc/differentiable.cpp`; this is the Rust half.

use std::ffi::{CStr, CString, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use tch::Tensor;
use torch_sys::C_tensor;

use crate::Error;
// ANCHOR_END: head

// ANCHOR: forward
/// What a forward closure hands over: the operation's outputs, and what its backward closure will need.
///
/// Saved tensors are watched: if one is changed in place before the backward pass, that pass fails instead of computing
/// something wrong. They are freed right after the backward pass. (A tensor that the backward closure captured by itself
/// is kept equally long, but nobody watches it.)
pub struct Forward {
    pub outputs: Vec<Tensor>,
    pub saved: Vec<Tensor>,
}
// ANCHOR_END: forward

// ANCHOR: differentiable
/// Computes `forward(inputs)` as one step of autograd's record, with `backward` as its derivative.
///
/// - `forward` gets the inputs and computes unrecorded.
/// - `backward` gets the saved tensors and one gradient per output, `None` for an output that the loss does not depend
///   on (or that is no floating-point tensor); it returns one gradient per input, of that input's shape, `None` where
///   there is none to give. It may run on one of autograd's own threads, hence `Send`.
/// - Without gradients (grad mode off, or no input that requires one) `backward` is dropped at once.
/// - The step is derived once, not twice: a second derivative is refused.
///
/// A panic in `forward` is the caller's and passes through. A panic in `backward`, a wrong number of gradients or a
/// gradient of the wrong shape becomes the error of the backward pass (`f_backward` returns it, `backward` panics).
///
/// ```no_run,standalone_crate
/// use tch::{Kind, Tensor};
/// use tensors::differentiable::{Forward, differentiable};
///
/// let x = Tensor::from_slice(&[1.0f32, 2.0]).set_requires_grad(true);
/// let square = differentiable(
///     &[&x],
///     |x| Forward { outputs: vec![&x[0] * &x[0]], saved: vec![x[0].shallow_clone()] },
///     |saved, gradients| vec![gradients[0].as_ref().map(|gradient| gradient * &saved[0] * 2.0)],
/// )?;
/// square[0].sum(Kind::Float).backward();
/// assert_eq!(Vec::<f32>::try_from(x.grad())?, [2.0, 4.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// Whatever libtorch says when the step is recorded.
pub fn differentiable<F, B>(
    inputs: &[&Tensor],
    forward: F,
    backward: B,
) -> Result<Vec<Tensor>, Error>
where
    F: FnOnce(&[Tensor]) -> Forward,
    B: Fn(&[Tensor], &[Option<Tensor>]) -> Vec<Option<Tensor>> + Send + 'static,
{
    let Forward { mut outputs, saved } = {
        let _unrecorded = tch::no_grad_guard();
        let plain: Vec<Tensor> = inputs.iter().map(|input| input.detach()).collect();
        forward(&plain)
    };
    if !recording() || !inputs.iter().any(|input| input.requires_grad()) {
        return Ok(outputs);
    }
    let shapes = inputs.iter().map(|input| input.size()).collect();
    let closure = Box::new(Backward {
        closure: Box::new(backward),
        shapes,
    });
    let mut input_pointers: Vec<_> = inputs
        .iter()
        .map(|tensor| tensor.as_ptr().cast_mut())
        .collect();
    let mut output_pointers: Vec<_> = outputs
        .iter_mut()
        .map(|tensor| tensor.as_mut_ptr())
        .collect();
    let mut saved_pointers: Vec<_> = saved
        .iter()
        .map(|tensor| tensor.as_ptr().cast_mut())
        .collect();
    // SAFETY: the pointers are valid during the call; the closure is given away and comes back once, through `release`.
    let message = unsafe {
        nanocrab_differentiable(
            input_pointers.as_mut_ptr(),
            input_pointers.len(),
            output_pointers.as_mut_ptr(),
            output_pointers.len(),
            saved_pointers.as_mut_ptr(),
            saved_pointers.len(),
            GlueClosure {
                data: Box::into_raw(closure).cast(),
                backward: run_backward,
                release,
            },
        )
    };
    match take_message(message) {
        None => Ok(outputs),
        Some(message) => Err(Error::Recording { message }),
    }
}
// ANCHOR_END: differentiable

// ANCHOR: recording
/// Whether this thread records what is computed (grad mode belongs to the thread). tch can switch grad mode but not read it; switching returns what it was.
pub fn recording() -> bool {
    // SAFETY: a thread-local flag, set and set back.
    unsafe {
        let was = torch_sys::at_grad_set_enabled(1) != 0;
        torch_sys::at_grad_set_enabled(was.into());
        was
    }
}
// ANCHOR_END: recording

// ANCHOR: glue
/// The backward closure and what is needed to check its answer.
struct Backward {
    closure: BackwardClosure,
    /// Of each input.
    shapes: Vec<Vec<i64>>,
}

type BackwardClosure = Box<dyn Fn(&[Tensor], &[Option<Tensor>]) -> Vec<Option<Tensor>> + Send>;

/// `Closure` of csrc/differentiable.cpp.
#[repr(C)]
struct GlueClosure {
    data: *mut c_void,
    backward: unsafe extern "C" fn(
        *mut c_void,
        *mut *mut C_tensor,
        usize,
        *mut *mut C_tensor,
        usize,
        *mut *mut C_tensor,
        usize,
    ) -> *mut c_char,
    release: unsafe extern "C" fn(*mut c_void),
}

unsafe extern "C" {
    fn nanocrab_differentiable(
        inputs: *mut *mut C_tensor,
        input_count: usize,
        outputs: *mut *mut C_tensor,
        output_count: usize,
        saved: *mut *mut C_tensor,
        saved_count: usize,
        closure: GlueClosure,
    ) -> *mut c_char;
}

unsafe extern "C" fn release(data: *mut c_void) {
    // SAFETY: the pointer that `differentiable` made, given back once. A tensor's release does not panic.
    drop(unsafe { Box::from_raw(data.cast::<Backward>()) });
}

/// Copies a message into memory from malloc, which C++ frees.
fn give_message(message: &str) -> *mut c_char {
    let text = CString::new(message.replace('\0', " ")).expect("no zero byte is left");
    // SAFETY: a valid C string.
    unsafe { libc::strdup(text.as_ptr()) }
}

fn take_message(message: *mut c_char) -> Option<String> {
    if message.is_null() {
        return None;
    }
    // SAFETY: a C string from malloc, ours to free.
    unsafe {
        let text = CStr::from_ptr(message).to_string_lossy().into_owned();
        libc::free(message.cast());
        Some(text)
    }
}
// ANCHOR_END: glue

// ANCHOR: backward
/// Called by the C++ node during the backward pass. Nothing may unwind out of here.
unsafe extern "C" fn run_backward(
    data: *mut c_void,
    saved: *mut *mut C_tensor,
    saved_count: usize,
    gradients: *mut *mut C_tensor,
    gradient_count: usize,
    results: *mut *mut C_tensor,
    result_count: usize,
) -> *mut c_char {
    let answer = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the node passes arrays of these lengths that outlive the call, and `data` is the closure it owns.
        // Cloning a pointer makes a new handle on the same tensor.
        let (backward, saved, gradients) = unsafe {
            let saved = std::slice::from_raw_parts(slice_start(saved), saved_count);
            let gradients = std::slice::from_raw_parts(slice_start(gradients), gradient_count);
            let backward = &*data.cast::<Backward>();
            let saved: Vec<Tensor> = saved
                .iter()
                .map(|&tensor| Tensor::clone_from_ptr(tensor))
                .collect();
            let gradients: Vec<Option<Tensor>> = gradients
                .iter()
                .map(|&tensor| (!tensor.is_null()).then(|| Tensor::clone_from_ptr(tensor)))
                .collect();
            (backward, saved, gradients)
        };
        let answer = (backward.closure)(&saved, &gradients);
        check(&answer, &backward.shapes).map(|()| answer)
    }));
    match answer {
        Ok(Ok(answer)) => {
            // SAFETY: `check` has counted; each handle is given away to the node.
            let results =
                unsafe { std::slice::from_raw_parts_mut(slice_start(results), result_count) };
            for (slot, gradient) in results.iter_mut().zip(answer) {
                if let Some(gradient) = gradient {
                    *slot = std::mem::ManuallyDrop::new(gradient).as_mut_ptr();
                }
            }
            std::ptr::null_mut()
        }
        Ok(Err(message)) => give_message(&message),
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            let text = text.unwrap_or_else(|| "no message".to_string());
            give_message(&format!(
                "the backward closure of a differentiable operation panicked: {text}"
            ))
        }
    }
}

/// An empty C++ vector's data may be null, which a Rust slice must not be.
fn slice_start(pointer: *mut *mut C_tensor) -> *mut *mut C_tensor {
    if pointer.is_null() {
        std::ptr::NonNull::dangling().as_ptr()
    } else {
        pointer
    }
}
// ANCHOR_END: backward

// ANCHOR: check
/// One gradient per input, each of its input's shape. Autograd itself would let a broadcastable shape pass and sum.
fn check(answer: &[Option<Tensor>], shapes: &[Vec<i64>]) -> Result<(), String> {
    if answer.len() != shapes.len() {
        return Err(format!(
            "the backward closure of a differentiable operation returned {} gradients for {} inputs: return one per \
             input, None where there is none",
            answer.len(),
            shapes.len()
        ));
    }
    for (index, (gradient, shape)) in answer.iter().zip(shapes).enumerate() {
        if let Some(gradient) = gradient
            .as_ref()
            .filter(|gradient| gradient.size() != *shape)
        {
            return Err(format!(
                "the backward closure of a differentiable operation returned a gradient of shape {:?} for input \
                 {index}, which has shape {shape:?}",
                gradient.size()
            ));
        }
    }
    Ok(())
}
// ANCHOR_END: check
