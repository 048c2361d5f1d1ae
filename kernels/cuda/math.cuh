// The functions that the rows of pointwise.h are put together from, for float and double.
#ifndef RAP_MATH_CUH
#define RAP_MATH_CUH

#include "common.cuh"
#include "../pointwise.h"
#include <math.h>

#define RAP_FUNCTION(name, single, twice)                                                                    \
  DEVICE float op_##name(float x) { return single(x); }                                                      \
  DEVICE double op_##name(double x) { return twice(x); }
#define RAP_FUNCTION2(name, single, twice)                                                                   \
  DEVICE float op_##name(float a, float b) { return single(a, b); }                                          \
  DEVICE double op_##name(double a, double b) { return twice(a, b); }

RAP_FUNCTION(abs, fabsf, fabs)
RAP_FUNCTION(sqrt, sqrtf, sqrt)
RAP_FUNCTION(exp, expf, exp)
RAP_FUNCTION(exp2, exp2f, exp2)
RAP_FUNCTION(expm1, expm1f, expm1)
RAP_FUNCTION(log, logf, log)
RAP_FUNCTION(log2, log2f, log2)
RAP_FUNCTION(log10, log10f, log10)
RAP_FUNCTION(log1p, log1pf, log1p)
RAP_FUNCTION(sin, sinf, sin)
RAP_FUNCTION(cos, cosf, cos)
RAP_FUNCTION(tan, tanf, tan)
RAP_FUNCTION(asin, asinf, asin)
RAP_FUNCTION(acos, acosf, acos)
RAP_FUNCTION(atan, atanf, atan)
RAP_FUNCTION(sinh, sinhf, sinh)
RAP_FUNCTION(cosh, coshf, cosh)
RAP_FUNCTION(tanh, tanhf, tanh)
RAP_FUNCTION(asinh, asinhf, asinh)
RAP_FUNCTION(acosh, acoshf, acosh)
RAP_FUNCTION(atanh, atanhf, atanh)
RAP_FUNCTION(erf, erff, erf)
RAP_FUNCTION(erf_near, erff, erf)
RAP_FUNCTION(erfc, erfcf, erfc)
RAP_FUNCTION(floor, floorf, floor)
RAP_FUNCTION(ceil, ceilf, ceil)
RAP_FUNCTION(rint, rintf, rint)
RAP_FUNCTION(trunc, truncf, trunc)
RAP_FUNCTION(lgamma, lgammaf, lgamma)
RAP_FUNCTION2(pow, powf, pow)
RAP_FUNCTION2(fmod, fmodf, fmod)
RAP_FUNCTION2(atan2, atan2f, atan2)
RAP_FUNCTION2(hypot, hypotf, hypot)
RAP_FUNCTION2(copysign, copysignf, copysign)

template <typename T> DEVICE T op_select(bool condition, T yes, T no) { return condition ? yes : no; }
template <typename T> DEVICE T op_sign(T x) { return x > T(0) ? T(1) : x < T(0) ? T(-1) : T(0); }
template <typename T> DEVICE T op_max(T a, T b) { return a > b ? a : b; }
template <typename T> DEVICE T op_clamp(T x, T low, T high) {
  x = x < low ? low : x;
  return x > high ? high : x;
}
// The same with bounds that may be NaN, which then is the result.
template <typename T> DEVICE T op_clamp_between(T x, T low, T high) {
  x = x < low || low != low ? low : x;
  return x > high || high != high ? high : x;
}
template <typename T> DEVICE T op_logit(T x) { return op_log(x / (T(1) - x)); }
template <typename T> DEVICE T op_remainder(T a, T b) {
  const T m = op_fmod(a, b);
  return m != T(0) && (b < T(0)) != (m < T(0)) ? m + b : m;
}
// As Python's: floor((a - a mod b) / b), corrected.
template <typename T> DEVICE T op_floor_divide(T a, T b) {
  if (b == T(0)) return a / b;
  const T m = op_fmod(a, b);
  T d = (a - m) / b;
  if (m != T(0) && (b < T(0)) != (m < T(0))) d -= T(1);
  if (d == T(0)) return op_copysign(T(0), a / b);
  const T f = op_floor(d);
  return d - f > T(0.5) ? f + T(1) : f;
}
template <typename T> DEVICE T op_gelu_tanh_slope(T x, T t) {
  const T inner = T(RAP_SQRT_2_OVER_PI) * (T(1) + T(3 * 0.044715) * x * x);
  return T(0.5) * (T(1) + t) + T(0.5) * x * (T(1) - t * t) * inner;
}
template <typename T> DEVICE T op_silu_slope(T x, T s) { return s * (T(1) + x * (T(1) - s)); }
template <typename T> DEVICE T op_mish_slope(T x, T s, T t) { return t + x * s * (T(1) - t * t); }

// Cephes' psi: the asymptotic series above 10, recurrence up to it, reflection below 0.
template <typename T> DEVICE T op_digamma(T at) {
  double x = at, result = 0;
  if (x == 0) return static_cast<T>(copysign(HUGE_VAL, -x));
  if (fabs(x) == HUGE_VAL) return x > 0 ? at : static_cast<T>(HUGE_VAL - HUGE_VAL);
  if (x < 0) {
    if (x == floor(x)) return static_cast<T>(HUGE_VAL - HUGE_VAL);
    result = -RAP_PI / tan(RAP_PI * (x - trunc(x)));
    x = 1 - x;
  }
  for (; x < 10; x++) result -= 1 / x;
  if (x == 10) return static_cast<T>(result + 2.25175258906672110764);
  double y = 0;
  if (x < 1.0e17) {
    const double z = 1 / (x * x);
    y = 8.33333333333333333333E-2;
    y = y * z - 2.10927960927960927961E-2;
    y = y * z + 7.57575757575757575758E-3;
    y = y * z - 4.16666666666666666667E-3;
    y = y * z + 3.96825396825396825397E-3;
    y = y * z - 8.33333333333333333333E-3;
    y = (y * z + 8.33333333333333333333E-2) * z;
  }
  return static_cast<T>(result + log(x) - 0.5 / x - y);
}

// Winitzki's estimate, then Halley steps on erf(y) = x.
template <typename T> DEVICE T op_erfinv(T at) {
  const double x = at;
  if (!(fabs(x) < 1)) return static_cast<T>(fabs(x) == 1 ? copysign(HUGE_VAL, x) : HUGE_VAL - HUGE_VAL);
  const double l = log1p(-x * x), t = 2 / (RAP_PI * 0.147) + l / 2;
  double y = copysign(sqrt(sqrt(t * t - l / 0.147) - t), x);
  for (int i = 0; i < 3; i++) {
    // 1 - |x| is exact where erf loses its digits.
    const double error = fabs(x) > 0.5 ? copysign(1.0, x) * ((1 - fabs(x)) - erfc(fabs(y))) : erf(y) - x;
    const double u = error / (RAP_2_OVER_SQRT_PI * exp(-y * y));
    y -= u / (1 + y * u);
  }
  return static_cast<T>(y);
}

// ---- integers
// ----------------------------------------------------------------------------------------------

// Division by zero gives 0 here; a card cannot report it.
DEVICE int64_t divide_int(int64_t a, int64_t b) {
  if (b == 0) return 0;
  return b == -1 ? static_cast<int64_t>(0 - static_cast<uint64_t>(a)) : a / b;
}
DEVICE int64_t fmod_int(int64_t a, int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }
DEVICE int64_t floor_divide_int(int64_t a, int64_t b) {
  const int64_t d = divide_int(a, b);
  return b && (a < 0) != (b < 0) && fmod_int(a, b) ? d - 1 : d;
}
DEVICE int64_t remainder_int(int64_t a, int64_t b) {
  const int64_t m = fmod_int(a, b);
  return m && (m < 0) != (b < 0) ? m + b : m;
}
// Negative powers of integers are 0 but for 1 and -1.
DEVICE int64_t pow_int(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
  uint64_t result = 1, base = static_cast<uint64_t>(a);
  for (; b; b >>= 1, base *= base)
    if (b & 1) result *= base;
  return static_cast<int64_t>(result);
}
#define RAP_INT_DIVIDE(T, U, a, b)       static_cast<T>(divide_int(a, b))
#define RAP_INT_FLOOR_DIVIDE(T, U, a, b) static_cast<T>(floor_divide_int(a, b))
#define RAP_INT_REMAINDER(T, U, a, b)    static_cast<T>(remainder_int(a, b))
#define RAP_INT_FMOD(T, U, a, b)         static_cast<T>(fmod_int(a, b))
#define RAP_INT_POW(T, a, b)             static_cast<T>(pow_int(a, b))

// ---- tests
// -------------------------------------------------------------------------------------------------

DEVICE bool is_infinite(float x) { return fabsf(x) > 3.402823466e38f; }
DEVICE bool is_infinite(double x) { return fabs(x) > 1.7976931348623157e308; }
DEVICE bool is_finite(float x) { return fabsf(x) <= 3.402823466e38f; }
DEVICE bool is_finite(double x) { return fabs(x) <= 1.7976931348623157e308; }
DEVICE bool sign_bit(float x) { return __float_as_int(x) < 0; }
DEVICE bool sign_bit(double x) { return __double_as_longlong(x) < 0; }
template <typename T> DEVICE bool is_infinite(T) { return false; }
template <typename T> DEVICE bool is_finite(T) { return true; }
template <typename T> DEVICE bool sign_bit(T x) { return static_cast<int64_t>(x) < 0; }
#define IS_INFINITE(x) is_infinite(x)
#define IS_FINITE(x)   is_finite(x)
#define SIGN_BIT(x)    sign_bit(x)
#define DISTANCE(a, b) fabs(static_cast<double>(a) - static_cast<double>(b))

// ---- parameters as elements (host)
// -------------------------------------------------------------------------

inline int64_t to_int(double x) {
  return x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : x == x ? static_cast<int64_t>(x) : 0;
}
// Bounds outside the type's range clamp to it; a factor below zero of bytes wraps.
template <typename T> T to_parameter(double x) { return static_cast<T>(x); }
template <> inline int64_t to_parameter<int64_t>(double x) { return to_int(x); }
template <> inline int32_t to_parameter<int32_t>(double x) {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : static_cast<int32_t>(to_int(x));
}
template <> inline uint8_t to_parameter<uint8_t>(double x) {
  return x > 255 ? 255 : static_cast<uint8_t>(to_int(x));
}
// A scalar operand: wraps as a conversion does.
template <typename T> T to_element(double x) { return static_cast<T>(to_int(x)); }
template <> inline float to_element<float>(double x) { return static_cast<float>(x); }
template <> inline double to_element<double>(double x) { return x; }

#endif
