// stream = r x + s x0 with two trained scalars, and y = the norm of that: what a layer with residual scalars begins with.
//
// Bytes: forward reads x and x0 and writes stream and y. Backward reads two gradients, y and x0, and writes dx and dx0. x is not
// kept: with y / scale the stream is there again, and with it the sum that r's gradient needs.

// ANCHOR: forward
extern "C" __global__ void mix_norm_forward(const float* r, const T* x, const float* s, const T* x0, T* stream, T* y,
                                            float* scales, long long rows, int length, int lanes, float eps) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  const float of_x = *r, of_x0 = *s;
  float squares = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack p = load(x + start + c, length - c);
    const Pack q = load(x0 + start + c, length - c);
    for (int i = 0; i < W; ++i) {
      T rounded;  // as add_norm does: the norm is that of the stream as it is stored
      narrow(of_x * p.at[i] + of_x0 * q.at[i], rounded);
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

// ANCHOR: backward
// d, the gradient by the stream, is what comes past the norm (`dstream`) and through it (`dy`); null is a gradient of zeros. First
// stage: every block leaves its sums of d · stream and of d · x0 in `sums` (blocks, 2).
extern "C" __global__ void mix_norm_backward(const T* dstream, const T* dy, const T* y, const float* scales,
                                             const float* r, const float* s, const T* x0, T* dx, T* dx0, float* sums,
                                             long long rows, int length, int lanes) {
  const Row row = my_row(rows, lanes);
  const long long start = row.index * length;
  const int end = row.alive ? length : 0;
  const float of_x = *r, of_x0 = *s;
  float along = 0.0f;
  if (dy) {
    for (int c = row.lane * W; c < end; c += lanes * W) {
      const Pack p = load(y + start + c, length - c), g = load(dy + start + c, length - c);
      for (int i = 0; i < W; ++i) along += g.at[i] * p.at[i];
    }
  }
  const float pull = group_sum(along, lanes) / length;
  const float scale = row.alive ? scales[row.index] : 1.0f;
  float by_stream = 0.0f, by_x0 = 0.0f;
  for (int c = row.lane * W; c < end; c += lanes * W) {
    Pack d = {};
    if (dstream) d = load(dstream + start + c, length - c);
    const Pack p = load(y + start + c, length - c);
    if (dy) {
      const Pack g = load(dy + start + c, length - c);
      for (int i = 0; i < W; ++i) d.at[i] += scale * (g.at[i] - pull * p.at[i]);
    }
    Pack q = load(x0 + start + c, length - c);
    for (int i = 0; i < W; ++i) {
      by_stream += d.at[i] * p.at[i] / scale;
      by_x0 += d.at[i] * q.at[i];
      q.at[i] = of_x0 * d.at[i];
      d.at[i] = of_x * d.at[i];
    }
    store(d, dx + start + c, length - c);
    store(q, dx0 + start + c, length - c);
  }
  by_stream = block_sum(by_stream);
  by_x0 = block_sum(by_x0);
  if (threadIdx.x == 0) {
    sums[2 * blockIdx.x] = by_stream;
    sums[2 * blockIdx.x + 1] = by_x0;
  }
}

// Second stage, one block, as mix_sums; then, since x = (stream - s x0) / r,
//   dr = (sum of d · stream - s · ds) / r.
// y was rounded, so the stream that was made of it is off, and division by a small r makes that large. r cannot be looked at
// before the launch without making the CPU wait, so x could not have been kept just in case: below 1/64 r is not divided by, but 1/64
// with its sign. dr is then shorter than it should be by |r| · 64, has the right sign, and is 0 where r is 0. (r begins above 1.)
extern "C" __global__ void mix_norm_sums(const float* sums, const float* r, const float* s, float* dr, float* ds,
                                         int blocks) {
  float first = 0.0f, second = 0.0f;
  for (int block = threadIdx.x; block < blocks; block += blockDim.x) {
    first += sums[2 * block];
    second += sums[2 * block + 1];
  }
  first = block_sum(first);
  second = block_sum(second);
  if (threadIdx.x == 0) {
    const float smallest = 1.0f / 64, size = *r < 0.0f ? -*r : *r;
    const float divisor = size < smallest ? (*r < 0.0f ? -smallest : smallest) : *r;
    *dr = (first - *s * second) / divisor;
    *ds = second;
  }
}
// ANCHOR_END: backward
