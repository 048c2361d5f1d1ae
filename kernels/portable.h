// Functions whose text is the same for the CPU and for CUDA.
#ifndef RAP_PORTABLE_H
#define RAP_PORTABLE_H
#include <math.h>
#include <stdint.h>

#ifdef __CUDACC__
#define RAP_PORTABLE static __host__ __device__ inline
#else
#define RAP_PORTABLE static inline
#endif

#endif
