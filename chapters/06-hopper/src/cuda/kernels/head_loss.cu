// Softcap and cross-entropy of some rows of logits, and the loss's gradient by the logits, written over them.
//
// One block takes one row of V logits. It reads them to find the softmax's denominator, and a second time, from the L2
// cache, to replace each by its gradient. Bytes: one read and one write of bf16, where separate operations on fp32 copies
// take some fifteen times as much.

// ANCHOR: online
// The softmax's denominator Σ exp(z - m) with m = max z, in one sweep although m is known only at its end: what has been
// summed so far is corrected whenever a larger z turns up.
struct Online {
  float most, sum;
};

__device__ inline Online nothing_yet() { return {-infinity(), 0.0f}; }

__device__ inline Online join(Online a, Online b) {
  const float most = fmaxf(a.most, b.most);
  if (most == -infinity()) return nothing_yet();  // two that are empty: -inf minus -inf would be no number
  return {most, a.sum * expf(a.most - most) + b.sum * expf(b.most - most)};
}

__device__ inline Online join_block(Online mine) {
  __shared__ Online of_warp[32];
  for (int distance = 16; distance > 0; distance /= 2) {
    const Online other = {__shfl_xor_sync(0xffffffffu, mine.most, distance),
                          __shfl_xor_sync(0xffffffffu, mine.sum, distance)};
    mine = join(mine, other);
  }
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = mine;
  __syncthreads();
  Online all = nothing_yet();
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) all = join(all, of_warp[warp]);
  return all;
}
// ANCHOR_END: online

// ANCHOR: loss
// z = cap · tanh(l / cap); loss = ln Σ exp(z) - z_target. Target -1: the position does not count, its loss and gradient
// are 0. A target that is no column has no loss: NaN says so, where a wrong number would not.
extern "C" __global__ void head_loss(T* logits, const long long* targets, float* losses, int vocabulary, float cap,
                                     int with_gradient) {
  T* row = logits + blockIdx.x * (long long)vocabulary;
  const long long target = targets[blockIdx.x];
  const bool counts = target != -1;

  Online mine = nothing_yet();
  if (counts) {
    for (int c = threadIdx.x * W; c < vocabulary; c += blockDim.x * W) {
      const Pack p = load(row + c, vocabulary - c);
      for (int i = 0; i < W && c + i < vocabulary; ++i)
        mine = join(mine, {cap * tanhf(p.at[i] / cap), 1.0f});
    }
  }
  const Online all = join_block(mine);
  const float log_sum = logf(all.sum) + all.most;
  if (threadIdx.x == 0) {
    if (!counts)
      losses[blockIdx.x] = 0.0f;
    else if (target < 0 || target >= vocabulary)
      losses[blockIdx.x] = not_a_number();
    else
      losses[blockIdx.x] = log_sum - cap * tanhf(wide(row[target]) / cap);
  }
  if (!with_gradient) return;

  // dloss/dz = softmax(z) - [target], and dz/dl = 1 - tanh²(l / cap).
  __syncthreads();  // thread 0 has read the target's logit, which another thread is about to overwrite
  for (int c = threadIdx.x * W; c < vocabulary; c += blockDim.x * W) {
    Pack p = load(row + c, vocabulary - c);
    for (int i = 0; i < W; ++i) {
      const float bent = tanhf(p.at[i] / cap);
      const float probability = expf(cap * bent - log_sum);
      const float by_z = probability - (c + i == target ? 1.0f : 0.0f);
      p.at[i] = counts ? by_z * (1.0f - bent * bent) : 0.0f;
    }
    store(p, row + c, vocabulary - c);
  }
}
// ANCHOR_END: loss
