// Sums over threads, always in the same order: two runs agree to the bit. (An atomic addition of floats would not: its
// order is whoever comes first.)

// ANCHOR: group
// Over `lanes` neighbouring threads of a warp, a power of two; every one of them gets the sum. In step o a thread adds
// what its partner at distance o has, so that after log2(lanes) steps all have all. All 32 threads of the warp must come.
__device__ inline float group_sum(float value, int lanes) {
  for (int distance = lanes / 2; distance > 0; distance /= 2)
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  return value;
}
// ANCHOR_END: group

// ANCHOR: block
// Over a block; every thread gets the sum. Each warp leaves its own in shared memory, and each thread adds those up.
__device__ inline float block_sum(float value) {
  __shared__ float of_warp[32];
  value = group_sum(value, 32);
  __syncthreads();  // the sums of an earlier call have been read
  if (threadIdx.x % 32 == 0) of_warp[threadIdx.x / 32] = value;
  __syncthreads();
  float sum = 0.0f;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) sum += of_warp[warp];
  return sum;
}
// ANCHOR_END: block

// ANCHOR: rows
// Short rows share a warp: `lanes` threads take one row, and the warp 32 / lanes rows. Threads without a row stay, because
// a sum over the warp waits for all 32; they are not `alive`.
struct Row {
  long long index;
  int lane;
  bool alive;
};

__device__ inline Row my_row(long long rows, int lanes) {
  const long long thread = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  const long long index = thread / lanes;
  return {index, int(thread % lanes), index < rows};
}
// ANCHOR_END: rows
