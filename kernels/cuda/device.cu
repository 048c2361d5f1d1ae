// Devices, their memory, streams and events. Memory comes from a cache: small blocks are carved from 2 MiB
// slabs, larger ones are the driver's own, and both wait in a list of their size class for the next
// allocation of that class.
#include "common.cuh"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr int kMaxDevices = 16;
constexpr size_t kUnit = 512, kSlab = size_t{2} << 20, kSmall = size_t{256} << 10;

// ---- state
// -------------------------------------------------------------------------------------------------

int device_now = 0;
cudaStream_t stream_now[kMaxDevices];
int multiprocessors[kMaxDevices];
thread_local int device_of_thread = -1;

struct {
  cudaError_t code;
  char text[512];
} pending;

void keep_error(cudaError_t code, const char *text) {
  if (pending.code != cudaSuccess) return;
  pending.code = code;
  snprintf(pending.text, sizeof pending.text, "%s", text);
}

void enter() {
  if (device_of_thread == device_now) return;
  const cudaError_t error = cudaSetDevice(device_now);
  if (error == cudaSuccess)
    device_of_thread = device_now;
  else
    rap_note(error, "selecting the device");
}

// Host memory mapped into every device, where kernels leave RAP_FAULT_* codes.
volatile int *fault_flag;

void check_fault() {
  if (!fault_flag || !*fault_flag) return;
  const int code = *fault_flag;
  *fault_flag = 0;
  keep_error(cudaErrorAssert,
             code == RAP_FAULT_TARGET  ? "CUDA error: a target is neither a class nor ignore_index"
             : code == RAP_FAULT_INDEX ? "CUDA error: an index is out of bounds"
                                       : "CUDA error: a distribution's parameter is out of its range");
}

int32_t status(cudaError_t error, const char *doing) {
  rap_note(error, doing);
  check_fault();
  return static_cast<int32_t>(pending.code);
}

// ---- the cache
// ---------------------------------------------------------------------------------------------

struct Block {
  void *p;
  size_t bytes; // of its class
  int device;
  bool owned;               // the driver's own allocation, not part of a slab
  cudaStream_t user, freer; // the streams that were current when it was handed out and when it came back
  Block *next;              // in the free list of its class, or in its hash bucket
};

constexpr int kClasses = 512, kBuckets = 1 << 14;
Block *free_list[kMaxDevices][kClasses];
Block *live[kBuckets]; // by address

struct Account {
  double live, peak, reserved, peak_reserved;
  int blocks;
  char *slab;
  size_t slab_left;
} account[kMaxDevices];

// Eight classes to a doubling: at most an eighth is wasted.
int size_class(size_t bytes, size_t *rounded) {
  size_t units = (bytes + kUnit - 1) / kUnit;
  if (units < 1) units = 1;
  int shift = 0;
  while (ceil_div(units, size_t{1} << shift) > 16) shift++;
  const size_t steps = ceil_div(units, size_t{1} << shift);
  *rounded = (steps << shift) * kUnit;
  return shift * 16 + static_cast<int>(steps) - 1;
}

size_t bucket(const void *p) { return (reinterpret_cast<uintptr_t>(p) >> 9) * 0x9E3779B97F4A7C15u >> 50; }

Block *take_cached(int index) {
  Block *b = free_list[device_now][index];
  if (!b) return nullptr;
  free_list[device_now][index] = b->next;
  // What is left to do on another stream may still use it.
  const cudaStream_t now = stream_now[device_now];
  if (b->user != now) rap_note(cudaStreamSynchronize(b->user), "reusing memory of another stream");
  if (b->freer != now && b->freer != b->user)
    rap_note(cudaStreamSynchronize(b->freer), "reusing memory of another stream");
  return b;
}

Block *carve(size_t bytes) {
  Account &a = account[device_now];
  if (a.slab_left < bytes) {
    void *p = nullptr;
    if (cudaMalloc(&p, kSlab) != cudaSuccess) return nullptr;
    a.slab = static_cast<char *>(p), a.slab_left = kSlab, a.reserved += kSlab;
  }
  Block *b = static_cast<Block *>(calloc(1, sizeof(Block)));
  b->p = a.slab, b->bytes = bytes, b->device = device_now;
  a.slab += bytes, a.slab_left -= bytes;
  return b;
}

Block *fresh(size_t bytes) {
#ifndef RAP_EMULATED // the emulator watches the bounds of each cudaMalloc
  if (bytes <= kSmall) return carve(bytes);
#endif
  void *p = nullptr;
  if (cudaMalloc(&p, bytes) != cudaSuccess) return nullptr;
  Block *b = static_cast<Block *>(calloc(1, sizeof(Block)));
  b->p = p, b->bytes = bytes, b->device = device_now, b->owned = true;
  account[device_now].reserved += static_cast<double>(bytes);
  return b;
}

// A stream that is waited for and goes away: blocks that it used are the default stream's from now on.
void forget_stream(cudaStream_t stream) {
  auto forget = [&](Block *b) {
    for (; b; b = b->next) {
      if (b->device != device_now) continue;
      if (b->user == stream) b->user = nullptr;
      if (b->freer == stream) b->freer = nullptr;
    }
  };
  for (Block *b : free_list[device_now]) forget(b);
  for (Block *b : live) forget(b);
}

void tell_out_of_memory(double bytes) {
  cudaGetLastError();
  size_t available = 0, total = 0;
  cudaMemGetInfo(&available, &total);
  const Account &a = account[device_now];
  const double mib = 1.0 / (1 << 20);
  char text[400];
  snprintf(text, sizeof text,
           "CUDA out of memory. Tried to allocate %.2f MiB. GPU %d has a total capacity of %.2f MiB of which "
           "%.2f MiB is free. "
           "%.2f MiB is live in %d tensors' blocks (the most so far was %.2f MiB). Use a smaller batch, drop "
           "references to "
           "tensors that are no longer needed, or wrap steps in tidy().",
           bytes * mib, device_now, static_cast<double>(total) * mib, static_cast<double>(available) * mib,
           a.live * mib, a.blocks, a.peak * mib);
  keep_error(cudaErrorMemoryAllocation, text);
}

} // namespace

// ---- for the kernels
// ---------------------------------------------------------------------------------------

cudaStream_t rap_current_stream() {
  enter();
  return stream_now[device_now];
}

int rap_multiprocessors() {
  int &n = multiprocessors[device_now];
  if (n == 0 && cudaDeviceGetAttribute(&n, cudaDevAttrMultiProcessorCount, device_now) != cudaSuccess) n = 1;
  return n;
}

void rap_note(cudaError_t error, const char *doing) {
  if (error == cudaSuccess || pending.code != cudaSuccess) return;
  char text[400];
  snprintf(text, sizeof text, "CUDA error: %s (%s), noticed in %s", cudaGetErrorString(error),
           cudaGetErrorName(error), doing);
  keep_error(error, text);
}

int *rap_fault_flag() {
  if (!fault_flag) {
    void *p = nullptr;
    rap_note(cudaHostAlloc(&p, sizeof(int), cudaHostAllocPortable | cudaHostAllocMapped),
             "allocating the fault flag");
    fault_flag = static_cast<int *>(p);
    if (p) *fault_flag = 0;
  }
  return const_cast<int *>(fault_flag); // with unified addressing the same address on the device
}

// ---- the ABI
// -----------------------------------------------------------------------------------------------

int32_t rap_device_count(void) {
  int n = 0;
  const cudaError_t error = cudaGetDeviceCount(&n);
  if (error == cudaSuccess) return n < kMaxDevices ? n : kMaxDevices;
  cudaGetLastError();
  rap_note(error, "counting the devices");
  return 0;
}

int32_t rap_device_set(int32_t device) {
  if (device < 0 || device >= kMaxDevices) return static_cast<int32_t>(cudaErrorInvalidDevice);
  const cudaError_t error = cudaSetDevice(device);
  if (error != cudaSuccess) return status(error, "selecting the device");
  device_now = device_of_thread = device;
  return RAP_OK;
}

void rap_device_name(void *text, int32_t bytes) {
  cudaDeviceProp properties;
  if (bytes <= 0) return;
  if (cudaGetDeviceProperties(&properties, device_now) != cudaSuccess) properties.name[0] = 0;
  snprintf(static_cast<char *>(text), static_cast<size_t>(bytes), "%s", properties.name);
}

static int attribute(cudaDeviceAttr which) {
  int n = 0;
  cudaDeviceGetAttribute(&n, which, device_now);
  return n;
}

double rap_device_info(int32_t what) {
  enter();
  const Account &a = account[device_now];
  size_t available = 0, total = 0;
  switch (what) {
  case RAP_INFO_TOTAL:
  case RAP_INFO_FREE:
    rap_note(cudaMemGetInfo(&available, &total), "asking for the free memory");
    return static_cast<double>(what == RAP_INFO_TOTAL ? total : available);
  case RAP_INFO_LIVE: return a.live;
  case RAP_INFO_PEAK: return a.peak;
  case RAP_INFO_RESERVED: return a.reserved;
  case RAP_INFO_PEAK_RESERVED: return a.peak_reserved;
  case RAP_INFO_BLOCKS: return a.blocks;
  case RAP_INFO_MAJOR: return attribute(cudaDevAttrComputeCapabilityMajor);
  case RAP_INFO_MINOR: return attribute(cudaDevAttrComputeCapabilityMinor);
  case RAP_INFO_L2: return attribute(cudaDevAttrL2CacheSize);
  case RAP_INFO_SHARED: return attribute(cudaDevAttrMaxSharedMemoryPerBlock);
  case RAP_INFO_THREADS: return attribute(cudaDevAttrMaxThreadsPerMultiProcessor);
  case RAP_INFO_REGISTERS: return attribute(cudaDevAttrMaxRegistersPerMultiprocessor);
  case RAP_INFO_MULTIPROCESSORS: return rap_multiprocessors();
  default: return 0;
  }
}

void *rap_device_alloc(double bytes) {
  enter();
  size_t size = static_cast<size_t>(bytes), rounded;
  const int index = size_class(size, &rounded);
#ifdef RAP_EMULATED // exactly what was asked for, and never twice, so that every overrun and stale pointer
                    // shows
  Block *b = fresh(size ? size : 1);
#else
  Block *b = take_cached(index);
  if (!b) b = fresh(rounded);
#endif
  if (!b) {
    cudaGetLastError();
    rap_device_trim();
    b = fresh(rounded);
  }
  if (!b) {
    tell_out_of_memory(bytes);
    return nullptr;
  }
  (void)index, (void)take_cached, (void)carve;
  Account &a = account[device_now];
  a.live += static_cast<double>(b->bytes), a.blocks++;
  if (a.live > a.peak) a.peak = a.live;
  if (a.reserved > a.peak_reserved) a.peak_reserved = a.reserved;
  Block *&head = live[bucket(b->p)];
  b->user = stream_now[device_now], b->next = head, head = b;
  return b->p;
}

void rap_device_free(void *p) {
  if (!p) return;
  Block **at = &live[bucket(p)];
  while (*at && (*at)->p != p) at = &(*at)->next;
  Block *b = *at;
  if (!b) return;
  *at = b->next;
  Account &a = account[b->device];
  a.live -= static_cast<double>(b->bytes), a.blocks--;
#ifdef RAP_EMULATED
  a.reserved -= static_cast<double>(b->bytes);
  rap_note(cudaFree(p), "freeing memory");
  free(b);
#else
  size_t rounded;
  Block *&head = free_list[b->device][size_class(b->bytes, &rounded)];
  b->freer = stream_now[b->device], b->next = head, head = b;
#endif
}

void rap_device_trim(void) {
  enter();
  rap_note(cudaDeviceSynchronize(), "emptying the cache");
  for (int i = 0; i < kClasses; i++) {
    Block **at = &free_list[device_now][i];
    while (*at) {
      Block *b = *at;
      if (!b->owned) {
        at = &b->next;
        continue;
      }
      *at = b->next;
      account[device_now].reserved -= static_cast<double>(b->bytes);
      rap_note(cudaFree(b->p), "emptying the cache");
      free(b);
    }
  }
}

void rap_device_reset_peaks(void) {
  Account &a = account[device_now];
  a.peak = a.live, a.peak_reserved = a.reserved;
}

int32_t rap_device_copy(void *to, const void *from, double bytes, int32_t kind, int32_t nonblocking) {
  static const cudaMemcpyKind kinds[] = {cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost,
                                         cudaMemcpyDeviceToDevice};
  const cudaStream_t stream = rap_current_stream();
  cudaError_t error = cudaMemcpyAsync(to, from, static_cast<size_t>(bytes), kinds[kind], stream);
  if (error == cudaSuccess && !nonblocking && kind != RAP_COPY_WITHIN) error = cudaStreamSynchronize(stream);
  return status(error, "a copy");
}

int32_t rap_device_synchronize(void) {
  enter();
  return status(cudaDeviceSynchronize(), "synchronisation");
}

int32_t rap_device_error(void *text, int32_t bytes) {
  const int32_t code = static_cast<int32_t>(pending.code);
  if (bytes > 0)
    snprintf(static_cast<char *>(text), static_cast<size_t>(bytes), "%s", code ? pending.text : "");
  pending.code = cudaSuccess;
  return code;
}

void *rap_pinned_alloc(double bytes) {
  enter();
  void *p = nullptr;
  const cudaError_t error = cudaHostAlloc(&p, static_cast<size_t>(bytes), cudaHostAllocPortable);
  if (error == cudaSuccess) return p;
  cudaGetLastError();
  rap_note(error, "allocating pinned host memory");
  return nullptr;
}

void rap_pinned_free(void *p) { rap_note(cudaFreeHost(p), "freeing pinned host memory"); }

void *rap_stream_create(void) {
  enter();
  cudaStream_t stream = nullptr;
  rap_note(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "creating a stream");
  return stream;
}

int32_t rap_stream(int32_t action, void *stream) {
  enter();
  const cudaStream_t s = static_cast<cudaStream_t>(stream);
  switch (action) {
  case RAP_STREAM_USE: stream_now[device_now] = s; return RAP_OK;
  case RAP_STREAM_SYNCHRONIZE: return status(cudaStreamSynchronize(s), "synchronising a stream");
  case RAP_STREAM_QUERY: return cudaStreamQuery(s) == cudaErrorNotReady;
  case RAP_STREAM_DESTROY:
    if (!s) return RAP_OK; // the default stream stays
    if (stream_now[device_now] == s) stream_now[device_now] = nullptr;
    rap_note(cudaStreamSynchronize(s), "destroying a stream");
    forget_stream(s);
    return status(cudaStreamDestroy(s), "destroying a stream");
  default: return RAP_UNSUPPORTED;
  }
}

void *rap_event_create(void) {
  enter();
  cudaEvent_t event = nullptr;
  rap_note(cudaEventCreateWithFlags(&event, cudaEventDefault), "creating an event");
  return event;
}

int32_t rap_event(int32_t action, void *event) {
  const cudaStream_t stream = rap_current_stream();
  const cudaEvent_t e = static_cast<cudaEvent_t>(event);
  switch (action) {
  case RAP_EVENT_RECORD: return status(cudaEventRecord(e, stream), "recording an event");
  case RAP_EVENT_WAIT: return status(cudaStreamWaitEvent(stream, e, 0), "waiting for an event");
  case RAP_EVENT_SYNCHRONIZE: return status(cudaEventSynchronize(e), "waiting for an event");
  case RAP_EVENT_QUERY: return cudaEventQuery(e) == cudaErrorNotReady;
  case RAP_EVENT_DESTROY: return status(cudaEventDestroy(e), "destroying an event");
  default: return RAP_UNSUPPORTED;
  }
}

double rap_event_elapsed(const void *begin, const void *end) {
  float milliseconds = -1;
  const cudaError_t error =
      cudaEventElapsedTime(&milliseconds, static_cast<cudaEvent_t>(const_cast<void *>(begin)),
                           static_cast<cudaEvent_t>(const_cast<void *>(end)));
  return error == cudaSuccess ? static_cast<double>(milliseconds) : -1;
}
