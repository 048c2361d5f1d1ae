// What every CUDA kernel file needs: launches, shared memory, index math, warp and block sums.
//
// nvcc compiles these files for cards; tests/cuda_emulator compiles the very same files for the CPU. The macros below
// hide what a host compiler cannot read, so kernels use them instead of <<<>>>, __shared__ and extern __shared__.
#ifndef RAP_COMMON_CUH
#define RAP_COMMON_CUH

#include <cuda_runtime.h>
#include "../raptorch.h"

#ifndef RAP_EMULATED
// Runs `kernel` (in parentheses when its template arguments hold a comma) on a grid of blocks.
#define RAP_LAUNCH(kernel, grid, block, shared, stream, ...) (kernel)<<<(grid), (block), (shared), (stream)>>>(__VA_ARGS__)
// The type of a pointer into shared memory, and a shared array of `count` elements; one-dimensional by design.
#define RAP_SHARED_PTR(T)           T *
#define RAP_SHARED(T, name, count)  __shared__ __align__(16) T name[count]
#define RAP_DYNAMIC_SHARED(T, name)                                                                             \
  extern __shared__ __align__(16) unsigned char rap_dynamic_shared[];                                           \
  T *const name = reinterpret_cast<T *>(rap_dynamic_shared)
// A pointer into shared memory as one to another type.
#define RAP_SHARED_AS(T, p) reinterpret_cast<T *>(p)
#endif

#endif
