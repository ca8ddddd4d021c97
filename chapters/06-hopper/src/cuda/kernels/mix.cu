// y = r x + s x0 with two trained scalars, which are read where they lie: fetching them to the CPU would make it wait.
//
// Bytes: forward reads x and x0 and writes y. Backward reads dy, x and x0 and writes dx and dx0; the gradients of r and s,
// sums over all of dy·x and dy·x0, are added up while these pass by.

// ANCHOR: forward
extern "C" __global__ void mix_forward(const float* r, const T* x, const float* s, const T* x0, T* y, long long total) {
  const float of_x = *r, of_x0 = *s;
  for (long long at = first_place(); at < total; at += stride()) {
    Pack p = load(x + at, total - at);
    const Pack q = load(x0 + at, total - at);
    for (int i = 0; i < W; ++i) p.at[i] = of_x * p.at[i] + of_x0 * q.at[i];
    store(p, y + at, total - at);
  }
}
// ANCHOR_END: forward

// ANCHOR: backward
// First stage: every block leaves its two sums in `sums` (blocks, 2).
extern "C" __global__ void mix_backward(const T* dy, const float* r, const T* x, const float* s, const T* x0, T* dx,
                                        T* dx0, float* sums, long long total) {
  const float of_x = *r, of_x0 = *s;
  float dr = 0.0f, ds = 0.0f;
  for (long long at = first_place(); at < total; at += stride()) {
    const Pack g = load(dy + at, total - at);
    Pack p = load(x + at, total - at), q = load(x0 + at, total - at);
    for (int i = 0; i < W; ++i) {
      dr += g.at[i] * p.at[i];
      ds += g.at[i] * q.at[i];
      p.at[i] = of_x * g.at[i];
      q.at[i] = of_x0 * g.at[i];
    }
    store(p, dx + at, total - at);
    store(q, dx0 + at, total - at);
  }
  dr = block_sum(dr);
  ds = block_sum(ds);
  if (threadIdx.x == 0) {
    sums[2 * blockIdx.x] = dr;
    sums[2 * blockIdx.x + 1] = ds;
  }
}

// Second stage, one block: adds up what the blocks left, thread t those of blocks t, t + blockDim, … Which block's
// sum goes where depends on the sizes alone, so the result is the same every time.
extern "C" __global__ void mix_sums(const float* sums, float* dr, float* ds, int blocks) {
  float first = 0.0f, second = 0.0f;
  for (int block = threadIdx.x; block < blocks; block += blockDim.x) {
    first += sums[2 * block];
    second += sums[2 * block + 1];
  }
  first = block_sum(first);
  second = block_sum(second);
  if (threadIdx.x == 0) {
    *dr = first;
    *ds = second;
  }
}
// ANCHOR_END: backward
