// Stands in for AVX-512 on processors without it: the few intrinsics that
// kernels/cpu/simd.h uses, written with compiler vectors. Included before
// everything else (-include), it makes a build for AVX2 take the code, the tile
// sizes and the vectors of the build for AVX-512. Only for tests: it is slow.
#ifndef RAP_AVX512_STAND_IN_H
#define RAP_AVX512_STAND_IN_H

#include <immintrin.h> // the vector types; before the macro below, so that it does not take AVX-512 for real
#include <stdint.h>
#include <string.h>

#define __AVX512F__ 1

// A vector here is two registers or lies in memory.
#define RAP_IN_REGISTER(v) ((void)0)

#define STAND_IN static inline __attribute__((always_inline, unused))

// Lanes whose bit in the mask is not set are neither read nor written in
// memory.
#define STAND_IN_MASKED(suffix, vector, element, lanes, mask)                  \
  STAND_IN vector stand_in_load_##suffix(vector x, mask k, const element *p) { \
    for (int i = 0; i < lanes; i++)                                            \
      if (k >> i & 1)                                                          \
        x[i] = p[i];                                                           \
    return x;                                                                  \
  }                                                                            \
  STAND_IN void stand_in_store_##suffix(element *p, mask k, vector x) {        \
    for (int i = 0; i < lanes; i++)                                            \
      if (k >> i & 1)                                                          \
        p[i] = x[i];                                                           \
  }                                                                            \
  STAND_IN element stand_in_add_##suffix(vector x) {                           \
    for (int n = lanes / 2; n > 0; n /= 2)                                     \
      for (int i = 0; i < n; i++)                                              \
        x[i] += x[i + n];                                                      \
    return x[0];                                                               \
  }                                                                            \
  STAND_IN element stand_in_max_##suffix(vector x) {                           \
    for (int n = lanes / 2; n > 0; n /= 2)                                     \
      for (int i = 0; i < n; i++)                                              \
        x[i] = x[i] > x[i + n] ? x[i] : x[i + n];                              \
    return x[0];                                                               \
  }                                                                            \
  /* The second operand where they are equal or not numbers, as the            \
   * instruction has it. */                                                    \
  STAND_IN vector stand_in_larger_##suffix(vector a, vector b) {               \
    for (int i = 0; i < lanes; i++)                                            \
      b[i] = a[i] > b[i] ? a[i] : b[i];                                        \
    return b;                                                                  \
  }                                                                            \
  STAND_IN vector stand_in_smaller_##suffix(vector a, vector b) {              \
    for (int i = 0; i < lanes; i++)                                            \
      b[i] = a[i] < b[i] ? a[i] : b[i];                                        \
    return b;                                                                  \
  }
STAND_IN_MASKED(ps, __m512, float, 16, uint16_t)
STAND_IN_MASKED(pd, __m512d, double, 8, uint8_t)
#define _mm512_mask_loadu_ps stand_in_load_ps
#define _mm512_mask_loadu_pd stand_in_load_pd
#define _mm512_mask_storeu_ps stand_in_store_ps
#define _mm512_mask_storeu_pd stand_in_store_pd
#define _mm512_reduce_add_ps stand_in_add_ps
#define _mm512_reduce_add_pd stand_in_add_pd
#define _mm512_reduce_max_ps stand_in_max_ps
#define _mm512_reduce_max_pd stand_in_max_pd
#define _mm512_max_ps stand_in_larger_ps
#define _mm512_max_pd stand_in_larger_pd
#define _mm512_min_ps stand_in_smaller_ps
#define _mm512_min_pd stand_in_smaller_pd

// The two halves of a vector, and one from two.
typedef struct {
  __m256 low, high;
} stand_in_ps;
typedef struct {
  __m256d low, high;
} stand_in_pd;
#define STAND_IN_HALVES(suffix, vector)                                        \
  STAND_IN stand_in_##suffix stand_in_halves_##suffix(vector x) {              \
    stand_in_##suffix y;                                                       \
    memcpy(&y, &x, sizeof y);                                                  \
    return y;                                                                  \
  }                                                                            \
  STAND_IN vector stand_in_whole_##suffix(stand_in_##suffix y) {               \
    vector x;                                                                  \
    memcpy(&x, &y, sizeof x);                                                  \
    return x;                                                                  \
  }
STAND_IN_HALVES(ps, __m512)
STAND_IN_HALVES(pd, __m512d)

STAND_IN __m512 stand_in_sqrt_ps(__m512 x) {
  stand_in_ps y = stand_in_halves_ps(x);
  return stand_in_whole_ps(
      (stand_in_ps){_mm256_sqrt_ps(y.low), _mm256_sqrt_ps(y.high)});
}
STAND_IN __m512d stand_in_sqrt_pd(__m512d x) {
  stand_in_pd y = stand_in_halves_pd(x);
  return stand_in_whole_pd(
      (stand_in_pd){_mm256_sqrt_pd(y.low), _mm256_sqrt_pd(y.high)});
}
#define _mm512_sqrt_ps stand_in_sqrt_ps
#define _mm512_sqrt_pd stand_in_sqrt_pd

// The mode is an immediate operand, hence macros.
#define _mm512_roundscale_ps(x, mode)                                          \
  stand_in_whole_ps(                                                           \
      (stand_in_ps){_mm256_round_ps(stand_in_halves_ps(x).low, mode),          \
                    _mm256_round_ps(stand_in_halves_ps(x).high, mode)})
#define _mm512_roundscale_pd(x, mode)                                          \
  stand_in_whole_pd(                                                           \
      (stand_in_pd){_mm256_round_pd(stand_in_halves_pd(x).low, mode),          \
                    _mm256_round_pd(stand_in_halves_pd(x).high, mode)})

STAND_IN __m512 stand_in_permute(__m512i lane, __m512 x) {
  int32_t from[16];
  __m512 y;
  memcpy(from, &lane, sizeof from);
  for (int i = 0; i < 16; i++)
    y[i] = x[from[i] & 15];
  return y;
}
#define _mm512_permutexvar_ps stand_in_permute

STAND_IN uint16_t stand_in_signs(__m512i x) {
  int32_t lane[16];
  uint16_t mask = 0;
  memcpy(lane, &x, sizeof lane);
  for (int i = 0; i < 16; i++)
    mask |= (uint16_t)((lane[i] < 0) << i);
  return mask;
}
#define _mm512_movepi32_mask stand_in_signs

STAND_IN void stand_in_stream(float *p, __m512 x) {
  stand_in_ps y = stand_in_halves_ps(x);
  _mm256_stream_ps(p, y.low), _mm256_stream_ps(p + 8, y.high);
}
#define _mm512_stream_ps stand_in_stream

STAND_IN __m512d stand_in_widen(__m256 x) {
  return stand_in_whole_pd(
      (stand_in_pd){_mm256_cvtps_pd(_mm256_castps256_ps128(x)),
                    _mm256_cvtps_pd(_mm256_extractf128_ps(x, 1))});
}
STAND_IN __m256 stand_in_narrow(__m512d x) {
  stand_in_pd y = stand_in_halves_pd(x);
  return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(y.low)),
                              _mm256_cvtpd_ps(y.high), 1);
}
STAND_IN __m512d stand_in_insert(__m512d x, __m256d half, int which) {
  stand_in_pd y = stand_in_halves_pd(x);
  if (which)
    y.high = half;
  else
    y.low = half;
  return stand_in_whole_pd(y);
}
#define _mm512_cvtps_pd stand_in_widen
#define _mm512_cvtpd_ps stand_in_narrow
#define _mm512_castps512_ps256(x) stand_in_halves_ps(x).low
#define _mm512_castpd256_pd512(x) stand_in_whole_pd((stand_in_pd){x, x})
#define _mm512_extractf64x4_pd(x, i)                                           \
  (i ? stand_in_halves_pd(x).high : stand_in_halves_pd(x).low)
#define _mm512_insertf64x4 stand_in_insert

#endif
