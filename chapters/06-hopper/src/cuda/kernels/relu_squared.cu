// y = max(x, 0)², and dx = 2 max(x, 0) dy. Bytes: read x, write y; read x and dy, write dx.

// ANCHOR: relu_squared
extern "C" __global__ void relu_squared_forward(const T* x, T* y, long long total) {
  for (long long at = first_place(); at < total; at += stride()) {
    Pack p = load(x + at, total - at);
    for (int i = 0; i < W; ++i) {
      const float positive = p.at[i] < 0.0f ? 0.0f : p.at[i];  // and not fmaxf, which would make a NaN a zero
      p.at[i] = positive * positive;
    }
    store(p, y + at, total - at);
  }
}

extern "C" __global__ void relu_squared_backward(const T* dy, const T* x, T* dx, long long total) {
  for (long long at = first_place(); at < total; at += stride()) {
    Pack p = load(x + at, total - at);
    const Pack g = load(dy + at, total - at);
    for (int i = 0; i < W; ++i) p.at[i] = p.at[i] < 0.0f ? 0.0f : 2.0f * p.at[i] * g.at[i];
    store(p, dx + at, total - at);
  }
}
// ANCHOR_END: relu_squared
