// y = max(x, 0)², and dx = 2 max(x, 0) dy = 2 √y dy. Bytes: read x, write y; read y and dy, write dx.
//
// The product behind relu² keeps y anyway; x, the largest tensor of a layer, is not kept. In bf16 y was rounded by up to 1/256 of
// itself, √y is off by half of that: less than what rounding dx may add. (The square of an x below 10⁻¹⁹
// is too small for fp32, and its gradient, 10⁻¹⁹ dy, is lost.)

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

extern "C" __global__ void relu_squared_backward(const T* dy, const T* y, T* dx, long long total) {
  for (long long at = first_place(); at < total; at += stride()) {
    Pack p = load(y + at, total - at);
    const Pack g = load(dy + at, total - at);
    for (int i = 0; i < W; ++i) p.at[i] = 2.0f * sqrtf(p.at[i]) * g.at[i];
    store(p, dx + at, total - at);
  }
}
// ANCHOR_END: relu_squared
