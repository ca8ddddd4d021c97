// The stream that libtorch computes on, without CUDA's headers: the same program has to compile where no CUDA is.

#include <c10/core/Device.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <cstring>
#include <exception>

// ANCHOR: stream
// libtorch_cuda registers, when it is loaded, an object that answers such questions for any kind of device. Asks it about GPU
// `device`, and returns null or a message from malloc, as all functions below do.
template <typename Question>
static char* ask(int device, Question question) {
  try {
    const auto* cuda = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    question(*cuda, c10::Device(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device)));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}

// The current stream on this thread: a cudaStream_t, which is the driver's CUstream.
extern "C" char* nanocrab_current_stream(int device, void** stream) {
  return ask(device, [=](const auto& cuda, c10::Device gpu) {
    *stream = cuda.getStreamNativeHandle(cuda.getStream(gpu));
  });
}
// ANCHOR_END: stream

// ANCHOR: other
// Streams by number, as c10 packs them. `other` becomes the number of a stream of libtorch's pool; and a stream becomes the current
// one on this thread, `before` the number of the one that was.
extern "C" char* nanocrab_other_stream(int device, int64_t* other) {
  return ask(device, [=](const auto& cuda, c10::Device gpu) { *other = cuda.getNewStream(gpu).id(); });
}

extern "C" char* nanocrab_exchange_stream(int device, int64_t stream, int64_t* before) {
  return ask(device, [=](const auto& cuda, c10::Device gpu) {
    *before = cuda.exchangeStream(c10::Stream(c10::Stream::UNSAFE, gpu, stream)).id();
  });
}
// ANCHOR_END: other
