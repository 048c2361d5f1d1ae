// The elementary functions of vecmath.h against libm in the next larger precision, over all of float32 (every
// STEP-th number, default 499; 1 for all) and random float64 numbers. The bound of each is in units in the
// last place.
//   cc -O2 -march=x86-64-v3 -Ikernels -Ikernels/cpu tests/kernels/vecmath_test.c -lm && ./a.out [STEP]
#include "vecmath.h"
#include <stdio.h>
#include <stdlib.h>

// X(function, float32 bound, float64 bound; 0: libm's own)
#define FUNCTIONS(X)                                                                                         \
  X(exp, 1, 1)                                                                                               \
  X(exp2, 0.51, 1.1)                                                                                         \
  X(expm1, 1.4, 1.8)                                                                                         \
  X(log, 0.8, 1.1)                                                                                           \
  X(log2, 0.51, 1.6)                                                                                         \
  X(log10, 0.51, 0)                                                                                          \
  X(log1p, 1.5, 1.6)                                                                                         \
  X(sin, 0.6, 0)                                                                                             \
  X(cos, 0.6, 0)                                                                                             \
  X(tan, 1.5, 0)                                                                                             \
  X(sinh, 0.51, 2.5)                                                                                         \
  X(cosh, 0.51, 3)                                                                                           \
  X(tanh, 1.6, 2.5)                                                                                          \
  X(asin, 0.51, 0)                                                                                           \
  X(acos, 0.51, 0)                                                                                           \
  X(atan, 0.51, 0)                                                                                           \
  X(asinh, 0.51, 0)                                                                                          \
  X(acosh, 0.51, 0)                                                                                          \
  X(atanh, 0.51, 0)                                                                                          \
  X(erf, 1.2, 0)

typedef struct {
  const char *name;
  f32v (*single)(f32v);
  f64v (*twice)(f64v);
  double (*libm)(double);
  long double (*libml)(long double);
  double bound32, bound64;
} function;
#define DEFINE(f, single, twice)                                                                             \
  static f32v f##_32(f32v x) { return f32_##f(x); }                                                          \
  static f64v f##_64(f64v x) { return f64_##f(x); }
FUNCTIONS(DEFINE)
#define ENTRY(f, single, twice) {#f, f##_32, f##_64, f, f##l, single, twice},
static const function functions[] = {FUNCTIONS(ENTRY)};

static int failures;

// The distance of y from the exact r in units of the last of `digits` bits, exponents from `least` on; -1 for
// a mismatch of NaN, infinity or a zero's sign.
static double distance(double y, long double r, double rounded, int digits, int least) {
  if (isnan(rounded)) return isnan(y) ? 0 : -1;
  if (isinf(rounded) || isinf(y)) return y == rounded ? 0 : -1;
  if (r == 0) return y == 0 && signbit(y) == signbit(r) ? 0 : -1;
  int e;
  frexp(rounded, &e);
  return (double)(fabsl((long double)y - r) / ldexpl(1, (e < least ? least : e) - digits));
}

static void report(const function *f, const char *type, double worst, double at, double bound) {
  int bad = worst > bound;
  failures += bad;
  if (bad || getenv("VERBOSE"))
    printf("%s%s %s: %.3f ulp at %.17g (bound %g)\n", bad ? "FAIL " : "", f->name, type, worst, at, bound);
}

static void test_f32(const function *f, uint64_t step) {
  double worst = 0, at = 0;
  for (uint64_t first = 0; first < (uint64_t)1 << 32; first += step * F32_LANES) {
    f32v x;
    for (int i = 0; i < F32_LANES; i++) {
      uint32_t bits = (uint32_t)(first + (uint64_t)i * step);
      float v;
      memcpy(&v, &bits, 4);
      x[i] = v;
    }
    f32v y = f->single(x);
    for (int i = 0; i < F32_LANES; i++) {
      double r = f->libm((double)x[i]), d = distance((double)y[i], r, (double)(float)r, 24, -125);
      // Just below the overflow an error of one place may reach infinity.
      if (d < 0) d = isinf(y[i]) && fabs(r) > 3.4028234e38 ? 0 : 1e9;
      if (d > worst) worst = d, at = (double)x[i];
    }
  }
  report(f, "float32", worst, at, f->bound32);
}

static void test_f64(const function *f) {
  static const double special[] = {0.0,   -0.0,   INFINITY, -INFINITY, NAN, 1,     -1,     5e-324,
                                   709.9, -745.5, 1e-310,   2,         0.5, 1e308, -1e308, 0x1p-1022};
  uint64_t state = 88172645463325252u;
  double worst = 0, at = 0;
  for (int round = 0; round < 100000; round++) {
    f64v x;
    for (int i = 0; i < F64_LANES; i++) {
      state ^= state << 13, state ^= state >> 7, state ^= state << 17;
      double v = ((double)(state >> 11) * 0x1p-53 - 0.5) * (round & 2 ? 1600 : round & 4 ? 4 : 200);
      if (round & 1) memcpy(&v, &state, 8); // any number, or NaN
      x[i] = round < 16 ? special[(round * F64_LANES + i) % 16] : v;
    }
    f64v y = f->twice(x);
    for (int i = 0; i < F64_LANES; i++) {
      long double r = f->libml((long double)x[i]);
      double d = distance(y[i], r, (double)r, 53, -1021);
      if (d < 0) d = fabsl(r) < 5e-324L && fabs(y[i]) <= 5e-324 ? 0 : 1e9;
      if (d > worst) worst = d, at = x[i];
    }
  }
  report(f, "float64", worst, at, f->bound64);
}

int main(int argc, char **argv) {
  uint64_t step = argc > 1 ? strtoull(argv[1], 0, 10) : 499;
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    test_f32(&functions[i], step);
    if (functions[i].bound64) test_f64(&functions[i]);
  }
  printf(failures ? "%d failures\n" : "ok\n", failures);
  return failures != 0;
}
