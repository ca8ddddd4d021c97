// y = v + 3 σ(gate) · e: value embeddings e are added to the values v, head by head. v, e (rows, length), gate (rows).
//
// Bytes: forward reads v and e and writes y. Backward reads dy and e and writes de; dv is dy itself.

// ANCHOR: forward
__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

extern "C" __global__ void add_gated_forward(const T* v, const T* e, const T* gate, T* y, long long rows, int length,
                                             int lanes) {
  const Row row = my_row(rows, lanes);
  if (!row.alive) return;  // no sum here that would wait for this thread
  const long long start = row.index * length;
  const float share = 3.0f * sigmoid(wide(gate[row.index]));
  for (int c = row.lane * W; c < length; c += lanes * W) {
    Pack p = load(v + start + c, length - c);
    const Pack q = load(e + start + c, length - c);
    for (int i = 0; i < W; ++i) p.at[i] += share * q.at[i];
    store(p, y + start + c, length - c);
  }
}
// ANCHOR_END: forward

// ANCHOR: backward
// σ' = σ (1 - σ), so dgate = 3 σ (1 - σ) · Σ dy e over the row.
extern "C" __global__ void add_gated_backward(const T* dy, const T* e, const T* gate, T* de, T* dgate, long long rows,
                                              int length, int lanes) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  const float open = row.alive ? sigmoid(wide(gate[row.index])) : 0.0f;
  float along = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    const Pack g = load(dy + start + c, length - c);
    Pack q = load(e + start + c, length - c);
    for (int i = 0; i < W; ++i) {
      along += g.at[i] * q.at[i];
      q.at[i] = 3.0f * open * g.at[i];
    }
    store(q, de + start + c, length - c);
  }
  along = group_sum(along, lanes);
  if (row.alive && row.lane == 0) narrow(3.0f * open * (1.0f - open) * along, dgate[row.index]);
}
// ANCHOR_END: backward
