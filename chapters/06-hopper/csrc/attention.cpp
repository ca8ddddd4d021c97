// ANCHOR: head
// Attention's back ends: asking libtorch which are allowed and in which order, and calling the one that tch does not bind.
//
// Words: a *back end* is one implementation of softmax(q kᵀ / √D) v; numbers are those of `at::SDPBackend`: 0 math, 1 flash,
// 2 efficient, 3 cuDNN, 4 a device's own. The switches belong to the process, not to a thread.

#include <ATen/Context.h>
#include <ATen/core/Tensor.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <ATen/ops/_flash_attention_forward.h>

#include <cstring>
#include <vector>

using at::Tensor;
// ANCHOR_END: head

// ANCHOR: order
// Every function that can fail returns null, or a message from malloc that the caller frees.
//
// The order in which back ends are tried: `at::num_sdp_backends` numbers. libtorch decides it at the first question,
// because only then it knows the GPU and its cuDNN.
extern "C" char* nanocrab_sdp_order(int64_t* numbers) {
  try {
    for (auto backend : at::globalContext().sDPPriorityOrder()) *numbers++ = static_cast<int64_t>(backend);
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}

extern "C" char* nanocrab_sdp_set_order(const int64_t* numbers, size_t count) {
  try {
    at::globalContext().setSDPPriorityOrder(std::vector<int64_t>(numbers, numbers + count));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}

extern "C" bool nanocrab_sdp_allowed(int64_t backend) {
  auto& context = at::globalContext();
  switch (static_cast<at::SDPBackend>(backend)) {
    case at::SDPBackend::math: return context.userEnabledMathSDP();
    case at::SDPBackend::flash_attention: return context.userEnabledFlashSDP();
    case at::SDPBackend::efficient_attention: return context.userEnabledMemEfficientSDP();
    case at::SDPBackend::cudnn_attention: return context.userEnabledCuDNNSDP();
    case at::SDPBackend::overrideable: return context.userEnabledOverrideableSDP();
    default: return false;
  }
}

extern "C" void nanocrab_sdp_allow(int64_t backend, bool allowed) {
  auto& context = at::globalContext();
  switch (static_cast<at::SDPBackend>(backend)) {
    case at::SDPBackend::math: return context.setSDPUseMath(allowed);
    case at::SDPBackend::flash_attention: return context.setSDPUseFlash(allowed);
    case at::SDPBackend::efficient_attention: return context.setSDPUseMemEfficient(allowed);
    case at::SDPBackend::cudnn_attention: return context.setSDPUseCuDNN(allowed);
    case at::SDPBackend::overrideable: return context.setSDPUseOverrideable(allowed);
    default: return;
  }
}

// The cuDNN that was loaded, such as 91501 for 9.15.1; 0 without one. The one that was *compiled against* is another question.
extern "C" int64_t nanocrab_cudnn_version() {
  try {
    auto& hooks = at::detail::getCUDAHooks();
    return hooks.hasCuDNN() ? hooks.versionRuntimeCuDNN() : 0;
  } catch (const std::exception&) {
    return 0;  // a libtorch without CUDA throws at the question
  }
}
// ANCHOR_END: order

// ANCHOR: flash
// FlashAttention-2 with a window: query t sees keys t − left … t. q (B, T, H, D), k and v (B, T, K, D), fp16 or bf16 on a
// GPU -> (B, T, H, D). The call goes through the dispatcher, so autograd records it and knows its derivative
// (`FlashAttentionBackward0` keeps both window sizes): no backward of our own is needed.
extern "C" char* nanocrab_flash_window(Tensor* q, Tensor* k, Tensor* v, int64_t left, Tensor** output) {
  try {
    auto results = at::_flash_attention_forward(
        *q, *k, *v, /*cum_seq_q=*/std::nullopt, /*cum_seq_k=*/std::nullopt, /*max_q=*/q->size(1), /*max_k=*/k->size(1),
        /*dropout_p=*/0.0, /*is_causal=*/true, /*return_debug_mask=*/false, /*scale=*/std::nullopt,
        /*window_size_left=*/left, /*window_size_right=*/0);
    *output = new Tensor(std::get<0>(results));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}
// ANCHOR_END: flash
