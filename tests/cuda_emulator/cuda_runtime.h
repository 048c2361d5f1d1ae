// Stands in for CUDA's cuda_runtime.h: compiles .cu files with the host compiler and runs them on the CPU.
//
// The kernels' own macros (kernels/cuda/common.cuh) hide the four things that a host compiler cannot read: `<<<>>>`
// (RAP_LAUNCH), `__shared__` (RAP_SHARED), `extern __shared__` (RAP_DYNAMIC_SHARED) and the type of a pointer to shared
// memory (RAP_SHARED_PTR). Everything else is CUDA's own spelling. See README.md for what is checked.
#ifndef RAP_EMULATOR_CUDA_RUNTIME_H
#define RAP_EMULATOR_CUDA_RUNTIME_H

#define RAP_EMULATED 1

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <math.h>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__    __attribute__((noinline))
#define __constant__    static
#define __launch_bounds__(...)
#define __grid_constant__
#define __align__(n) alignas(n)

#include "vector_types.h"
#include "runtime_api.h"
#include "threads.h"
#include "shared.h"
#include "intrinsics.h"

#endif
