// The vector types and the few primitives on them: the only file that names an instruction set.
// Kernels are written once with compiler vector types; RAP_VBYTES follows the -march they are compiled for.
#ifndef RAP_SIMD_H
#define RAP_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#define RAP_VBYTES 64
#elif defined(__AVX2__)
#define RAP_VBYTES 32
#else // SSE, NEON
#define RAP_VBYTES 16
#endif

#define F32_LANES (RAP_VBYTES / 4)
#define F64_LANES (RAP_VBYTES / 8)
#define INLINE    static inline __attribute__((always_inline, unused))

typedef float f32v __attribute__((vector_size(RAP_VBYTES)));
typedef double f64v __attribute__((vector_size(RAP_VBYTES)));
typedef int32_t i32v __attribute__((vector_size(RAP_VBYTES)));
typedef int64_t i64v __attribute__((vector_size(RAP_VBYTES)));
// The same in memory, at any address.
typedef float f32u __attribute__((vector_size(RAP_VBYTES), aligned(4), may_alias));
typedef double f64u __attribute__((vector_size(RAP_VBYTES), aligned(8), may_alias));
typedef int32_t i32u __attribute__((vector_size(RAP_VBYTES), aligned(4), may_alias));

INLINE f32v f32_load(const float *p) { return (f32v) * (const f32u *)p; }
INLINE void f32_store(float *p, f32v x) { *(f32u *)p = (f32u)x; }
INLINE f32v f32_set(float s) { return s - (f32v){0}; }
INLINE f64v f64_load(const double *p) { return (f64v) * (const f64u *)p; }
INLINE void f64_store(double *p, f64v x) { *(f64u *)p = (f64u)x; }
INLINE f64v f64_set(double s) { return s - (f64v){0}; }
INLINE i32v i32_load(const int32_t *p) { return (i32v) * (const i32u *)p; }
INLINE void i32_store(int32_t *p, i32v x) { *(i32u *)p = (i32u)x; }

// mask ? a : b, lane by lane; a mask lane is all ones or all zeros, as comparisons give.
INLINE f32v f32_select(i32v mask, f32v a, f32v b) { return (f32v)((mask & (i32v)a) | (~mask & (i32v)b)); }
INLINE f64v f64_select(i64v mask, f64v a, f64v b) { return (f64v)((mask & (i64v)a) | (~mask & (i64v)b)); }

// The first n < F32_LANES elements; the other lanes are `fill`.
INLINE f32v f32_load_tail(const float *p, int n, float fill) {
  f32v x = f32_set(fill);
  memcpy(&x, p, (size_t)n * sizeof(float));
  return x;
}
INLINE void f32_store_tail(float *p, f32v x, int n) { memcpy(p, &x, (size_t)n * sizeof(float)); }

INLINE float f32_sum(f32v x) {
  float s = 0;
  for (int i = 0; i < F32_LANES; i++) s += x[i];
  return s;
}

#endif
