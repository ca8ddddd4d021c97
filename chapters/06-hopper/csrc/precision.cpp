// ANCHOR: head
// Gradients that we add to by ourselves: setting a leaf's gradient, and whether this thread records at all.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
// ANCHOR_END: head

// ANCHOR: gradient
// Gives a leaf its gradient; both tensors have one shape, kind and device, which Rust's side has seen to.
extern "C" void nanocrab_set_gradient(at::Tensor* leaf, at::Tensor* gradient) { leaf->mutable_grad() = *gradient; }

// tch can switch grad mode but not read it.
extern "C" bool nanocrab_recording() { return at::GradMode::is_enabled(); }
// ANCHOR_END: gradient
