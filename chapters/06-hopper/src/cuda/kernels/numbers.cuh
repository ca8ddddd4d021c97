// What every kernel needs: the kind of number it was compiled for, and reading and writing several at once.
//
// Words: a *pack* is W neighbouring numbers, W * sizeof(T) = 16 bytes, the most that one thread can ask of memory in one
// instruction. A warp of 32 threads then asks for 512 bytes that lie side by side, which is what memory is good at.
//
// ELEMENT (float or __nv_bfloat16) and WIDTH (1, or 16 / sizeof(ELEMENT)) are set where the source is compiled. Width 1
// is for rows whose length is no multiple of a pack: their beginnings are not aligned to 16 bytes.

#ifndef NANOCRAB_EMULATED  // chapter 06's tests compile these files for the CPU, with CUDA's words defined in C++
#include <cuda_bf16.h>
#endif

using T = ELEMENT;
constexpr int W = WIDTH;

// ANCHOR: wide
// Memory holds T, arithmetic is fp32: a bf16 sum of a thousand squares would lose most of them.
__device__ inline float wide(float x) { return x; }
__device__ inline float wide(__nv_bfloat16 x) { return __bfloat162float(x); }
__device__ inline void narrow(float x, float& to) { to = x; }
__device__ inline void narrow(float x, __nv_bfloat16& to) { to = __float2bfloat16(x); }

// NVRTC has no math.h, and so no names for these.
__device__ inline float infinity() { return __int_as_float(0x7f800000); }
__device__ inline float not_a_number() { return __int_as_float(0x7fffffff); }
// ANCHOR_END: wide

// ANCHOR: pack
struct Pack {
  float at[W];
};

// The numbers from `from` on, `left` of which exist: the end of an array may be shorter than a pack.
__device__ inline Pack load(const T* from, long long left) {
  Pack pack;
  if (W > 1 && left >= W) {
    T numbers[W];
    const int4 bytes = *reinterpret_cast<const int4*>(from);
    memcpy(numbers, &bytes, sizeof(T) * W);  // of registers: it costs nothing
#pragma unroll
    for (int i = 0; i < W; ++i) pack.at[i] = wide(numbers[i]);
  } else {
#pragma unroll
    for (int i = 0; i < W; ++i) pack.at[i] = i < left ? wide(from[i]) : 0.0f;
  }
  return pack;
}

__device__ inline void store(const Pack& pack, T* to, long long left) {
  if (W > 1 && left >= W) {
    T numbers[W];
#pragma unroll
    for (int i = 0; i < W; ++i) narrow(pack.at[i], numbers[i]);
    int4 bytes;
    memcpy(&bytes, numbers, sizeof(T) * W);
    *reinterpret_cast<int4*>(to) = bytes;
  } else {
#pragma unroll
    for (int i = 0; i < W; ++i)
      if (i < left) narrow(pack.at[i], to[i]);
  }
}
// ANCHOR_END: pack

// ANCHOR: places
// A flat array is walked in strides of the whole grid, a pack per thread and stride.
__device__ inline long long first_place() { return (blockIdx.x * (long long)blockDim.x + threadIdx.x) * W; }
__device__ inline long long stride() { return (long long)gridDim.x * blockDim.x * W; }
// ANCHOR_END: places
