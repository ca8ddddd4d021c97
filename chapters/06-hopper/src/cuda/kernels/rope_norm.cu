// Each head of q or k is turned by its position, normalised, and multiplied by a factor: (B, T, H, D) in and out.
//
// A head has D numbers; number c of the first half is turned together with number c of the second, by the angle whose
// cosine and sine the tables hold: `half` = D / 2 of them for each of `positions` positions, in fp32. Row r of x is head
// r % heads of place r / heads; where all rows of a batch have the same positions, the tables are used again and again.
//
// Bytes: forward reads x and writes y, backward reads x and dy and writes dx. The tables stay in the L2 cache.

// ANCHOR: turned
struct Turned {
  float first, second;
};

__device__ inline Turned turn(float first, float second, float cosine, float sine) {
  return {first * cosine + second * sine, second * cosine - first * sine};
}
// ANCHOR_END: turned

// ANCHOR: forward
extern "C" __global__ void rope_norm_forward(const T* x, const float* cosines, const float* sines, T* y, long long rows,
                                             int half, int lanes, int heads, long long positions, float eps,
                                             float factor) {
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
}
// ANCHOR_END: forward

// ANCHOR: backward
// The chain from the end: factor and norm as in rms_norm_backward, with the turned u in the place of x; then the turn's
// transpose, which is the turn by the negative angle.
extern "C" __global__ void rope_norm_backward(const T* dy, const T* x, const float* cosines, const float* sines, T* dx,
                                              long long rows, int half, int lanes, int heads, long long positions,
                                              float eps, float factor) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * half * 2;
  const long long table = row.index / heads % positions * half;
  const int end = row.alive ? half : 0;
  float squares = 0.0f, along = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack a = load(x + start + c, half - c), b = load(x + start + half + c, half - c);
    const Pack g = load(dy + start + c, half - c), h = load(dy + start + half + c, half - c);
    for (int i = 0; i < W && c + i < half; ++i) {
      const Turned u = turn(a.at[i], b.at[i], cosines[table + c + i], sines[table + c + i]);
      squares += u.first * u.first + u.second * u.second;
      along += g.at[i] * u.first + h.at[i] * u.second;
    }
  }
  squares = group_sum(squares, lanes);
  along = group_sum(along, lanes);
  const float scale = rsqrtf(squares / (2 * half) + eps);
  const float pull = scale * scale * along / (2 * half);
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack a = load(x + start + c, half - c), b = load(x + start + half + c, half - c);
    const Pack g = load(dy + start + c, half - c), h = load(dy + start + half + c, half - c);
    for (int i = 0; i < W && c + i < half; ++i) {
      const float cosine = cosines[table + c + i], sine = sines[table + c + i];
      const Turned u = turn(a.at[i], b.at[i], cosine, sine);
      const float first = factor * scale * (g.at[i] - pull * u.first);
      const float second = factor * scale * (h.at[i] - pull * u.second);
      const Turned back = turn(first, second, cosine, -sine);
      a.at[i] = back.first;
      b.at[i] = back.second;
    }
    store(a, dx + start + c, half - c);
    store(b, dx + start + half + c, half - c);
  }
}
// ANCHOR_END: backward
