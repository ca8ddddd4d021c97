// y = x / sqrt(mean(x²) + eps), row by row.
//
// Bytes: forward reads x and writes y; backward reads y and dy and writes dx. Each loop goes over the row twice, but the
// second time it lies in the L1 cache (a row of 1280 in bf16 has 2.5 KB). From forward to backward go y, which the product
// behind the norm keeps anyway, and one fp32 number per row; x is not kept.

// ANCHOR: forward
extern "C" __global__ void rms_norm_forward(const T* x, T* y, float* scales, long long rows, int length, int lanes,
                                            float eps) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  float squares = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack p = load(x + start + c, length - c);
    for (int i = 0; i < W; ++i) squares += p.at[i] * p.at[i];
  }
  const float scale = rsqrtf(group_sum(squares, lanes) / length + eps);
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack p = load(x + start + c, length - c);
    for (int i = 0; i < W; ++i) p.at[i] *= scale;
    store(p, y + start + c, length - c);
  }
  if (row.alive && row.lane == 0) scales[row.index] = scale;
}
// ANCHOR_END: forward

// ANCHOR: backward
// With s = 1 / sqrt(mean(x²) + eps): y_j = s x_j, and ds/dx_i = -s³ x_i / n. So dx_i = s dy_i - s³ x_i · mean(dy · x), and with x = y / s
//   dx_i = s (dy_i - y_i · mean(dy · y)).
// The second term takes out of dy what points along y, since the length of x has no say in y. `dstream` is the gradient that reaches
// x on another way, past the norm, and is added; null where there is none.
//
// In bf16 y was rounded when it was stored, by up to 1/256 of a number, and the second term inherits that: an error of the size of the
// one that dx gets when it is rounded itself. It is largest, next to dx, where dy points along y and little of it is left.
extern "C" __global__ void rms_norm_backward(const T* dy, const T* y, const float* scales, const T* dstream, T* dx,
                                             long long rows, int length, int lanes) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  float along = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack p = load(y + start + c, length - c), g = load(dy + start + c, length - c);
    for (int i = 0; i < W; ++i) along += g.at[i] * p.at[i];
  }
  const float pull = group_sum(along, lanes) / length;
  const float scale = row.alive ? scales[row.index] : 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack p = load(y + start + c, length - c), g = load(dy + start + c, length - c);
    Pack d;
    for (int i = 0; i < W; ++i) d.at[i] = scale * (g.at[i] - pull * p.at[i]);
    if (dstream) {
      const Pack passing = load(dstream + start + c, length - c);
      for (int i = 0; i < W; ++i) d.at[i] += passing.at[i];
    }
    store(d, dx + start + c, length - c);
  }
}
// ANCHOR_END: backward
