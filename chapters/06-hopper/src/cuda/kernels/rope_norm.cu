// Each head of q or k is turned by its position, normalised, and multiplied by a factor: (B, T, H, D) in and out.
//
// A head has D numbers; number c of the first half is turned together with number c of the second, by the angle whose
// cosine and sine the tables hold: `half` = D / 2 of them for each of `positions` positions, in fp32. Row r of x is head
// r % heads of place r / heads; where all rows of a batch have the same positions, the tables are used again and again.
//
// Bytes: forward reads x and writes y, backward reads y and dy and writes dx. The tables stay in the L2 cache. Attention keeps y
// anyway; with it goes one fp32 number per head to the backward pass, and x is not kept.

// ANCHOR: turned
struct Turned {
  float first, second;
};

__device__ inline Turned turn(float first, float second, float cosine, float sine) {
  return {first * cosine + second * sine, second * cosine - first * sine};
}
// ANCHOR_END: turned

// ANCHOR: forward
extern "C" __global__ void rope_norm_forward(const T* x, const float* cosines, const float* sines, T* y, float* scales,
                                             long long rows, int half, int lanes, int heads, long long positions,
                                             float eps, float factor) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * half * 2;
  const long long table = row.index / heads % positions * half;
  const int end = row.alive ? half : 0;
  float squares = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack a = load(x + start + c, half - c), b = load(x + start + half + c, half - c);
    for (int i = 0; i < W && c + i < half; ++i) {
      const Turned u = turn(a.at[i], b.at[i], cosines[table + c + i], sines[table + c + i]);
      squares += u.first * u.first + u.second * u.second;
    }
  }
  const float scale = factor * rsqrtf(group_sum(squares, lanes) / (2 * half) + eps);
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack a = load(x + start + c, half - c), b = load(x + start + half + c, half - c);
    for (int i = 0; i < W && c + i < half; ++i) {
      const Turned u = turn(a.at[i], b.at[i], cosines[table + c + i], sines[table + c + i]);
      a.at[i] = u.first * scale;
      b.at[i] = u.second * scale;
    }
    store(a, y + start + c, half - c);
    store(b, y + start + half + c, half - c);
  }
  if (row.alive && row.lane == 0) scales[row.index] = scale;
}
// ANCHOR_END: forward

// ANCHOR: backward
// The chain from the end. With f the factor, n = y / f what the norm gave, and the stored s = f / sqrt(mean + eps), factor and norm
// give s (dy - n · mean(dy · n)) = s (dy - y · mean(dy · y) / f²), as in rms_norm_backward, and as there y is off by its rounding. Then
// comes the turn's transpose, which is the turn by the negative angle.
extern "C" __global__ void rope_norm_backward(const T* dy, const T* y, const float* cosines, const float* sines,
                                              const float* scales, T* dx, long long rows, int half,
                                              int lanes, int heads, long long positions, float factor) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * half * 2;
  const long long table = row.index / heads % positions * half;
  const int end = row.alive ? half : 0;
  float along = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack a = load(y + start + c, half - c), b = load(y + start + half + c, half - c);
    const Pack g = load(dy + start + c, half - c), h = load(dy + start + half + c, half - c);
    for (int i = 0; i < W; ++i) along += g.at[i] * a.at[i] + h.at[i] * b.at[i];
  }
  const float pull = group_sum(along, lanes) / (2 * half * factor * factor);
  const float scale = row.alive ? scales[row.index] : 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack a = load(y + start + c, half - c), b = load(y + start + half + c, half - c);
    const Pack g = load(dy + start + c, half - c), h = load(dy + start + half + c, half - c);
    for (int i = 0; i < W && c + i < half; ++i) {
      const float first = scale * (g.at[i] - pull * a.at[i]);
      const float second = scale * (h.at[i] - pull * b.at[i]);
      const Turned back = turn(first, second, cosines[table + c + i], -sines[table + c + i]);
      a.at[i] = back.first;
      b.at[i] = back.second;
    }
    store(a, dx + start + c, half - c);
    store(b, dx + start + half + c, half - c);
  }
}
// ANCHOR_END: backward
