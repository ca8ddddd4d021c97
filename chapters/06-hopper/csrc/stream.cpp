// The stream that libtorch computes on, without CUDA's headers: the same program has to compile where no CUDA is.

#include <c10/core/Device.h>
#include <c10/core/Stream.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <cstring>
#include <exception>

// ANCHOR: stream
// libtorch_cuda registers, when it is loaded, an object that answers such questions for any kind of device. Writes the
// current stream of GPU `device` on this thread (a cudaStream_t, which is the driver's CUstream) and returns null, or a
// message from malloc.
extern "C" char* nanocrab_current_stream(int device, void** stream) {
  try {
    const auto* cuda = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    const c10::Device gpu(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
    *stream = cuda->getStreamNativeHandle(cuda->getStream(gpu));
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}
// ANCHOR_END: stream

// ANCHOR: other
// Streams by number, as c10 packs them. `other` becomes the number of a stream of libtorch's pool; and a stream becomes the current
// one of GPU `device` on this thread, `before` the number of the one that was.
extern "C" char* nanocrab_other_stream(int device, int64_t* other) {
  try {
    const auto* cuda = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    const c10::Device gpu(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
    *other = cuda->getNewStream(gpu).id();
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}

extern "C" char* nanocrab_exchange_stream(int device, int64_t stream, int64_t* before) {
  try {
    const auto* cuda = c10::impl::getDeviceGuardImpl(c10::DeviceType::CUDA);
    const c10::Device gpu(c10::DeviceType::CUDA, static_cast<c10::DeviceIndex>(device));
    *before = cuda->exchangeStream(c10::Stream(c10::Stream::UNSAFE, gpu, stream)).id();
    return nullptr;
  } catch (const std::exception& error) {
    return strdup(error.what());
  }
}
// ANCHOR_END: other
