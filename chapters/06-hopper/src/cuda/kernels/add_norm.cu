// stream = x + change, and y = the norm of that: the two lines between any two layers.
//
// Bytes: reads x and change, writes stream and y; apart they would read the stream once more. The backward pass is that of the norm
// (`rms_norm_backward`), which adds the stream's own gradient on its way; it reads y and the scales, so the stream is not kept.

// ANCHOR: forward
extern "C" __global__ void add_norm_forward(const T* x, const T* change, T* stream, T* y, float* scales, long long rows,
                                            int length, int lanes, float eps) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  float squares = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack p = load(x + start + c, length - c);
    const Pack q = load(change + start + c, length - c);
    for (int i = 0; i < W; ++i) {
      // Rounded as the stream will be stored: the norm is that of the stream which the next layer reads.
      T rounded;
      narrow(p.at[i] + q.at[i], rounded);
      p.at[i] = wide(rounded);
      squares += p.at[i] * p.at[i];
    }
    store(p, stream + start + c, length - c);
  }
  const float scale = rsqrtf(group_sum(squares, lanes) / length + eps);
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack p = load(stream + start + c, length - c);  // this thread wrote it
    for (int i = 0; i < W; ++i) p.at[i] *= scale;
    store(p, y + start + c, length - c);
  }
  if (row.alive && row.lane == 0) scales[row.index] = scale;
}
// ANCHOR_END: forward
