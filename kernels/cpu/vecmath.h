// Elementary functions on whole vectors, float32 (f32_*) and float64 (f64_*).
#ifndef RAP_VECMATH_H
#define RAP_VECMATH_H

#include "../pointwise.h"
#include "simd.h"
#include <math.h>

// A libm function applied lane by lane, for what no program spends its time in.
#define RAP_LANEWISE(name, single, twice)                                                                    \
  INLINE f32v f32_##name(f32v x) {                                                                           \
    for (int i = 0; i < F32_LANES; i++) x[i] = single(x[i]);                                                 \
    return x;                                                                                                \
  }                                                                                                          \
  INLINE f64v f64_##name(f64v x) {                                                                           \
    for (int i = 0; i < F64_LANES; i++) x[i] = twice(x[i]);                                                  \
    return x;                                                                                                \
  }
// Only one of the two types lane by lane.
#define RAP_LANEWISE_F64(name, twice)                                                                        \
  INLINE f64v f64_##name(f64v x) {                                                                           \
    for (int i = 0; i < F64_LANES; i++) x[i] = twice(x[i]);                                                  \
    return x;                                                                                                \
  }
// A float32 function by its float64 one.
#define RAP_BY_F64(name)                                                                                     \
  INLINE f32v f32_##name(f32v x) {                                                                           \
    f64pair v = f64_widen(x);                                                                                \
    return f32_narrow(f64_##name(v.low), f64_##name(v.high));                                                \
  }

typedef uint32_t u32v __attribute__((vector_size(RAP_VBYTES)));
typedef uint64_t u64v __attribute__((vector_size(RAP_VBYTES)));
INLINE f32v f32_bits(uint32_t b) { return (f32v)(b - (u32v){0}); }
INLINE f64v f64_bits(uint64_t b) { return (f64v)(b - (u64v){0}); }
#define C32(c) f32_set(c##f)
#define C64(c) f64_set(c)

// ---- exponentials ----------------------------------------------------------------------------------------
// x = n ln 2 + r, |r| <= ln 2 / 2, and exp x = 2^n exp r. Adding 1.5 * 2^23 (2^52) rounds to an integer,
// which is then in the sum's low bits. ln 2 is the sum of a short number, whose products with n are exact,
// and a rest.

// exp(r) - 1 (coefficients: SLEEF's expf), and n in the low bits of *n.
INLINE f32v f32_exp_reduced(f32v x, f32v *whole) {
  const f32v round = C32(12582912.0);
  f32v t = x * C32(1.44269504088896341) + round, n = t - round;
  f32v r = x - n * C32(0.693145751953125) - n * C32(1.428606765330187045e-06),
       p = C32(0.000198527617612853646);
  p = p * r + C32(0.00139304355252534151);
  p = p * r + C32(0.00833336077630519867);
  p = p * r + C32(0.0416664853692054749);
  p = p * r + C32(0.166666671633720398);
  p = p * r + C32(0.5);
  *whole = t;
  return r * r * p + r;
}
// 2^n for n in the low bits of t, -126 <= n <= 127
INLINE f32v f32_power_of_2(i32v n) { return (f32v)((n + 127) << 23); }
INLINE f32v f32_clip(f32v x, f32v low, f32v high) { // NaN stays
  return f32_greater(low, f32_lesser(high, x));
}
INLINE f32v f32_exp(f32v x) {
  f32v t, p = f32_exp_reduced(f32_clip(x, C32(-104.5), C32(89.0)), &t);
  // The exponent in two halves, so that results below 2^-126 round once and those beyond 2^128 become
  // infinite.
  i32v n = (i32v)t - (i32v)C32(12582912.0), half = n >> 1;
  return (p + C32(1.0)) * f32_power_of_2(half) * f32_power_of_2(n - half);
}
// exp x for x <= 0, as softmax needs it: what would be below 2^-126 is 0.
INLINE f32v f32_exp_below(f32v x) {
  f32v t, p = f32_exp_reduced(f32_greater(C32(-87.33654), x), &t);
  f32v s =
      (f32v)(((i32v)t << 23) + (127 << 23)); // n's bits end up in the exponent, those of 1.5 * 2^23 drop out
  return (f32v)((i32v)(s * p + s) & ~(i32v)(x < C32(-87.33654)));
}
INLINE f32v f32_expm1(f32v x) {
  f32v t, p = f32_exp_reduced(f32_clip(x, C32(-30.0), C32(89.0)), &t);
  // 2^n (p + 1) - 1 through 2^(n-1), which does not overflow before the result does; tiny x are their own
  // result.
  f32v s = f32_power_of_2((i32v)t - (i32v)C32(12582912.0) - 1), y = s * p + (s - C32(0.5));
  return f32_select(x == C32(0.0), x, y + y);
}

INLINE f64v f64_exp_reduced(f64v r) { // exp(r) - 1: Taylor's series, remainder 2^-57
  f64v p = C64(1.0 / 6227020800);
  p = p * r + C64(1.0 / 479001600);
  p = p * r + C64(1.0 / 39916800);
  p = p * r + C64(1.0 / 3628800);
  p = p * r + C64(1.0 / 362880);
  p = p * r + C64(1.0 / 40320);
  p = p * r + C64(1.0 / 5040);
  p = p * r + C64(1.0 / 720);
  p = p * r + C64(1.0 / 120);
  p = p * r + C64(1.0 / 24);
  p = p * r + C64(1.0 / 6);
  p = p * r + C64(0.5);
  return r * r * p + r;
}
INLINE f64v f64_power_of_2(i64v n) { return (f64v)((n + 1023) << 52); }
INLINE f64v f64_clip(f64v x, f64v low, f64v high) { return f64_greater(low, f64_lesser(high, x)); }
#define ROUND64 C64(6755399441055744.0)
INLINE f64v f64_scale(f64v y, i64v n) { // y 2^n; n's halves fit where n does not
  // AVX2 has no arithmetic shift of 64 bits: n is made positive, halved and moved back.
  i64v half = (i64v)((u64v)(n + 4096) >> 1) - 2048;
  return y * f64_power_of_2(half) * f64_power_of_2(n - half);
}
INLINE f64v f64_reduce_ln2(f64v x, f64v *whole) {
  f64v t = x * C64(1.44269504088896340736) + ROUND64, n = t - ROUND64;
  *whole = t;
  return x - n * C64(6.93147180369123816490e-01) - n * C64(1.90821492927058770002e-10);
}
INLINE f64v f64_exp(f64v x) {
  f64v t, r = f64_reduce_ln2(f64_clip(x, C64(-746.0), C64(710.0)), &t);
  return f64_scale(f64_exp_reduced(r) + C64(1.0), (i64v)t - (i64v)ROUND64);
}
INLINE f64v f64_exp_below(f64v x) { return f64_exp(x); }
INLINE f64v f64_exp2(f64v x) {
  x = f64_clip(x, C64(-1080.0), C64(1025.0));
  f64v t = x + ROUND64, r = (x - (t - ROUND64)) * C64(0.693147180559945309417);
  return f64_scale(f64_exp_reduced(r) + C64(1.0), (i64v)t - (i64v)ROUND64);
}
INLINE f64v f64_expm1(f64v x) {
  f64v t, p = f64_exp_reduced(f64_reduce_ln2(f64_clip(x, C64(-50.0), C64(710.0)), &t));
  f64v s = f64_power_of_2((i64v)t - (i64v)ROUND64 - 1), y = s * p + (s - C64(0.5));
  return f64_select(x == C64(0.0), x, y + y);
}
RAP_BY_F64(exp2)

// tanh |x| = e / (e + 2), e = expm1 2|x|; 1 from 10 (20) on. In float32 x + x^3 P(x^2) is closer below 0.625
// (Cephes).
INLINE f32v f32_tanh(f32v x) {
  const i32v sign = (i32v)C32(-0.0);
  f32v a = (f32v)((i32v)x & ~sign);
  a = f32_select(a > C32(10.0), C32(10.0), a);
  f32v t, p = f32_exp_reduced(a + a, &t), s = f32_power_of_2((i32v)t - (i32v)C32(12582912.0));
  f32v e = s * p + (s - C32(1.0)), z = x * x, q = C32(-5.70498872745e-3);
  q = q * z + C32(2.06390887954e-2);
  q = q * z + C32(-5.37397155531e-2);
  q = q * z + C32(1.33314422036e-1);
  q = q * z + C32(-3.33332819422e-1);
  f32v far = (f32v)((i32v)(e / (e + C32(2.0))) | ((i32v)x & sign));
  return f32_select(a < C32(0.625), q * z * x + x, far);
}
INLINE f64v f64_tanh(f64v x) {
  const i64v sign = (i64v)C64(-0.0);
  f64v a = (f64v)((i64v)x & ~sign);
  a = f64_select(a > C64(20.0), C64(20.0), a);
  f64v e = f64_expm1(a + a);
  return (f64v)((i64v)(e / (e + C64(2.0))) | ((i64v)x & sign));
}
INLINE f64v f64_sinh(f64v x) { // (e + e / (e + 1)) / 2; the halves are taken first, for the sake of 710
  const i64v sign = (i64v)C64(-0.0);
  f64v a = (f64v)((i64v)x & ~sign), e = f64_expm1(a), y = C64(0.5) * e + C64(0.5) * (e / (e + C64(1.0)));
  f64v h = f64_exp(C64(0.5) * a); // beyond expm1's range
  y = f64_select(a > C64(700.0), C64(0.5) * h * h, y);
  return (f64v)((i64v)y | ((i64v)x & sign));
}
INLINE f64v f64_cosh(f64v x) {
  f64v h = f64_exp(C64(0.5) * (f64v)((i64v)x & ~(i64v)C64(-0.0)));
  return C64(0.5) * h * h + C64(0.5) / (h * h);
}
RAP_BY_F64(sinh)
RAP_BY_F64(cosh)

// ---- logarithms ------------------------------------------------------------------------------------------
// x = 2^e m, m in [sqrt 1/2, sqrt 2)

// Cephes' logf
INLINE f32v f32_log(f32v x) {
  f32v big = x * C32(8388608.0);
  i32v small = x < C32(1.17549435e-38);
  f32v v = f32_select(small, big, x);
  // Subtracting sqrt(1/2)'s bits puts the exponent's step where m's range begins.
  i32v bits = (i32v)v - 0x3f3504f3, exponent = bits >> 23;
  f32v e = __builtin_convertvector(exponent, f32v) - (f32v)((i32v)C32(23.0) & small);
  f32v f = (f32v)((bits & 0x007fffff) + 0x3f3504f3) - C32(1.0), z = f * f, p = C32(7.0376836292E-2);
  p = p * f + C32(-1.1514610310E-1);
  p = p * f + C32(1.1676998740E-1);
  p = p * f + C32(-1.2420140846E-1);
  p = p * f + C32(1.4249322787E-1);
  p = p * f + C32(-1.6668057665E-1);
  p = p * f + C32(2.0000714765E-1);
  p = p * f + C32(-2.4999993993E-1);
  p = p * f + C32(3.3333331174E-1);
  f32v y = f * z * p + e * C32(-2.12194440e-4) - C32(0.5) * z;
  y = e * C32(0.693359375) + (f + y);
  y = f32_select((x > C32(3.40282347e+38)) | (x != x), x, y);
  y = f32_select(x == C32(0.0), -f32_set(__builtin_inff()), y);
  return f32_select(x < C32(0.0), f32_set(__builtin_nanf("")), y);
}
// fdlibm's log: with s = f / (2 + f), log(1 + f) = f - (f^2/2 - s (f^2/2 + R(s^2))); *e is the exponent.
INLINE f64v f64_log_reduced(f64v x, f64v *e) {
  i64v small = x < C64(0x1p-1022);
  f64v v = f64_select(small, x * C64(0x1p54), x);
  u64v bits = (u64v)v - 0x3fe6a09e667f3bcd + 0x7ff0000000000000; // the exponent, made positive
  *e = (f64v)((bits >> 52) + 0x4330000000000000) - C64(0x1p52 + 2047) - (f64v)((i64v)C64(54.0) & small);
  f64v f = (f64v)((((u64v)v - 0x3fe6a09e667f3bcd) & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd) - C64(1.0);
  f64v s = f / (f + C64(2.0)), z = s * s, half = C64(0.5) * f * f, p = C64(1.479819860511658591e-01);
  p = p * z + C64(1.531383769920937332e-01);
  p = p * z + C64(1.818357216161805012e-01);
  p = p * z + C64(2.222219843214978396e-01);
  p = p * z + C64(2.857142874366239149e-01);
  p = p * z + C64(3.999999999940941908e-01);
  p = p * z + C64(6.666666666666735130e-01);
  return f - (half - s * (half + z * p));
}
INLINE f64v f64_log_special(f64v x, f64v y) {
  y = f64_select((x > C64(1.79769313486231570815e+308)) | (x != x), x, y);
  y = f64_select(x == C64(0.0), -f64_set(__builtin_inf()), y);
  return f64_select(x < C64(0.0), f64_set(__builtin_nan("")), y);
}
INLINE f64v f64_log(f64v x) {
  f64v e, l = f64_log_reduced(x, &e);
  return f64_log_special(x, e * C64(6.93147180369123816490e-01) + (l + e * C64(1.90821492927058770002e-10)));
}
INLINE f64v f64_log2(f64v x) {
  f64v e, l = f64_log_reduced(x, &e);
  return f64_log_special(x, e + l * C64(1.44269504088896340736));
}
INLINE f32v f32_log2(f32v x) {
  f64pair v = f64_widen(x);
  return f32_narrow(f64_log2(v.low), f64_log2(v.high));
}
INLINE f32v f32_log10(f32v x) {
  f64pair v = f64_widen(x);
  return f32_narrow(f64_log(v.low) * C64(0.434294481903251827651),
                    f64_log(v.high) * C64(0.434294481903251827651));
}
RAP_LANEWISE_F64(log10, log10)
// log u + (x - (u - 1)) / u, u = 1 + x rounded (Goldberg, "What every computer scientist should know",
// theorem 4)
INLINE f32v f32_log1p(f32v x) {
  f32v u = x + C32(1.0), l = f32_log(u), lost = (x - (u - C32(1.0))) / u;
  return f32_select((u == C32(0.0)) | (x == C32(0.0)) | (u > C32(3.40282347e+38)),
                    f32_select(x == C32(0.0), x, l), l + lost);
}
INLINE f64v f64_log1p(f64v x) {
  f64v u = x + C64(1.0), l = f64_log(u), lost = (x - (u - C64(1.0))) / u;
  return f64_select((u == C64(0.0)) | (x == C64(0.0)) | (u > C64(1.79769313486231570815e+308)),
                    f64_select(x == C64(0.0), x, l), l + lost);
}
INLINE f64v f64_near_asinh(f64v x) { // for float32's range: x^2 does not overflow
  const i64v sign = (i64v)C64(-0.0);
  f64v a = (f64v)((i64v)x & ~sign), square = a * a;
  f64v y = f64_log1p(a + square / (C64(1.0) + f64_sqrt(square + C64(1.0))));
  return (f64v)((i64v)f64_select(a > C64(1e200), a, y) | ((i64v)x & sign));
}
INLINE f64v f64_near_acosh(f64v x) {
  f64v t = x - C64(1.0), y = f64_log1p(t + f64_sqrt(t * (t + C64(2.0))));
  return f64_select(x < C64(1.0), f64_set(__builtin_nan("")), y);
}
INLINE f64v f64_near_atanh(f64v x) { return C64(0.5) * f64_log1p((x + x) / (C64(1.0) - x)); }
#define RAP_BY_NEAR_F64(name, twice)                                                                         \
  INLINE f32v f32_##name(f32v x) {                                                                           \
    f64pair v = f64_widen(x);                                                                                \
    return f32_narrow(f64_near_##name(v.low), f64_near_##name(v.high));                                      \
  }                                                                                                          \
  RAP_LANEWISE_F64(name, twice)
RAP_BY_NEAR_F64(asinh, asinh)
RAP_BY_NEAR_F64(acosh, acosh)
RAP_BY_NEAR_F64(atanh, atanh)

// ---- powers ----------------------------------------------------------------------------------------------

// exp(y log |x|), negative for a negative x and an odd y, NaN for a negative x and a broken y.
INLINE f64v f64_near_pow(f64v x, f64v y) {
  const i64v sign = (i64v)C64(-0.0);
  f64v a = (f64v)((i64v)x & ~sign), power = y * f64_log(a), one = C64(1.0), half = C64(0.5) * y;
  // y is a float32: an integer, and even, if trunc says so; infinite and large ones are even.
  i64v whole = f64_trunc(y) == y, odd = whole & (f64_trunc(half) != half);
  f64v r = f64_exp(power);
  r = f64_select((a == one) & (y == y), one, r);
  r = f64_select((x < C64(0.0)) & (x >= C64(-0x1p1000)) & ~whole, f64_set(__builtin_nan("")), r);
  // The sign bit of x, also of -0, survives an odd power.
  r = (f64v)((i64v)r | ((i64v)x & sign & odd));
  return f64_select((y == C64(0.0)) | (x == one), one, r);
}
INLINE f32v f32_pow(f32v x, f32v y) {
  f64pair a = f64_widen(x), b = f64_widen(y);
  return f32_narrow(f64_near_pow(a.low, b.low), f64_near_pow(a.high, b.high));
}
INLINE f64v f64_pow(f64v x, f64v y) {
  for (int i = 0; i < F64_LANES; i++) x[i] = pow(x[i], y[i]);
  return x;
}
INLINE f32v f32_hypot(f32v x, f32v y) {
  f64pair a = f64_widen(x), b = f64_widen(y);
  f32v inf = f32_set(__builtin_inff()),
       r = f32_narrow(f64_sqrt(a.low * a.low + b.low * b.low), f64_sqrt(a.high * a.high + b.high * b.high));
  return f32_select((x == inf) | (y == inf) | (x == -inf) | (y == -inf), inf, r);
}
INLINE f64v f64_hypot(f64v x, f64v y) {
  for (int i = 0; i < F64_LANES; i++) x[i] = hypot(x[i], y[i]);
  return x;
}

// ---- trigonometry ----------------------------------------------------------------------------------------
// In float64: x = k pi/2 + r. Up to 2^20 two parts of pi/2 suffice for a float32 result; libm takes what lies
// beyond.

// sine and cosine of r, and the quadrant in the low bits of *k
INLINE void f64_sincos_reduced(f64v x, f64v *sine, f64v *cosine, i64v *k) {
  f64v t = x * C64(0.636619772367581343076) + ROUND64, n = t - ROUND64;
  f64v r = x - n * C64(1.57079632673412561417) - n * C64(6.07710050650619224932e-11), z = r * r;
  f64v s = C64(2.7557319223985893e-6) - z * C64(2.5052108385441719e-8),
       c = C64(2.4801587301587302e-5) - z * C64(2.7557319223985891e-7);
  s = s * z - C64(1.9841269841269841e-4);
  s = s * z + C64(8.3333333333333333e-3);
  s = s * z - C64(1.6666666666666667e-1);
  c = c * z - C64(1.3888888888888889e-3);
  c = c * z + C64(4.1666666666666667e-2);
  c = c * z - C64(0.5);
  *sine = s * z * r + r, *cosine = c * z + C64(1.0), *k = (i64v)t;
}
INLINE f64v f64_near_sin(f64v x) {
  f64v s, c;
  i64v k;
  f64_sincos_reduced(x, &s, &c, &k);
  return (f64v)((i64v)f64_select((k & 1) == 1, c, s) ^ ((k & 2) << 62));
}
INLINE f64v f64_near_cos(f64v x) {
  f64v s, c;
  i64v k;
  f64_sincos_reduced(x, &s, &c, &k);
  return (f64v)((i64v)f64_select((k & 1) == 1, s, c) ^ (((k + 1) & 2) << 62));
}
INLINE f64v f64_near_tan(f64v x) {
  f64v s, c;
  i64v k;
  f64_sincos_reduced(x, &s, &c, &k);
  i64v odd = (k & 1) == 1;
  return f64_select(odd, -c, s) / f64_select(odd, s, c);
}
#define RAP_TRIGONOMETRY(name, single, twice)                                                                \
  INLINE f32v f32_##name(f32v x) {                                                                           \
    f64pair v = f64_widen(x);                                                                                \
    f32v y = f32_narrow(f64_near_##name(v.low), f64_near_##name(v.high)), limit = C32(1048576.0);            \
    if (__builtin_expect(i32_any((x > limit) | (x < -limit)), 0))                                            \
      for (int i = 0; i < F32_LANES; i++)                                                                    \
        if (!(x[i] <= limit[i] && x[i] >= -limit[i])) y[i] = single(x[i]);                                   \
    return y;                                                                                                \
  }                                                                                                          \
  RAP_LANEWISE_F64(name, twice)
RAP_TRIGONOMETRY(sin, sinf, sin)
RAP_TRIGONOMETRY(cos, cosf, cos)
RAP_TRIGONOMETRY(tan, tanf, tan)

// Cephes' atan of x >= 0: 1/x beyond tan(3 pi/8), (x - 1) / (x + 1) beyond 0.66.
INLINE f64v f64_atan_positive(f64v x) {
  const f64v one = C64(1.0);
  i64v far = x > C64(2.41421356237309504880), half = (x > C64(0.66)) & ~far;
  f64v base = f64_select(far, C64(RAP_PI / 2), f64_select(half, C64(RAP_PI / 4), C64(0.0)));
  f64v r = f64_select(far, -one, f64_select(half, x - one, x)) /
           f64_select(far, x, f64_select(half, x + one, one));
  f64v z = r * r, p = C64(-8.750608600031904122785e-1), q = z + C64(2.485846490142306297962e1);
  p = p * z + C64(-1.615753718733365076637e1);
  p = p * z + C64(-7.500855792314704667340e1);
  p = p * z + C64(-1.228866684490136173410e2);
  p = p * z + C64(-6.485021904942025371773e1);
  q = q * z + C64(1.650270098316988542046e2);
  q = q * z + C64(4.328810604912902668951e2);
  q = q * z + C64(4.853903996359136964868e2);
  q = q * z + C64(1.945506571482613964425e2);
  return base + (r * z * (p / q) + r);
}
// The angle of (x, y): for x < 0 pi less the one of (-x, y); both infinite or both 0 count as equal, or as on
// the axis.
INLINE f64v f64_near_atan2(f64v y, f64v x) {
  const i64v sign = (i64v)C64(-0.0);
  f64v inf = f64_set(__builtin_inf()), b = (f64v)((i64v)y & ~sign), a = (f64v)((i64v)x & ~sign),
       ratio = b / a;
  ratio = f64_select((a == inf) & (b == inf), C64(1.0), ratio);
  ratio = f64_select((a == C64(0.0)) & (b == C64(0.0)), C64(0.0), ratio);
  f64v angle = f64_atan_positive(ratio);
  angle = f64_select(((i64v)x & sign) != 0, C64(RAP_PI) - angle, angle);
  angle = f64_select((x != x) | (y != y), x + y, angle);
  return (f64v)(((i64v)angle & ~sign) | ((i64v)y & sign));
}
INLINE f64v f64_near_atan(f64v x) { return f64_near_atan2(x, C64(1.0)); }
INLINE f64v f64_near_asin(f64v x) { return f64_near_atan2(x, f64_sqrt((C64(1.0) - x) * (C64(1.0) + x))); }
INLINE f64v f64_near_acos(f64v x) { return f64_near_atan2(f64_sqrt((C64(1.0) - x) * (C64(1.0) + x)), x); }
RAP_BY_NEAR_F64(atan, atan)
RAP_BY_NEAR_F64(asin, asin)
RAP_BY_NEAR_F64(acos, acos)
#define RAP_BY_NEAR_F64_2(name, twice)                                                                       \
  INLINE f32v f32_##name(f32v x, f32v y) {                                                                   \
    f64pair a = f64_widen(x), b = f64_widen(y);                                                              \
    return f32_narrow(f64_near_##name(a.low, b.low), f64_near_##name(a.high, b.high));                       \
  }                                                                                                          \
  INLINE f64v f64_##name(f64v x, f64v y) {                                                                   \
    for (int i = 0; i < F64_LANES; i++) x[i] = twice(x[i], y[i]);                                            \
    return x;                                                                                                \
  }
RAP_BY_NEAR_F64_2(atan2, atan2)

// ---- remainders ------------------------------------------------------------------------------------------

// Of float32 numbers whose quotient is below 2^27: the quotient's whole part and its product with y are
// exact.
INLINE f64v f64_near_fmod(f64v x, f64v y) { return x - f64_trunc(x / y) * y; }
INLINE f32v f32_fmod(f32v x, f32v y) {
  const i32v sign = (i32v)C32(-0.0);
  f64pair a = f64_widen(x), b = f64_widen(y);
  f32v r = f32_narrow(f64_near_fmod(a.low, b.low), f64_near_fmod(a.high, b.high)),
       q = (f32v)((i32v)(x / y) & ~sign);
  r = (f32v)(((i32v)r & ~sign) | ((i32v)x & sign));
  // An infinite y leaves x as it is.
  f32v inf = f32_set(__builtin_inff());
  r = f32_select(((y == inf) | (y == -inf)) & (x - x == C32(0.0)), x, r);
  if (__builtin_expect(i32_any((q > C32(1e8)) & (y != C32(0.0))), 0))
    for (int i = 0; i < F32_LANES; i++)
      if (q[i] > 1e8f) r[i] = fmodf(x[i], y[i]);
  return r;
}
INLINE f64v f64_fmod(f64v x, f64v y) {
  for (int i = 0; i < F64_LANES; i++) x[i] = fmod(x[i], y[i]);
  return x;
}

// ---- the error function ----------------------------------------------------------------------------------

// N. Juffa's erff: x + x P(x^2) up to 0.9277, 1 - exp(Q(|x|)) beyond.
INLINE f32v f32_erf(f32v x) {
  const i32v sign = (i32v)C32(-0.0);
  f32v t = (f32v)((i32v)x & ~sign), s = x * x;
  // erf is 1 from 3.92 on.
  f32v a = f32_select(t > C32(4.0), C32(4.0), t), b = a * a;
  f32v r = C32(-1.72853470e-5) * a + C32(3.83197126e-4), u = C32(-3.88396438e-3) * a + C32(2.42546219e-2);
  r = r * b + u;
  r = r * a + C32(-1.06777877e-1);
  r = r * a + C32(-6.34846687e-1);
  r = r * a + C32(-1.28717512e-1);
  r = r * a - a;
  f32v whole, p = f32_exp_reduced(r, &whole); // r is in [-18, 0]
  f32v e = f32_power_of_2((i32v)whole - (i32v)C32(12582912.0));
  f32v far = (f32v)((i32v)(C32(1.0) - (e * p + e)) | ((i32v)x & sign)), q = C32(-5.96761703e-4);
  q = q * s + C32(4.99119423e-3);
  q = q * s + C32(-2.67681349e-2);
  q = q * s + C32(1.12819925e-1);
  q = q * s + C32(-3.76125336e-1);
  q = q * s + C32(1.28379166e-1);
  return f32_select(t > C32(0.927734375), far, q * x + x);
}
RAP_LANEWISE_F64(erf, erf)
// erf by one rational function (Eigen's), for GELU: within 6 ulp, which is 4e-7, at two thirds of the cost;
// exactly 1 from 4 on.
INLINE f32v f32_erf_near(f32v x) {
  x = f32_clip(x, C32(-4.0), C32(4.0));
  f32v z = x * x, p = C32(-2.72614225801306e-10), q = C32(-1.45660718464996e-05);
  p = p * z + C32(2.77068142495902e-08);
  p = p * z + C32(-2.10102402082508e-06);
  q = q * z + C32(-2.13374055278905e-04);
  p = p * z + C32(-5.69250639462346e-05);
  q = q * z + C32(-1.68282697438203e-03);
  p = p * z + C32(-7.34990630326855e-04);
  q = q * z + C32(-7.37332916720468e-03);
  p = p * z + C32(-2.95459980854025e-03);
  q = q * z + C32(-1.42647390514189e-02);
  p = p * z + C32(-1.60960333262415e-02);
  return x * p / q;
}
INLINE f64v f64_erf_near(f64v x) { return f64_erf(x); }
RAP_LANEWISE(erfc, erfcf, erfc)

// Cephes' psi: the asymptotic series above 10, recurrence up to it, reflection below 0.
static double rap_digamma(double x) {
  static const double series[7] = {8.33333333333333333333E-2, -2.10927960927960927961E-2,
                                   7.57575757575757575758E-3, -4.16666666666666666667E-3,
                                   3.96825396825396825397E-3, -8.33333333333333333333E-3,
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
#define RAP_VECTOR_HELPERS(P, V, I)                                                                          \
  INLINE V P##_abs(V x) { return (V)((I)x & ~(I)P##_set(-0.0)); }                                            \
  INLINE V P##_copysign(V a, V b) { return (V)(((I)a & ~(I)P##_set(-0.0)) | ((I)b & (I)P##_set(-0.0))); }    \
  INLINE V P##_max(V a, V b) { return P##_select((I)(a > b), a, b); }                                        \
  INLINE V P##_sign(V x) {                                                                                   \
    V zero = P##_set(0);                                                                                     \
    return P##_select((I)(x > zero), P##_set(1), P##_select((I)(x < zero), P##_set(-1), zero));              \
  }                                                                                                          \
  INLINE V P##_clamp(V x, V low, V high) {                                                                   \
    x = P##_select((I)(x < low), low, x);                                                                    \
    return P##_select((I)(x > high), high, x);                                                               \
  }                                                                                                          \
  INLINE V P##_clamp_between(V x, V low, V high) {                                                           \
    x = P##_select((I)((x < low) | (low != low)), low, x);                                                   \
    return P##_select((I)((x > high) | (high != high)), high, x);                                            \
  }                                                                                                          \
  INLINE V P##_logit(V x) { return P##_log(x / (P##_set(1) - x)); }                                          \
  INLINE V P##_remainder(V a, V b) {                                                                         \
    V m = P##_fmod(a, b), zero = P##_set(0);                                                                 \
    return P##_select((I)((m != zero) & ((b < zero) != (m < zero))), m + b, m);                              \
  }                                                                                                          \
  INLINE V P##_floor_divide(V a, V b) { /* as Python's: floor((a - a mod b) / b), corrected */               \
    V m = P##_fmod(a, b), zero = P##_set(0), d = (a - m) / b;                                                \
    d = P##_select((I)((m != zero) & ((b < zero) != (m < zero))), d - P##_set(1), d);                        \
    V f = P##_floor(d);                                                                                      \
    f = P##_select((I)(d - f > P##_set(0.5)), f + P##_set(1), f);                                            \
    f = P##_select((I)(d == zero), P##_copysign(zero, a / b), f);                                            \
    return P##_select((I)(b == zero), a / b, f);                                                             \
  }                                                                                                          \
  INLINE V P##_gelu_tanh_slope(V x, V t) {                                                                   \
    V inner = P##_set(RAP_SQRT_2_OVER_PI) * (P##_set(1) + P##_set(3 * 0.044715) * x * x),                    \
      half = P##_set(0.5);                                                                                   \
    return half * (P##_set(1) + t) + half * x * (P##_set(1) - t * t) * inner;                                \
  }                                                                                                          \
  INLINE V P##_silu_slope(V x, V s) { return s * (P##_set(1) + x * (P##_set(1) - s)); }                      \
  INLINE V P##_mish_slope(V x, V s, V t) { return t + x * s * (P##_set(1) - t * t); }
RAP_VECTOR_HELPERS(f32, f32v, i32v)
RAP_VECTOR_HELPERS(f64, f64v, i64v)

#endif
