// What every CUDA kernel file needs: launches, shared memory, index math, warp and block reductions.
//
// nvcc compiles these files for cards; tests/cuda_emulator compiles the very same files for the CPU. The
// macros below hide what a host compiler cannot read, so kernels use them instead of <<<>>>, __shared__ and
// extern __shared__.
#ifndef RAP_COMMON_CUH
#define RAP_COMMON_CUH

#include <cuda_runtime.h>
#include <stdint.h>
#include <string.h>
#include <type_traits>
#include "../raptorch.h"

// Templates and rows that hold for every integer type test for signs that uint8 does not have.
#ifdef __NVCC__
#pragma nv_diag_suppress 186
#else
#pragma GCC diagnostic ignored "-Wtype-limits"
#endif

#ifndef RAP_EMULATED
// The type of a pointer into shared memory, and a shared array of `count` elements; one-dimensional by
// design. Aligned as tensor-core fragments need it (in the emulator where its size is a multiple of 32
// bytes).
#define RAP_SHARED_PTR(T)          T *
#define RAP_SHARED(T, name, count) __shared__ __align__(32) T name[count]
#define RAP_DYNAMIC_SHARED(T, name)                                                                          \
  extern __shared__ __align__(32) unsigned char rap_dynamic_shared[];                                        \
  T *const name = reinterpret_cast<T *>(rap_dynamic_shared)
// A pointer into shared memory as one to another type.
#define RAP_SHARED_AS(T, p) reinterpret_cast<T *>(p)
#define RAP_LAUNCH(kernel, grid, block, shared, stream, ...)                                                 \
  (kernel)<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
#endif

// ---- host side (device.cu)
// ---------------------------------------------------------------------------------

// The current stream; makes the library's device the calling thread's.
cudaStream_t rap_current_stream();
int rap_multiprocessors();
// Keeps the first failure, with what was being done, until rap_device_error or the next synchronisation
// reports it.
void rap_note(cudaError_t error, const char *doing);

// Where kernels report that an input is wrong (host memory that the device writes): a RAP_FAULT_* code by
// atomicMax. It becomes an error at the next synchronisation, as a card cannot stop its host.
int *rap_fault_flag();
enum { RAP_FAULT_TARGET = 1, RAP_FAULT_INDEX = 2, RAP_FAULT_PARAMETER = 3 };

// Device memory for the time of a function: back to the cache, in stream order, at its end.
class Scratch {
  void *p;

public:
  explicit Scratch(size_t bytes) : p(bytes ? rap_device_alloc(static_cast<double>(bytes)) : nullptr) {}
  ~Scratch() { rap_device_free(p); }
  Scratch(const Scratch &) = delete;
  Scratch &operator=(const Scratch &) = delete;
  template <typename T> T *as() const { return static_cast<T *>(p); }
};

// RUN(kernel, grid, block, args…): on the current stream, without dynamic shared memory; a failure is noted.
#define RUN(kernel, grid, block, ...) RUN_SHARED(kernel, grid, block, 0, __VA_ARGS__)
#define RUN_SHARED(kernel, grid, block, shared, ...)                                                         \
  do {                                                                                                       \
    cudaStream_t rap_stream_of_launch = rap_current_stream();                                                \
    RAP_LAUNCH(kernel, grid, block, shared, rap_stream_of_launch, __VA_ARGS__);                              \
    rap_note(cudaGetLastError(), #kernel);                                                                   \
  } while (0)

#define DEVICE      __device__ __forceinline__
#define HOST_DEVICE __host__ __device__ __forceinline__

template <typename T> HOST_DEVICE constexpr T ceil_div(T a, T b) { return (a + b - 1) / b; }

constexpr int kBlock = 256;
// Blocks for n threads of work in a grid-stride loop: enough to fill the card several times, no more.
inline int blocks_for(int64_t n, int block = kBlock) {
  const int64_t wanted = ceil_div<int64_t>(n, block), most = static_cast<int64_t>(rap_multiprocessors()) * 32;
  return static_cast<int>(wanted < 1 ? 1 : wanted < most ? wanted : most);
}

// Runs the body once for each i of [0, n), n < 2^31, spread over the grid.
#define GRID_STRIDE(i, n)                                                                                    \
  for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < static_cast<unsigned>(n);                     \
       i += gridDim.x * blockDim.x)

// ---- element types
// -----------------------------------------------------------------------------------------

template <typename T> HOST_DEVICE constexpr bool is_float() { return T(0.5) != T(0); }

// Calls f with a value-initialised element of the dtype; false for one that is not among the list.
template <typename F> bool for_float(int32_t dtype, F f) {
  switch (dtype) {
  case RAP_FLOAT32: f(float{}); return true;
  case RAP_FLOAT64: f(double{}); return true;
  default: return false;
  }
}
template <typename F> bool for_number(int32_t dtype, F f) {
  switch (dtype) {
  case RAP_INT64: f(int64_t{}); return true;
  case RAP_INT32: f(int32_t{}); return true;
  case RAP_UINT8: f(uint8_t{}); return true;
  default: return for_float(dtype, f);
  }
}
// Elements by their size alone: what copies and gathers need.
template <typename F> bool for_size(int32_t size, F f) {
  switch (size) {
  case 1: f(uint8_t{}); return true;
  case 2: f(uint16_t{}); return true;
  case 4: f(uint32_t{}); return true;
  case 8: f(uint64_t{}); return true;
  default: return false;
  }
}
inline int32_t dtype_size(int32_t dtype) {
  static const int32_t sizes[] = {4, 8, 8, 4, 1, 1, 2, 2};
  return sizes[dtype];
}

// ---- strided index math
// ------------------------------------------------------------------------------------

// Division by a constant of the launch through a multiplication (Granlund and Montgomery 1994), for n < 2^31.
struct Divider {
  uint32_t divisor, magic, shift;
  Divider() = default;
  explicit Divider(uint32_t d) : divisor(d), magic(0), shift(0) {
    while (shift < 32 && (uint64_t{1} << shift) < d) shift++;
    magic = static_cast<uint32_t>((((uint64_t{1} << shift) - d) << 32) / d + 1);
  }
  __device__ __forceinline__ uint32_t divide(uint32_t n) const { return (__umulhi(n, magic) + n) >> shift; }
};

// A shape with the strides of K operands, innermost dimension first; dimensions of size 1 dropped, those that
// are contiguous in every operand merged. Passed to kernels by value.
template <int K> struct Strided {
  int dims;
  Divider size[RAP_MAX_DIMS];
  int32_t stride[RAP_MAX_DIMS][K];

  // meta: ndim, sizes, then the strides of each operand.
  explicit Strided(const int32_t *meta) : dims(0) {
    const int n = meta[0];
    uint32_t sizes[RAP_MAX_DIMS] = {};
    for (int d = n - 1; d >= 0; d--) {
      const int32_t *at = meta + 1 + d;
      const uint32_t extent = static_cast<uint32_t>(at[0]);
      if (extent == 1) continue;
      bool merge = dims > 0;
      for (int k = 0; merge && k < K; k++)
        merge = static_cast<int64_t>(at[(k + 1) * n]) ==
                static_cast<int64_t>(stride[dims - 1][k]) * sizes[dims - 1];
      if (merge) {
        sizes[dims - 1] *= extent;
        continue;
      }
      for (int k = 0; k < K; k++) stride[dims][k] = at[(k + 1) * n];
      sizes[dims++] = extent;
    }
    for (int d = 0; d < dims; d++) size[d] = Divider(sizes[d]);
  }

  __device__ __forceinline__ void offsets(uint32_t i, int64_t *to) const {
    for (int k = 0; k < K; k++) to[k] = 0;
    for (int d = 0; d < dims; d++) {
      const uint32_t q = size[d].divide(i), r = i - q * size[d].divisor;
      for (int k = 0; k < K; k++) to[k] += static_cast<int64_t>(r) * stride[d][k];
      i = q;
    }
  }
};

// ---- reductions
// --------------------------------------------------------------------------------------------

constexpr unsigned kFullWarp = 0xffffffffu;

template <typename T, typename F> __device__ __forceinline__ T warp_reduce(T v, F combine) {
  for (int s = 16; s > 0; s >>= 1) v = combine(v, __shfl_xor_sync(kFullWarp, v, s));
  return v;
}

// The combination over the block, in every thread. The block is a multiple of 32 threads, all of which call
// it.
template <typename T, typename F> __device__ __forceinline__ T block_reduce(T v, T identity, F combine) {
  RAP_SHARED(T, partial, 32);
  const int lane = threadIdx.x & 31, warp = threadIdx.x >> 5, warps = blockDim.x >> 5;
  v = warp_reduce(v, combine);
  __syncthreads(); // the partials of an earlier call have been read
  if (lane == 0) partial[warp] = v;
  __syncthreads();
  v = identity;
  if (lane < warps) v = partial[lane];
  return warp_reduce(v, combine);
}

struct Plus {
  template <typename T> __device__ __forceinline__ T operator()(T a, T b) const { return a + b; }
};
// NaN wins, as in PyTorch.
struct Largest {
  template <typename T> __device__ __forceinline__ T operator()(T a, T b) const {
    return a > b || a != a ? a : b;
  }
};
struct Smallest {
  template <typename T> __device__ __forceinline__ T operator()(T a, T b) const {
    return a < b || a != a ? a : b;
  }
};

#endif
