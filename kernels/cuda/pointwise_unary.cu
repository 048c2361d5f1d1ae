// The unary ops of pointwise.h.
#include "pointwise.cuh"

#define FLOAT_ROW(name, cost, value) RAP_ROW(f, name, cost, value)
#define INT_ROW(name, cost, value)   RAP_ROW(i, name, cost, value)
#define BOOL_ROW(name, cost, value)  RAP_ROW(b, name, cost, value)
#define TEST_ROW(name, cost, value)  RAP_TEST(t, name, cost, value)
RAP_UNARY_FLOAT(FLOAT_ROW)
RAP_UNARY_INT(INT_ROW)
RAP_UNARY_INT_ONLY(INT_ROW)
RAP_UNARY_BOOL(BOOL_ROW)
RAP_UNARY_PREDICATE(TEST_ROW)

#define CASE(name, kind, Out)                                                                                \
  case RAP_UNARY_##name:                                                                                     \
    run_pointwise<kind##_##name<T>, Out, T, 1>(call);                                                        \
    return true;
#define FLOAT_CASE(name, cost, value) CASE(name, f, T)
#define INT_CASE(name, cost, value)   CASE(name, i, T)
#define BOOL_CASE(name, cost, value)  CASE(name, b, T)
#define TEST_CASE(name, cost, value)  CASE(name, t, uint8_t)

template <typename T> static bool unary_float(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_UNARY_FLOAT(FLOAT_CASE)
    RAP_UNARY_PREDICATE(TEST_CASE)
  default: return false;
  }
}
template <typename T> static bool unary_int(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_UNARY_INT(INT_CASE)
    RAP_UNARY_INT_ONLY(INT_CASE)
    RAP_UNARY_PREDICATE(TEST_CASE)
  default: return false;
  }
}
static bool unary_bool(int op, const PointwiseCall &call) {
  using T = uint8_t;
  switch (op) {
    RAP_UNARY_BOOL(BOOL_CASE)
    RAP_UNARY_PREDICATE(TEST_CASE)
  default: return false;
  }
}

int32_t rap_unary(int32_t op, int32_t dtype, void *y, const void *x, int32_t n, double p, double q) {
  if (dtype == RAP_UINT8 && p < 0) p = 0; // every parameter is a bound here
  if (op == RAP_UNARY_POW_SCALAR && dtype <= RAP_FLOAT64) {
    // PyTorch computes these powers by their simpler formulas.
    if (p == 2) op = RAP_UNARY_SQUARE;
    if (p == 3) op = RAP_UNARY_CUBE;
    if (p == 0.5) op = RAP_UNARY_SQRT;
    if (p == -0.5) op = RAP_UNARY_RSQRT;
    if (p == -1) op = RAP_UNARY_RECIPROCAL;
  }
  const PointwiseCall call{y, {x, nullptr, nullptr}, n, -1, 0, p, q, nullptr};
  switch (dtype) {
  case RAP_FLOAT32: return unary_float<float>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_FLOAT64: return unary_float<double>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT64: return unary_int<int64_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT32: return unary_int<int32_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_UINT8: return unary_int<uint8_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_BOOL: return unary_bool(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  default: return RAP_UNSUPPORTED;
  }
}
