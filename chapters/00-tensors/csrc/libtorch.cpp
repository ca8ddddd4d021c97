// Questions about libtorch itself, and the one thing about gradients that tch does not offer.

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <dlfcn.h>
#include <torch/version.h>

// ANCHOR: library
// The version of the headers that this glue was compiled against.
extern "C" const char* nanocrab_libtorch_version() { return TORCH_VERSION; }

// The file that libtorch_cpu was loaded from, or null. Asks for the address of one of its functions and does not call
// it: nothing of libtorch is initialised by the question, so CUDA's libraries can still be loaded in time.
extern "C" const char* nanocrab_libtorch_file() {
  Dl_info info;
  at::Context& (*function)() = &at::globalContext;
  return dladdr(reinterpret_cast<void*>(function), &info) ? info.dli_fname : nullptr;
}
// ANCHOR_END: library

// ANCHOR: clear-gradient
// Forgets a leaf's gradient. The next backward pass then stores its result, instead of adding it to a tensor of zeros.
extern "C" void nanocrab_clear_gradient(at::Tensor* tensor) { tensor->mutable_grad().reset(); }
// ANCHOR_END: clear-gradient
