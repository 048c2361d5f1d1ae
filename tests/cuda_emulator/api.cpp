// Devices, streams, events and error texts. Work is done at once, so a stream never has anything outstanding.
#include "internal.h"
#include <cstdio>
#include <ctime>

struct CUstream_st {
  int device;
};
struct CUevent_st {
  double milliseconds;
  bool recorded, timing;
};

namespace {
constexpr int kDevices = 2; // so that mixed devices can be tested
int device;
double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}
} // namespace

using emu::fail;

cudaError_t cudaGetDeviceCount(int *count) {
  *count = kDevices;
  return cudaSuccess;
}
cudaError_t cudaSetDevice(int d) {
  if (d < 0 || d >= kDevices) return fail(cudaErrorInvalidDevice);
  device = d;
  return cudaSuccess;
}
cudaError_t cudaGetDevice(int *d) {
  *d = device;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int d) {
  if (d < 0 || d >= kDevices) return fail(cudaErrorInvalidDevice);
  switch (attribute) {
  case cudaDevAttrMaxThreadsPerBlock: *value = 1024; return cudaSuccess;
  case cudaDevAttrMaxSharedMemoryPerBlock: *value = emu::kStaticShared; return cudaSuccess;
  case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = emu::kOptinShared; return cudaSuccess;
  case cudaDevAttrWarpSize: *value = 32; return cudaSuccess;
  // Few, so that grid-stride loops really stride in small tests.
  case cudaDevAttrMultiProcessorCount: *value = 4; return cudaSuccess;
  case cudaDevAttrL2CacheSize: *value = 1 << 20; return cudaSuccess;
  case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 1536; return cudaSuccess;
  case cudaDevAttrMaxRegistersPerMultiprocessor: *value = 65536; return cudaSuccess;
  case cudaDevAttrComputeCapabilityMajor: *value = 8; return cudaSuccess;
  case cudaDevAttrComputeCapabilityMinor: *value = 9; return cudaSuccess;
  }
  return fail(cudaErrorInvalidValue);
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int d) {
  if (d < 0 || d >= kDevices) return fail(cudaErrorInvalidDevice);
  size_t free, total;
  cudaMemGetInfo(&free, &total);
  *p = cudaDeviceProp{};
  snprintf(p->name, sizeof p->name, "Raptorch CUDA emulator");
  p->totalGlobalMem = total, p->sharedMemPerBlock = emu::kStaticShared, p->sharedMemPerBlockOptin = emu::kOptinShared;
  p->warpSize = 32, p->maxThreadsPerBlock = 1024, p->maxThreadsPerMultiProcessor = 1536, p->multiProcessorCount = 4;
  p->major = 8, p->minor = 9;
  return cudaSuccess;
}
cudaError_t cudaDeviceSynchronize() { return cudaSuccess; }
cudaError_t cudaDriverGetVersion(int *version) {
  *version = 13000;
  return cudaSuccess;
}
cudaError_t cudaRuntimeGetVersion(int *version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned) {
  *stream = new CUstream_st{device};
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamQuery(cudaStream_t) { return cudaSuccess; }
cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t event, unsigned) {
  return event ? cudaSuccess : fail(cudaErrorInvalidResourceHandle);
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags) {
  *event = new CUevent_st{0, false, !(flags & cudaEventDisableTiming)};
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) {
  if (!event) return fail(cudaErrorInvalidResourceHandle);
  event->milliseconds = now(), event->recorded = true;
  return cudaSuccess;
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return event ? cudaSuccess : fail(cudaErrorInvalidResourceHandle); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return cudaEventQuery(event); }
cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  if (!begin || !end || !begin->recorded || !end->recorded || !begin->timing || !end->timing)
    return fail(cudaErrorInvalidResourceHandle);
  *milliseconds = static_cast<float>(end->milliseconds - begin->milliseconds);
  return cudaSuccess;
}

cudaError_t cudaPeekAtLastError() { return emu::last_error; }
cudaError_t cudaGetLastError() {
  cudaError_t error = emu::last_error;
  emu::last_error = cudaSuccess;
  return error;
}

#define RAP_EMU_ERRORS(X)                                                                                       \
  X(cudaSuccess, "no error")                                                                                    \
  X(cudaErrorInvalidValue, "invalid argument")                                                                  \
  X(cudaErrorMemoryAllocation, "out of memory")                                                                 \
  X(cudaErrorInvalidConfiguration, "invalid configuration argument")                                            \
  X(cudaErrorInvalidMemcpyDirection, "invalid copy direction for memcpy")                                       \
  X(cudaErrorNoDevice, "no CUDA-capable device is detected")                                                    \
  X(cudaErrorInvalidDevice, "invalid device ordinal")                                                           \
  X(cudaErrorSharedObjectInitFailed, "shared object initialization failed")                                      \
  X(cudaErrorInvalidResourceHandle, "invalid resource handle")                                                  \
  X(cudaErrorNotReady, "device not ready")                                                                      \
  X(cudaErrorIllegalAddress, "an illegal memory access was encountered")                                        \
  X(cudaErrorAssert, "device-side assert triggered")                                                            \
  X(cudaErrorLaunchFailure, "unspecified launch failure")
const char *cudaGetErrorString(cudaError_t error) {
  switch (error) {
#define RAP_EMU_TEXT(code, text) case code: return text;
    RAP_EMU_ERRORS(RAP_EMU_TEXT)
  }
  return "unrecognized error code";
}
const char *cudaGetErrorName(cudaError_t error) {
  switch (error) {
#define RAP_EMU_NAME(code, text) case code: return #code;
    RAP_EMU_ERRORS(RAP_EMU_NAME)
  }
  return "unrecognized error code";
}
