// Elementary functions on whole vectors, float32 (f32_*) and float64 (f64_*).
#ifndef RAP_VECMATH_H
#define RAP_VECMATH_H

#include "../pointwise.h"
#include "simd.h"
#include <math.h>

// A libm function applied lane by lane, for what no program spends its time in.
#define RAP_LANEWISE(name, single, twice)                                                                              \
  INLINE f32v f32_##name(f32v x) {                                                                                     \
    for (int i = 0; i < F32_LANES; i++) x[i] = single(x[i]);                                                           \
    return x;                                                                                                          \
  }                                                                                                                    \
  INLINE f64v f64_##name(f64v x) {                                                                                     \
    for (int i = 0; i < F64_LANES; i++) x[i] = twice(x[i]);                                                            \
    return x;                                                                                                          \
  }
#define RAP_LANEWISE2(name, single, twice)                                                                             \
  INLINE f32v f32_##name(f32v x, f32v y) {                                                                             \
    for (int i = 0; i < F32_LANES; i++) x[i] = single(x[i], y[i]);                                                     \
    return x;                                                                                                          \
  }                                                                                                                    \
  INLINE f64v f64_##name(f64v x, f64v y) {                                                                             \
    for (int i = 0; i < F64_LANES; i++) x[i] = twice(x[i], y[i]);                                                      \
    return x;                                                                                                          \
  }

RAP_LANEWISE(exp, expf, exp)
RAP_LANEWISE(exp2, exp2f, exp2)
RAP_LANEWISE(expm1, expm1f, expm1)
RAP_LANEWISE(log, logf, log)
RAP_LANEWISE(log2, log2f, log2)
RAP_LANEWISE(log10, log10f, log10)
RAP_LANEWISE(log1p, log1pf, log1p)
RAP_LANEWISE(sin, sinf, sin)
RAP_LANEWISE(cos, cosf, cos)
RAP_LANEWISE(tan, tanf, tan)
RAP_LANEWISE(asin, asinf, asin)
RAP_LANEWISE(acos, acosf, acos)
RAP_LANEWISE(atan, atanf, atan)
RAP_LANEWISE(sinh, sinhf, sinh)
RAP_LANEWISE(cosh, coshf, cosh)
RAP_LANEWISE(tanh, tanhf, tanh)
RAP_LANEWISE(asinh, asinhf, asinh)
RAP_LANEWISE(acosh, acoshf, acosh)
RAP_LANEWISE(atanh, atanhf, atanh)
RAP_LANEWISE(erf, erff, erf)
RAP_LANEWISE(erfc, erfcf, erfc)
RAP_LANEWISE2(pow, powf, pow)
RAP_LANEWISE2(fmod, fmodf, fmod)
RAP_LANEWISE2(atan2, atan2f, atan2)
RAP_LANEWISE2(hypot, hypotf, hypot)

// Cephes' psi: the asymptotic series above 10, recurrence up to it, reflection below 0.
static double rap_digamma(double x) {
  static const double series[7] = {8.33333333333333333333E-2, -2.10927960927960927961E-2, 7.57575757575757575758E-3,
                                   -4.16666666666666666667E-3, 3.96825396825396825397E-3, -8.33333333333333333333E-3,
                                   8.33333333333333333333E-2};
  if (x == 0) return copysign(INFINITY, -x);
  if (isinf(x)) return x > 0 ? x : NAN;
  double result = 0;
  if (x < 0) {
    if (x == floor(x)) return NAN;
    result = -RAP_PI / tan(RAP_PI * (x - trunc(x)));
    x = 1 - x;
  }
  for (; x < 10; x++) result -= 1 / x;
  if (x == 10) return result + 2.25175258906672110764;
  double y = 0;
  if (x < 1.0e17) {
    double z = 1 / (x * x);
    for (int i = 0; i < 7; i++) y = y * z + series[i];
    y *= z;
  }
  return result + log(x) - 0.5 / x - y;
}
// Winitzki's estimate, then Halley steps on erf(y) = x.
static double rap_erfinv(double x) {
  if (!(fabs(x) < 1)) return fabs(x) == 1 ? copysign(INFINITY, x) : NAN;
  double l = log1p(-x * x), t = 2 / (RAP_PI * 0.147) + l / 2;
  double y = copysign(sqrt(sqrt(t * t - l / 0.147) - t), x);
  for (int i = 0; i < 3; i++) {
    // 1 - |x| is exact where erf loses its digits.
    double error = fabs(x) > 0.5 ? copysign(1, x) * ((1 - fabs(x)) - erfc(fabs(y))) : erf(y) - x;
    double u = error / (RAP_2_OVER_SQRT_PI * exp(-y * y));
    y -= u / (1 + y * u);
  }
  return y;
}
static float rap_digamma_f32(float x) { return (float)rap_digamma(x); }
static float rap_erfinv_f32(float x) { return (float)rap_erfinv(x); }
static float rap_lgamma_f32(float x) { return (float)lgamma(x); }
RAP_LANEWISE(digamma, rap_digamma_f32, rap_digamma)
RAP_LANEWISE(erfinv, rap_erfinv_f32, rap_erfinv)
RAP_LANEWISE(lgamma, rap_lgamma_f32, lgamma)

// What the rows of pointwise.h are put together from; one text for both element types.
#define RAP_VECTOR_HELPERS(P, V, I)                                                                              \
  INLINE V P##_abs(V x) { return (V)((I)x & ~(I)P##_set(-0.0)); }                                                   \
  INLINE V P##_copysign(V a, V b) { return (V)(((I)a & ~(I)P##_set(-0.0)) | ((I)b & (I)P##_set(-0.0))); }              \
  INLINE V P##_max(V a, V b) { return P##_select((I)(a > b), a, b); }                                                  \
  INLINE V P##_sign(V x) {                                                                                             \
    V zero = P##_set(0);                                                                                               \
    return P##_select((I)(x > zero), P##_set(1), P##_select((I)(x < zero), P##_set(-1), zero));                        \
  }                                                                                                                    \
  INLINE V P##_clamp(V x, V low, V high) {                                                                             \
    x = P##_select((I)(x < low), low, x);                                                                              \
    return P##_select((I)(x > high), high, x);                                                                         \
  }                                                                                                                    \
  INLINE V P##_clamp_between(V x, V low, V high) {                                                                     \
    x = P##_select((I)((x < low) | (low != low)), low, x);                                                             \
    return P##_select((I)((x > high) | (high != high)), high, x);                                                      \
  }                                                                                                                    \
  INLINE V P##_logit(V x) { return P##_log(x / (P##_set(1) - x)); }                                                    \
  INLINE V P##_remainder(V a, V b) {                                                                                   \
    V m = P##_fmod(a, b), zero = P##_set(0);                                                                           \
    return P##_select((I)((m != zero) & ((b < zero) != (m < zero))), m + b, m);                                        \
  }                                                                                                                    \
  INLINE V P##_floor_divide(V a, V b) { /* as Python's: floor((a - a mod b) / b), corrected */                         \
    V m = P##_fmod(a, b), zero = P##_set(0), d = (a - m) / b;                                                          \
    d = P##_select((I)((m != zero) & ((b < zero) != (m < zero))), d - P##_set(1), d);                                  \
    V f = P##_floor(d);                                                                                                \
    f = P##_select((I)(d - f > P##_set(0.5)), f + P##_set(1), f);                                                      \
    f = P##_select((I)(d == zero), P##_copysign(zero, a / b), f);                                                      \
    return P##_select((I)(b == zero), a / b, f);                                                                       \
  }                                                                                                                    \
  INLINE V P##_gelu_tanh_slope(V x, V t) {                                                                             \
    V inner = P##_set(RAP_SQRT_2_OVER_PI) * (P##_set(1) + P##_set(3 * 0.044715) * x * x), half = P##_set(0.5);         \
    return half * (P##_set(1) + t) + half * x * (P##_set(1) - t * t) * inner;                                          \
  }                                                                                                                    \
  INLINE V P##_silu_slope(V x, V s) { return s * (P##_set(1) + x * (P##_set(1) - s)); }                                \
  INLINE V P##_mish_slope(V x, V s, V t) { return t + x * s * (P##_set(1) - t * t); }
RAP_VECTOR_HELPERS(f32, f32v, i32v)
RAP_VECTOR_HELPERS(f64, f64v, i64v)

#endif
