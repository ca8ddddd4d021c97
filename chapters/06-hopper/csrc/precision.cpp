// ANCHOR: head
// Gradients that we add to by ourselves: setting a leaf's gradient, and whether this thread records at all. And weights that
// we write to by ourselves: libtorch has to hear of it.

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
// ANCHOR_END: head

// ANCHOR: gradient
// Gives a leaf its gradient; both tensors have one shape, kind and device, which Rust's side has seen to.
extern "C" void nanocrab_set_gradient(at::Tensor* leaf, at::Tensor* gradient) { leaf->mutable_grad() = *gradient; }

// tch can switch grad mode but not read it.
extern "C" bool nanocrab_recording() { return at::GradMode::is_enabled(); }
// ANCHOR_END: gradient

// ANCHOR: changed
// libtorch counts how often a tensor was changed in place. Its own operations count by themselves; for ours we do. Whoever kept
// the number then sees that his copy is old, and autograd refuses a backward pass over a weight that is no longer the one it saw.
extern "C" void nanocrab_changed(at::Tensor* tensor) { tensor->unsafeGetTensorImpl()->bump_version(); }
// ANCHOR_END: changed
