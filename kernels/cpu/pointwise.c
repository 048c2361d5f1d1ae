// Pointwise ops: compiles each row of pointwise.h into a loop over contiguous elements, which walk.c hands
// its pieces.
#include "../raptorch.h"
#include "simd.h"
#include "vecmath.h"
#include "walk.h"
#include <float.h>
#include <stdatomic.h>

typedef struct {
  rap_loop run;
  int32_t cost;
} op;

// The loop's iterations are independent even where y is an input.
#if defined(__clang__)
#define INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#define BY_FOUR     _Pragma("clang loop unroll_count(4)")
#else
#define INDEPENDENT _Pragma("GCC ivdep")
#define BY_FOUR     _Pragma("GCC unroll 4") // so that no short loop happens to straddle a cache line
#endif

// ---- float kernels: vectors ------------------------------------------------------------------------------

#define VECTOR_LOOP(P, L, LOADS, TAILS, value)                                                               \
  int64_t i = 0;                                                                                             \
  BY_FOUR for (; i + L <= n; i += L) {                                                                       \
    LOADS                                                                                                    \
    P##_store(y + i, value);                                                                                 \
  }                                                                                                          \
  if (i < n) {                                                                                               \
    const int rest = (int)(n - i);                                                                           \
    TAILS                                                                                                    \
    P##_store_tail(y + i, value, rest);                                                                      \
  }
#define UNARY_VECTOR(fn, P, S, V, L, value)                                                                  \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    S *y = y0;                                                                                               \
    const S *x0 = in[0];                                                                                     \
    const V p = P##_set((S)p0), q = P##_set((S)q0);                                                          \
    (void)p, (void)q;                                                                                        \
    VECTOR_LOOP(P, L, V x = P##_load(x0 + i);, V x = P##_load_tail(x0 + i, rest, 1);, value)                 \
  }
#define BINARY_VECTOR(fn, P, S, V, L, value)                                                                 \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    S *y = y0;                                                                                               \
    const S *a0 = in[0], *b0 = in[1];                                                                        \
    const V p = P##_set((S)p0), q = P##_set((S)q0);                                                          \
    (void)p, (void)q;                                                                                        \
    VECTOR_LOOP(P, L, V a = P##_load(a0 + i); V b = P##_load(b0 + i);, V a = P##_load_tail(a0 + i, rest, 1); \
                V b = P##_load_tail(b0 + i, rest, 1);, value)                                                \
  }
#define TERNARY_VECTOR(fn, P, S, V, L, value)                                                                \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    S *y = y0;                                                                                               \
    const S *a0 = in[0], *b0 = in[1], *c0 = in[2];                                                           \
    const V p = P##_set((S)p0);                                                                              \
    (void)p, (void)q0;                                                                                       \
    VECTOR_LOOP(P, L, V a = P##_load(a0 + i); V b = P##_load(b0 + i); V c = P##_load(c0 + i);                \
                , V a = P##_load_tail(a0 + i, rest, 1); V b = P##_load_tail(b0 + i, rest, 1);                \
                V c = P##_load_tail(c0 + i, rest, 1);, value)                                                \
  }

#define M(f)                   f32_##f
#define K(c)                   f32_set((float)(c))
#define ROW(name, cost, value) UNARY_VECTOR(unary_f32_##name, f32, float, f32v, F32_LANES, value)
RAP_UNARY_FLOAT(ROW)
#undef ROW
#define ROW(name, cost, value) BINARY_VECTOR(binary_f32_##name, f32, float, f32v, F32_LANES, value)
RAP_BINARY_FLOAT(ROW)
#undef ROW
#define ROW(name, cost, value) TERNARY_VECTOR(ternary_f32_##name, f32, float, f32v, F32_LANES, value)
RAP_TERNARY_FLOAT(ROW)
#undef ROW
#undef M
#undef K

#define M(f)                   f64_##f
#define K(c)                   f64_set((double)(c))
#define ROW(name, cost, value) UNARY_VECTOR(unary_f64_##name, f64, double, f64v, F64_LANES, value)
RAP_UNARY_FLOAT(ROW)
#undef ROW
#define ROW(name, cost, value) BINARY_VECTOR(binary_f64_##name, f64, double, f64v, F64_LANES, value)
RAP_BINARY_FLOAT(ROW)
#undef ROW
#define ROW(name, cost, value) TERNARY_VECTOR(ternary_f64_##name, f64, double, f64v, F64_LANES, value)
RAP_TERNARY_FLOAT(ROW)
#undef ROW
#undef M
#undef K

// ---- integer and bool kernels, and the tests: scalar loops that the compiler vectorises
// --------------------

// Set by an integer division by zero (whose result is then 0); rap_binary reports it.
static _Atomic int divided_by_zero;

static int64_t divide(int64_t a, int64_t b) {
  if (b == 0) return atomic_store_explicit(&divided_by_zero, 1, memory_order_relaxed), 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}
static int64_t fmod_int(int64_t a, int64_t b) {
  if (b == 0) return atomic_store_explicit(&divided_by_zero, 1, memory_order_relaxed), 0;
  return b == -1 ? 0 : a % b;
}
static int64_t floor_divide(int64_t a, int64_t b) {
  int64_t d = divide(a, b);
  return b && (a < 0) != (b < 0) && fmod_int(a, b) ? d - 1 : d;
}
static int64_t remainder_int(int64_t a, int64_t b) {
  int64_t m = fmod_int(a, b);
  return m && (m < 0) != (b < 0) ? m + b : m;
}
// Negative powers of integers are 0 but for 1 and -1.
static int64_t pow_int(int64_t a, int64_t b) {
  if (b < 0) return a == 1 ? 1 : a == -1 ? (b & 1 ? -1 : 1) : 0;
  uint64_t result = 1, base = (uint64_t)a;
  for (; b; b >>= 1, base *= base)
    if (b & 1) result *= base;
  return (int64_t)result;
}
#define RAP_INT_DIVIDE(T, U, a, b)       (T) divide(a, b)
#define RAP_INT_FLOOR_DIVIDE(T, U, a, b) (T) floor_divide(a, b)
#define RAP_INT_REMAINDER(T, U, a, b)    (T) remainder_int(a, b)
#define RAP_INT_FMOD(T, U, a, b)         (T) fmod_int(a, b)
#define RAP_INT_POW(T, a, b)             (T) pow_int(a, b)

INLINE int infinite_f32(float x) { return fabsf(x) > FLT_MAX; }
INLINE int infinite_f64(double x) { return fabs(x) > DBL_MAX; }
INLINE int finite_f32(float x) { return fabsf(x) <= FLT_MAX; }
INLINE int finite_f64(double x) { return fabs(x) <= DBL_MAX; }
INLINE int infinite_int(int64_t x) { return (void)x, 0; }
INLINE int finite_int(int64_t x) { return (void)x, 1; }
INLINE int sign_f32(float x) {
  uint32_t bits;
  memcpy(&bits, &x, 4);
  return (int)(bits >> 31);
}
INLINE int sign_f64(double x) {
  uint64_t bits;
  memcpy(&bits, &x, 8);
  return (int)(bits >> 63);
}
INLINE int sign_int(int64_t x) { return x < 0; }
#define IS_INFINITE(x) _Generic((x), float : infinite_f32, double : infinite_f64, default : infinite_int)(x)
#define IS_FINITE(x)   _Generic((x), float : finite_f32, double : finite_f64, default : finite_int)(x)
#define SIGN_BIT(x)    _Generic((x), float : sign_f32, double : sign_f64, default : sign_int)(x)
#define DISTANCE(a, b) fabs((double)(a) - (double)(b))

static int64_t to_int(double x) {
  return x >= 0x1p63 ? INT64_MAX : x <= -0x1p63 ? INT64_MIN : x == x ? (int64_t)x : 0;
}
// A parameter as an element: bounds outside the type's range clamp to it.
static int32_t to_int32(double x) {
  return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)to_int(x);
}
static uint8_t to_uint8(double x) { return x > 255 ? 255 : (uint8_t)to_int(x); }
#define to_int64   to_int
#define to_bool(x) ((x) != 0)

#define UNARY_SCALAR(fn, Y, T, parameter, value)                                                             \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    Y *y = y0;                                                                                               \
    const T *x0 = in[0];                                                                                     \
    const __typeof__(parameter(p0)) p = parameter(p0), q = parameter(q0);                                    \
    (void)p, (void)q;                                                                                        \
    INDEPENDENT for (int64_t i = 0; i < n; i++) {                                                            \
      const T x = x0[i];                                                                                     \
      y[i] = (Y)(value);                                                                                     \
    }                                                                                                        \
  }
#define BINARY_SCALAR(fn, Y, T, parameter, value)                                                            \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    Y *y = y0;                                                                                               \
    const T *a0 = in[0], *b0 = in[1];                                                                        \
    const __typeof__(parameter(p0)) p = parameter(p0), q = parameter(q0);                                    \
    (void)p, (void)q;                                                                                        \
    INDEPENDENT for (int64_t i = 0; i < n; i++) {                                                            \
      const T a = a0[i], b = b0[i];                                                                          \
      y[i] = (Y)(value);                                                                                     \
    }                                                                                                        \
  }
#define TERNARY_SCALAR(fn, A, T, parameter, value)                                                           \
  static void fn(void *y0, const void *const *in, int64_t n, double p0, double q0) {                         \
    T *y = y0;                                                                                               \
    const A *a0 = in[0];                                                                                     \
    const T *b0 = in[1], *c0 = in[2];                                                                        \
    const __typeof__(parameter(p0)) p = parameter(p0);                                                       \
    (void)p, (void)q0;                                                                                       \
    INDEPENDENT for (int64_t i = 0; i < n; i++) {                                                            \
      const A a = a0[i];                                                                                     \
      const T b = b0[i], c = c0[i];                                                                          \
      y[i] = (T)(value);                                                                                     \
    }                                                                                                        \
  }
#define AS_IS(x) (x)

// Rows that hold for every integer type test for signs that uint8 does not have.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtype-limits"
#if defined(__clang__) // a loop that calls a function cannot be vectorised, and need not be
#pragma clang diagnostic ignored "-Wpass-failed"
#endif
#define INT_KERNELS                                                                                          \
  RAP_UNARY_INT(UNARY_ROW)                                                                                   \
  RAP_UNARY_INT_ONLY(UNARY_ROW)                                                                              \
  RAP_BINARY_INT(BINARY_ROW) RAP_BINARY_INT_ONLY(BINARY_ROW) RAP_TERNARY_INT(TERNARY_ROW)
#define UNARY_ROW(name, cost, value)   UNARY_SCALAR(unary_int64_##name, int64_t, int64_t, to_int64, value)
#define BINARY_ROW(name, cost, value)  BINARY_SCALAR(binary_int64_##name, int64_t, int64_t, to_int64, value)
#define TERNARY_ROW(name, cost, value) TERNARY_SCALAR(ternary_int64_##name, int64_t, int64_t, to_int64, value)
#define T                              int64_t
#define U                              uint64_t
INT_KERNELS
#undef UNARY_ROW
#undef BINARY_ROW
#undef TERNARY_ROW
#undef T
#undef U
#define UNARY_ROW(name, cost, value)   UNARY_SCALAR(unary_int32_##name, int32_t, int32_t, to_int32, value)
#define BINARY_ROW(name, cost, value)  BINARY_SCALAR(binary_int32_##name, int32_t, int32_t, to_int32, value)
#define TERNARY_ROW(name, cost, value) TERNARY_SCALAR(ternary_int32_##name, int32_t, int32_t, to_int32, value)
#define T                              int32_t
#define U                              uint32_t
INT_KERNELS
#undef UNARY_ROW
#undef BINARY_ROW
#undef TERNARY_ROW
#undef T
#undef U
#define UNARY_ROW(name, cost, value)   UNARY_SCALAR(unary_uint8_##name, uint8_t, uint8_t, to_uint8, value)
#define BINARY_ROW(name, cost, value)  BINARY_SCALAR(binary_uint8_##name, uint8_t, uint8_t, to_uint8, value)
#define TERNARY_ROW(name, cost, value) TERNARY_SCALAR(ternary_uint8_##name, uint8_t, uint8_t, to_uint8, value)
#define T                              uint8_t
#define U                              uint8_t
INT_KERNELS
#undef UNARY_ROW
#undef BINARY_ROW
#undef TERNARY_ROW
#undef T
#undef U
#define UNARY_ROW(name, cost, value)  UNARY_SCALAR(unary_bool_##name, uint8_t, uint8_t, to_bool, value)
#define BINARY_ROW(name, cost, value) BINARY_SCALAR(binary_bool_##name, uint8_t, uint8_t, to_bool, value)
RAP_UNARY_BOOL(UNARY_ROW)
RAP_BINARY_BOOL(BINARY_ROW)
#undef UNARY_ROW
#undef BINARY_ROW

#define TEST_KERNELS(S, T)                                                                                   \
  RAP_UNARY_PREDICATE(UNARY_ROW_##S)                                                                         \
  RAP_BINARY_COMPARE(BINARY_ROW_##S)
#define UNARY_ROW_f32(name, cost, value)    UNARY_SCALAR(unary_f32_##name, uint8_t, float, AS_IS, value)
#define BINARY_ROW_f32(name, cost, value)   BINARY_SCALAR(binary_f32_##name, uint8_t, float, AS_IS, value)
#define UNARY_ROW_f64(name, cost, value)    UNARY_SCALAR(unary_f64_##name, uint8_t, double, AS_IS, value)
#define BINARY_ROW_f64(name, cost, value)   BINARY_SCALAR(binary_f64_##name, uint8_t, double, AS_IS, value)
#define UNARY_ROW_int64(name, cost, value)  UNARY_SCALAR(unary_int64_##name, uint8_t, int64_t, AS_IS, value)
#define BINARY_ROW_int64(name, cost, value) BINARY_SCALAR(binary_int64_##name, uint8_t, int64_t, AS_IS, value)
#define UNARY_ROW_int32(name, cost, value)  UNARY_SCALAR(unary_int32_##name, uint8_t, int32_t, AS_IS, value)
#define BINARY_ROW_int32(name, cost, value) BINARY_SCALAR(binary_int32_##name, uint8_t, int32_t, AS_IS, value)
#define UNARY_ROW_uint8(name, cost, value)  UNARY_SCALAR(unary_uint8_##name, uint8_t, uint8_t, AS_IS, value)
#define BINARY_ROW_uint8(name, cost, value) BINARY_SCALAR(binary_uint8_##name, uint8_t, uint8_t, AS_IS, value)
TEST_KERNELS(f32, float)
TEST_KERNELS(f64, double)
TEST_KERNELS(int64, int64_t)
TEST_KERNELS(int32, int32_t)
TEST_KERNELS(uint8, uint8_t)
#pragma GCC diagnostic pop

#define ROW(name, cost, value)                                                                               \
  TERNARY_SCALAR(where_1, uint8_t, uint8_t, AS_IS, value)                                                    \
  TERNARY_SCALAR(where_2, uint8_t, uint16_t, AS_IS, value)                                                   \
  TERNARY_SCALAR(where_4, uint8_t, uint32_t, AS_IS, value)                                                   \
  TERNARY_SCALAR(where_8, uint8_t, uint64_t, AS_IS, value)
RAP_TERNARY_WHERE(ROW)
#undef ROW

// ---- tables: [dtype][op], run = 0 where PyTorch has no such op for the dtype
// -------------------------------

#define ENTRY(kind, KIND, type, name, cost) [RAP_##KIND##_##name] = {kind##_##type##_##name, cost},
#define F32_1(name, cost, value)            ENTRY(unary, UNARY, f32, name, cost)
#define F64_1(name, cost, value)            ENTRY(unary, UNARY, f64, name, cost * 4)
#define INT64_1(name, cost, value)          ENTRY(unary, UNARY, int64, name, cost)
#define INT32_1(name, cost, value)          ENTRY(unary, UNARY, int32, name, cost)
#define UINT8_1(name, cost, value)          ENTRY(unary, UNARY, uint8, name, cost)
#define BOOL_1(name, cost, value)           ENTRY(unary, UNARY, bool, name, cost)
static const op unary_ops[6][RAP_UNARY_COUNT] = {
    {RAP_UNARY_FLOAT(F32_1) RAP_UNARY_PREDICATE(F32_1)},
    {RAP_UNARY_FLOAT(F64_1) RAP_UNARY_PREDICATE(F64_1)},
    {RAP_UNARY_INT(INT64_1) RAP_UNARY_INT_ONLY(INT64_1) RAP_UNARY_PREDICATE(INT64_1)},
    {RAP_UNARY_INT(INT32_1) RAP_UNARY_INT_ONLY(INT32_1) RAP_UNARY_PREDICATE(INT32_1)},
    {RAP_UNARY_INT(UINT8_1) RAP_UNARY_INT_ONLY(UINT8_1) RAP_UNARY_PREDICATE(UINT8_1)},
    {RAP_UNARY_BOOL(BOOL_1) RAP_UNARY_PREDICATE(UINT8_1)},
};
#define F32_2(name, cost, value)   ENTRY(binary, BINARY, f32, name, cost)
#define F64_2(name, cost, value)   ENTRY(binary, BINARY, f64, name, cost * 4)
#define INT64_2(name, cost, value) ENTRY(binary, BINARY, int64, name, cost)
#define INT32_2(name, cost, value) ENTRY(binary, BINARY, int32, name, cost)
#define UINT8_2(name, cost, value) ENTRY(binary, BINARY, uint8, name, cost)
#define BOOL_2(name, cost, value)  ENTRY(binary, BINARY, bool, name, cost)
static const op binary_ops[6][RAP_BINARY_COUNT] = {
    {RAP_BINARY_FLOAT(F32_2) RAP_BINARY_COMPARE(F32_2)},
    {RAP_BINARY_FLOAT(F64_2) RAP_BINARY_COMPARE(F64_2)},
    {RAP_BINARY_INT(INT64_2) RAP_BINARY_INT_ONLY(INT64_2) RAP_BINARY_COMPARE(INT64_2)},
    {RAP_BINARY_INT(INT32_2) RAP_BINARY_INT_ONLY(INT32_2) RAP_BINARY_COMPARE(INT32_2)},
    {RAP_BINARY_INT(UINT8_2) RAP_BINARY_INT_ONLY(UINT8_2) RAP_BINARY_COMPARE(UINT8_2)},
    {RAP_BINARY_BOOL(BOOL_2) RAP_BINARY_COMPARE(UINT8_2)},
};
#define F32_3(name, cost, value)   ENTRY(ternary, TERNARY, f32, name, cost)
#define F64_3(name, cost, value)   ENTRY(ternary, TERNARY, f64, name, cost)
#define INT64_3(name, cost, value) ENTRY(ternary, TERNARY, int64, name, cost)
#define INT32_3(name, cost, value) ENTRY(ternary, TERNARY, int32, name, cost)
#define UINT8_3(name, cost, value) ENTRY(ternary, TERNARY, uint8, name, cost)
#define WHERE(size)                [RAP_TERNARY_WHERE] = {where_##size, 1},
static const op ternary_ops[8][RAP_TERNARY_COUNT] = {
    {RAP_TERNARY_FLOAT(F32_3) WHERE(4)},
    {RAP_TERNARY_FLOAT(F64_3) WHERE(8)},
    {RAP_TERNARY_INT(INT64_3) WHERE(8)},
    {RAP_TERNARY_INT(INT32_3) WHERE(4)},
    {RAP_TERNARY_INT(UINT8_3) WHERE(1)},
    {WHERE(1)},
    {WHERE(2)},
    {WHERE(2)},
};

static const int32_t element_size[8] = {4, 8, 8, 4, 1, 1, 2, 2};

// ---- entry points ----------------------------------------------------------------------------------------

// Additions that are worth handing to another thread.
#define GRAIN 32768
// Up to here a number is unrolled on the stack instead.
#define SMALL 64

// Memory bounds the cheap ops, and storing past the caches saves it a third; dear ones overlap their stores
// anyway.
static int streams(op f, int32_t dtype) { return f.cost <= (dtype == RAP_FLOAT64 ? 12 : 3); }

int32_t rap_unary(int32_t op_code, int32_t dtype, void *y, const void *x, int32_t n, double p, double q) {
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  if (op_code == RAP_UNARY_POW_SCALAR && dtype <= RAP_FLOAT64) {
    // PyTorch computes these powers by their simpler formulas.
    if (p == 2) op_code = RAP_UNARY_SQUARE;
    if (p == 3) op_code = RAP_UNARY_CUBE;
    if (p == 0.5) op_code = RAP_UNARY_SQRT;
    if (p == -0.5) op_code = RAP_UNARY_RSQRT;
    if (p == -1) op_code = RAP_UNARY_RECIPROCAL;
  }
  if (dtype == RAP_UINT8 && p < 0) p = 0; // every parameter is a bound here
  op f = unary_ops[dtype][op_code];
  if (!f.run) return RAP_UNSUPPORTED;
  if ((int64_t)n * f.cost < GRAIN) {
    f.run(y, (const void *const[]){x}, n, p, q);
    return RAP_OK;
  }
  rap_walk_job j = {.run = f.run,
                    .p = p,
                    .q = q,
                    .operands = 2,
                    .stream = streams(f, dtype),
                    .n = n,
                    .at = {y, (char *)(uintptr_t)x}};
  int predicate = op_code > RAP_UNARY_BITWISE_NOT;
  j.size[0] = predicate ? 1 : element_size[dtype], j.size[1] = element_size[dtype];
  j.strides[0][0] = j.strides[1][0] = 1;
  rap_walk(&j, GRAIN / f.cost, 0);
  return RAP_OK;
}

// The dividing integer ops report a zero divisor.
static int32_t finish_binary(int32_t dtype) {
  if (dtype < RAP_INT64 || !atomic_load_explicit(&divided_by_zero, memory_order_relaxed)) return RAP_OK;
  atomic_store_explicit(&divided_by_zero, 0, memory_order_relaxed);
  return RAP_DIVIDED_BY_ZERO;
}

int32_t rap_binary(int32_t op_code, int32_t dtype, void *y, const void *a, const void *b, int32_t n, double p,
                   double q, const int32_t *meta) {
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  op f = binary_ops[dtype][op_code];
  if (!f.run) return RAP_UNSUPPORTED;
  if (!n) return RAP_OK;
  if (!meta && (int64_t)n * f.cost < GRAIN) {
    f.run(y, (const void *const[]){a, b}, n, p, q);
    return finish_binary(dtype);
  }
  rap_walk_job j = {.run = f.run,
                    .p = p,
                    .q = q,
                    .operands = 3,
                    .stream = streams(f, dtype),
                    .n = n,
                    .at = {y, (char *)(uintptr_t)a, (char *)(uintptr_t)b}};
  j.size[0] = op_code >= RAP_BINARY_EQ ? 1 : element_size[dtype];
  j.size[1] = j.size[2] = element_size[dtype];
  j.strides[0][0] = j.strides[1][0] = j.strides[2][0] = 1;
  rap_walk(&j, GRAIN / f.cost, meta);
  return finish_binary(dtype);
}

typedef union {
  float f32;
  double f64;
  int64_t int64;
  int32_t int32;
  uint8_t uint8;
  uint16_t half;
} element;

static element to_element(int32_t dtype, double value) {
  element e = {.int64 = 0};
  switch (dtype) {
  case RAP_FLOAT32: e.f32 = (float)value; break;
  case RAP_FLOAT64: e.f64 = value; break;
  case RAP_INT64: e.int64 = to_int(value); break;
  case RAP_INT32: e.int32 = (int32_t)to_int(value); break;
  case RAP_UINT8: e.uint8 = (uint8_t)to_int(value); break;
  case RAP_BOOL: e.uint8 = value != 0; break;
  default: rap_cast(dtype, RAP_FLOAT64, &e, &value, 1);
  }
  return e;
}

// n copies of one element.
static void repeat(void *y, element e, int64_t n, int32_t size) {
  switch (size) {
  case 1: memset(y, e.uint8, (size_t)n); break;
  case 2:
    for (int64_t i = 0; i < n; i++) ((uint16_t *)y)[i] = e.half;
    break;
  case 4:
    for (int64_t i = 0; i < n; i++) ((int32_t *)y)[i] = e.int32;
    break;
  default:
    for (int64_t i = 0; i < n; i++) ((int64_t *)y)[i] = e.int64;
  }
}

int32_t rap_binary_scalar(int32_t op_code, int32_t dtype, void *y, const void *a, int32_t n, int32_t reverse,
                          double s, double p, double q) {
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  op f = binary_ops[dtype][op_code];
  if (!f.run) return RAP_UNSUPPORTED;
  if (!n) return RAP_OK;
  element number = to_element(dtype, s);
  if (n <= SMALL) {
    element copies[SMALL];
    repeat(copies, number, n, element_size[dtype]);
    f.run(y, reverse ? (const void *const[]){copies, a} : (const void *const[]){a, copies}, n, p, q);
    return finish_binary(dtype);
  }
  rap_walk_job j = {.run = f.run,
                    .p = p,
                    .q = q,
                    .operands = 3,
                    .stream = streams(f, dtype),
                    .n = n,
                    .at = {y, (char *)(uintptr_t)a, (char *)(uintptr_t)a}};
  j.at[reverse ? 1 : 2] = (char *)&number;
  j.size[0] = op_code >= RAP_BINARY_EQ ? 1 : element_size[dtype];
  j.size[1] = j.size[2] = element_size[dtype];
  j.strides[0][0] = j.strides[1][0] = j.strides[2][0] = 1;
  j.strides[reverse ? 1 : 2][0] = 0;
  rap_walk(&j, GRAIN / f.cost, 0);
  return finish_binary(dtype);
}

int32_t rap_ternary(int32_t op_code, int32_t dtype, void *y, const void *a, const void *b, const void *c,
                    int32_t n, double p, const int32_t *meta) {
  op f = ternary_ops[dtype][op_code];
  if (!f.run) return RAP_UNSUPPORTED;
  if (!n) return RAP_OK;
  rap_walk_job j = {.run = f.run, .p = p, .operands = 4, .stream = streams(f, dtype), .n = n};
  j.at[0] = y, j.at[1] = (char *)(uintptr_t)a, j.at[2] = (char *)(uintptr_t)b, j.at[3] = (char *)(uintptr_t)c;
  for (int k = 0; k < 4; k++) j.size[k] = element_size[dtype], j.strides[k][0] = 1;
  if (op_code == RAP_TERNARY_WHERE) j.size[1] = 1;
  rap_walk(&j, GRAIN / f.cost, meta);
  return RAP_OK;
}

void rap_fill(int32_t dtype, void *y, int32_t n, double value) {
  const int32_t size = element_size[dtype];
  element e = to_element(dtype, value);
  if (n < GRAIN) {
    repeat(y, e, n, size);
    return;
  }
  rap_walk_job j = {.run = rap_copy_loop(size),
                    .operands = 2,
                    .stream = 1,
                    .size = {size, size},
                    .at = {y, (char *)&e},
                    .n = n};
  j.strides[0][0] = 1;
  rap_walk(&j, GRAIN, 0);
}

int32_t rap_arange(int32_t dtype, void *y, int32_t n, double start, double step) {
  switch (dtype) {
  case RAP_FLOAT32:
    for (int64_t i = 0; i < n; i++) ((float *)y)[i] = (float)(start + step * (double)i);
    return RAP_OK;
  case RAP_FLOAT64:
    for (int64_t i = 0; i < n; i++) ((double *)y)[i] = start + step * (double)i;
    return RAP_OK;
  case RAP_INT64:
    for (int64_t i = 0; i < n; i++) ((int64_t *)y)[i] = to_int(start) + to_int(step) * i;
    return RAP_OK;
  case RAP_INT32:
    for (int64_t i = 0; i < n; i++) ((int32_t *)y)[i] = (int32_t)(to_int(start) + to_int(step) * i);
    return RAP_OK;
  case RAP_UINT8:
    for (int64_t i = 0; i < n; i++) ((uint8_t *)y)[i] = (uint8_t)(to_int(start) + to_int(step) * i);
    return RAP_OK;
  default: return RAP_UNSUPPORTED;
  }
}

// From both ends towards the middle, as PyTorch does, so that both ends are exact.
int32_t rap_linspace(int32_t dtype, void *y, int32_t n, double start, double end) {
  if (dtype == RAP_FLOAT32) {
    float *out = y, s = (float)start, e = (float)end, step = n > 1 ? (e - s) / (float)(n - 1) : 0;
    for (int32_t i = 0; i < n; i++) out[i] = i < n / 2 ? s + step * (float)i : e - step * (float)(n - 1 - i);
    if (n == 1) out[0] = s;
    return RAP_OK;
  }
  double step = n > 1 ? (end - start) / (double)(n - 1) : 0;
  for (int64_t i = 0; i < n; i++) {
    double value = n == 1 ? start : i < n / 2 ? start + step * (double)i : end - step * (double)(n - 1 - i);
    switch (dtype) {
    case RAP_FLOAT64: ((double *)y)[i] = value; break;
    case RAP_INT64: ((int64_t *)y)[i] = to_int(value); break;
    case RAP_INT32: ((int32_t *)y)[i] = (int32_t)to_int(value); break;
    case RAP_UINT8: ((uint8_t *)y)[i] = (uint8_t)to_int(value); break;
    default: return RAP_UNSUPPORTED;
    }
  }
  return RAP_OK;
}
