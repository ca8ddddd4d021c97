// CUDA's words for a C++ compiler, so that the kernels of src/cuda/kernels run on the CPU as they are.
//
// Each thread of a block is a fiber (a stack of its own, switched by hand). A fiber runs until it waits for its warp or its block;
// when all that have to be there have come, they go on. Nothing runs at the same time as anything else, so a run can be
// repeated, and it can be repeated in the opposite order: what depends on the order lacks a barrier.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include <ucontext.h>

#define NANOCRAB_EMULATED
#define __global__
#define __device__
#define __shared__ static  // one block runs at a time

// Numbers.

struct alignas(16) int4 {
  int x, y, z, w;
};

struct __nv_bfloat16 {
  uint16_t bits;
};

inline float __bfloat162float(__nv_bfloat16 x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

inline __nv_bfloat16 __float2bfloat16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (std::isnan(x)) return {uint16_t(bits >> 16 | 0x40)};
  bits += 0x7fff + (bits >> 16 & 1);  // to the nearest, and to the even one of two
  return {uint16_t(bits >> 16)};
}

enum { __NV_SATFINITE };
enum { __NV_E4M3, __NV_E5M2 };

inline unsigned char __nv_cvt_float_to_fp8(float x, int, int format) {
  const int digits = format == __NV_E4M3 ? 3 : 2, bias = format == __NV_E4M3 ? 7 : 15;
  const float largest = format == __NV_E4M3 ? 448.0f : 57344.0f;
  const unsigned char sign = std::signbit(x) ? 0x80 : 0;
  if (std::isnan(x)) return sign | 0x7f;
  const float size = std::fmin(std::fabs(x), largest);
  if (size == 0) return sign;
  const int exponent = std::max(std::ilogb(size), 1 - bias);
  const int steps = int(std::nearbyint(std::ldexp(size, digits - exponent)));
  return sign | (((exponent + bias) << digits) + steps - (1 << digits));
}

inline float __int_as_float(int bits) {
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

inline float rsqrtf(float x) { return 1.0f / std::sqrt(x); }

// Threads.

struct Index {
  unsigned x = 0, y = 0, z = 0;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

namespace emulator {

enum State { ready, at_warp, at_block, done };

struct Fiber {
  ucontext_t context;
  State state;
};

constexpr size_t stack_bytes = 64 * 1024;
constexpr unsigned warp = 32;

static std::vector<Fiber> fibers;
static std::vector<char> stacks;
static std::vector<float> exchanged;
static ucontext_t scheduler;
static void (*kernel)(void**);
static void** arguments;

inline void wait(State state) {
  const unsigned me = threadIdx.x;
  fibers[me].state = state;
  swapcontext(&fibers[me].context, &scheduler);
  threadIdx.x = me;
}

inline void begin() {
  const unsigned me = threadIdx.x;
  kernel(arguments);
  fibers[me].state = done;
  swapcontext(&fibers[me].context, &scheduler);
}

// Lets those go on who have waited for all of [from, to).
inline bool release(unsigned from, unsigned to, State state) {
  for (unsigned i = from; i < to; ++i)
    if (fibers[i].state != state) return false;
  for (unsigned i = from; i < to; ++i) fibers[i].state = ready;
  return true;
}

inline const char* run_block(unsigned threads, bool reversed) {
  for (unsigned i = 0; i < threads; ++i) {
    getcontext(&fibers[i].context);
    fibers[i].context.uc_stack.ss_sp = stacks.data() + i * stack_bytes;
    fibers[i].context.uc_stack.ss_size = stack_bytes;
    fibers[i].context.uc_link = &scheduler;
    makecontext(&fibers[i].context, begin, 0);
    fibers[i].state = ready;
  }
  for (;;) {
    unsigned finished = 0;
    bool ran = false;
    for (unsigned step = 0; step < threads; ++step) {
      const unsigned i = reversed ? threads - 1 - step : step;
      if (fibers[i].state == ready) {
        threadIdx.x = i;
        swapcontext(&scheduler, &fibers[i].context);
        ran = true;
      }
      finished += fibers[i].state == done;
    }
    if (finished == threads) return nullptr;
    bool released = release(0, threads, at_block);
    for (unsigned first = 0; first < threads; first += warp)
      released |= release(first, std::min(first + warp, threads), at_warp);
    if (!ran && !released)
      return "threads wait for others that have left, or that wait elsewhere";
  }
}

template <class... A, size_t... I>
void call_with(void (*function)(A...), void** from, std::index_sequence<I...>) {
  function(*static_cast<A*>(from[I])...);
}

template <class... A>
void call_with(void (*function)(A...), void** from) {
  call_with(function, from, std::index_sequence_for<A...>());
}

template <auto function>
void call(void** from) {
  call_with(function, from);
}

struct Entry {
  const char* name;
  void (*call)(void**);
};

}  // namespace emulator

inline void __syncthreads() { emulator::wait(emulator::at_block); }

inline float __shfl_xor_sync(unsigned mask, float value, int distance) {
  using namespace emulator;
  if (mask != 0xffffffffu) {
    std::fprintf(stderr, "the emulator knows whole warps only\n");
    std::abort();
  }
  const unsigned me = threadIdx.x;
  exchanged[me] = value;
  wait(at_warp);  // all have written
  const float partners = exchanged[me ^ unsigned(distance)];
  wait(at_warp);  // all have read
  return partners;
}

extern const emulator::Entry entries[];
extern const size_t entry_count;

// Runs a kernel; returns null or what is wrong with it.
extern "C" const char* emulate(const char* name, unsigned blocks_x, unsigned blocks_y, unsigned threads, void** from,
                               int reversed) {
  using namespace emulator;
  kernel = nullptr;
  for (size_t i = 0; i < entry_count; ++i)
    if (!std::strcmp(entries[i].name, name)) kernel = entries[i].call;
  if (!kernel) return "there is no such kernel";
  if (threads % warp) return "a block is no whole number of warps";
  arguments = from;
  fibers.resize(threads);
  stacks.resize(threads * stack_bytes);
  exchanged.assign(threads, NAN);
  blockDim.x = threads;
  gridDim.x = blocks_x;
  gridDim.y = blocks_y;
  for (blockIdx.y = 0; blockIdx.y < blocks_y; ++blockIdx.y)
    for (blockIdx.x = 0; blockIdx.x < blocks_x; ++blockIdx.x)
      if (const char* wrong = run_block(threads, reversed)) return wrong;
  return nullptr;
}
