// A tensor in fp8: one scale for the whole of it, chosen so that its largest number becomes the format's largest.
//
// Words: *amax* is the largest absolute value. e4m3 (largest 448) is for weights and activations, e5m2 (largest 57344,
// less precise) for gradients, whose range is wider. A matrix product of fp8 wants both operands with the summed dimension lying
// contiguous; what is multiplied in both directions is therefore kept transposed too.

#ifndef NANOCRAB_EMULATED
#include <cuda_fp8.h>
#endif

// ANCHOR: amax
__device__ inline float block_max(float value) {
  __shared__ float of_warp[32];
  for (int distance = 16; distance > 0; distance /= 2)
    value = fmaxf(value, __shfl_xor_sync(0xffffffffu, value, distance));
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) value = fmaxf(value, of_warp[warp]);
  return value;
}

// First stage: the largest of each block.
extern "C" __global__ void fp8_amax(const T* x, float* most, long long total) {
  float mine = 0.0f;
  for (long long at = first_place(); at < total; at += stride()) {
    const Pack p = load(x + at, total - at);
    for (int i = 0; i < W; ++i) mine = fmaxf(mine, fabsf(p.at[i]));
  }
  mine = block_max(mine);
  if (threadIdx.x == 0) most[blockIdx.x] = mine;
}

// Second stage, one block: `scale` to multiply by, and `inverse` to undo it after the product.
extern "C" __global__ void fp8_scale(const float* most, float* scale, float* inverse, int blocks, float largest) {
  float mine = 0.0f;
  for (int block = threadIdx.x; block < blocks; block += blockDim.x) mine = fmaxf(mine, most[block]);
  mine = block_max(mine);
  if (threadIdx.x == 0) {
    const float chosen = largest / fmaxf(mine, 1e-12f);  // a tensor of zeros stays one
    *scale = chosen;
    *inverse = 1.0f / chosen;
  }
}
// ANCHOR_END: amax

// ANCHOR: cast
// x (rows, columns) -> row-major `straight` (rows, columns) and `transposed` (columns, rows), either of which may be null.
// One block takes a square of 64 × 64 through shared memory: written straight from x, one of the two would be written in single bytes
// that lie far apart.
constexpr int SIDE = 64;
constexpr int PITCH = SIDE + 4;  // 68 bytes are 17 words: a column's bytes then lie in different banks

extern "C" __global__ void fp8_cast(const T* x, const float* scale, unsigned char* straight, unsigned char* transposed,
                                    long long rows, long long columns, int wide_range) {
  __shared__ unsigned char square[SIDE * PITCH];
  const long long top = blockIdx.y * (long long)SIDE, left = blockIdx.x * (long long)SIDE;
  const float factor = *scale;

  // A thread takes a pack of W numbers of a row.
  for (int at = threadIdx.x; at < SIDE * (SIDE / W); at += blockDim.x) {
    const int r = at / (SIDE / W), c = at % (SIDE / W) * W;
    const long long row = top + r, column = left + c;
    if (row >= rows || column >= columns) continue;
    const Pack p = load(x + row * columns + column, columns - column);
    for (int i = 0; i < W && column + i < columns; ++i) {
      const unsigned char byte =
          __nv_cvt_float_to_fp8(p.at[i] * factor, __NV_SATFINITE, wide_range ? __NV_E5M2 : __NV_E4M3);
      square[r * PITCH + c + i] = byte;
      if (straight) straight[row * columns + column + i] = byte;
    }
  }
  __syncthreads();
  if (!transposed) return;

  // Now a thread takes one byte, and neighbours take neighbours of a column.
  for (int at = threadIdx.x; at < SIDE * SIDE; at += blockDim.x) {
    const int c = at / SIDE, r = at % SIDE;
    const long long row = top + r, column = left + c;
    if (row < rows && column < columns) transposed[column * rows + row] = square[r * PITCH + c];
  }
}
// ANCHOR_END: cast
