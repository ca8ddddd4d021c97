// A batched product that is added to what is there. tch has it with both factors, making a new tensor, and in place,
// without the factors.

#include <ATen/core/Tensor.h>

#include <cstring>
#include <exception>

// ANCHOR: add_product
// out = beta · out + alpha · left · right for a stack of matrices: (N, R, K) · (N, K, C) -> (N, R, C). Returns null, or a
// message from malloc.
extern "C" char* nanocrab_add_product(at::Tensor* out, const at::Tensor* left, const at::Tensor* right, double beta,
                                      double alpha) {
  try {
    out->baddbmm_(*left, *right, beta, alpha);
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}
// ANCHOR_END: add_product
