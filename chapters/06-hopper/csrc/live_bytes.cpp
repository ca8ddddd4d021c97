// ANCHOR: head
// Counting the bytes of tensors that are alive on the CPU.
//
// libtorch's allocator tells whoever asks about every block that it gives out and takes back: this is how its profiler
// knows memory. We ask. Blocks are counted as they were asked for, without what the C library adds. The question belongs to a
// thread; the backward pass of CPU tensors runs on the thread that calls it.

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <atomic>
#include <memory>

namespace {
// ANCHOR_END: head

// ANCHOR: counter
struct LiveBytes : c10::MemoryReportingInfoBase {
  std::atomic<int64_t> live{0}, peak{0};

  // `size` is negative for a block that is given back; one from before the count began is reported with size 0.
  void reportMemoryUsage(void*, int64_t size, size_t, size_t, c10::Device device) override {
    if (!device.is_cpu()) return;
    int64_t now = live += size;
    int64_t highest = peak;
    while (now > highest && !peak.compare_exchange_weak(highest, now)) {
    }
  }

  bool memoryProfilingEnabled() const override { return true; }
};
// ANCHOR_END: counter

}  // namespace

// ANCHOR: begin-end
extern "C" void nanocrab_live_bytes_begin() {
  c10::ThreadLocalDebugInfo::_push(c10::DebugInfoKind::PROFILER_STATE, std::make_shared<LiveBytes>());
}

// Live bytes now and the most there were, since `begin`; the peak starts again from here if `restart`.
extern "C" void nanocrab_live_bytes_read(int64_t* live, int64_t* peak, bool restart) {
  auto* counter = dynamic_cast<LiveBytes*>(c10::ThreadLocalDebugInfo::get(c10::DebugInfoKind::PROFILER_STATE));
  *live = counter ? counter->live.load() : 0;
  *peak = counter ? counter->peak.load() : 0;
  if (counter && restart) counter->peak = counter->live.load();
}

extern "C" void nanocrab_live_bytes_end() { c10::ThreadLocalDebugInfo::_pop(c10::DebugInfoKind::PROFILER_STATE); }
// ANCHOR_END: begin-end
