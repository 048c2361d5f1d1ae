// The binary ops of pointwise.h.
#include "pointwise.cuh"

#define FLOAT_ROW(name, cost, value) RAP_ROW(f, name, cost, value)
#define INT_ROW(name, cost, value)   RAP_ROW(i, name, cost, value)
#define BOOL_ROW(name, cost, value)  RAP_ROW(b, name, cost, value)
#define TEST_ROW(name, cost, value)  RAP_TEST(t, name, cost, value)
RAP_BINARY_FLOAT(FLOAT_ROW)
RAP_BINARY_INT(INT_ROW)
RAP_BINARY_INT_ONLY(INT_ROW)
RAP_BINARY_BOOL(BOOL_ROW)
RAP_BINARY_COMPARE(TEST_ROW)

#define CASE(name, kind, Out)                                                                                \
  case RAP_BINARY_##name:                                                                                    \
    run_pointwise<kind##_##name<T>, Out, T, 2>(call);                                                        \
    return true;
#define FLOAT_CASE(name, cost, value) CASE(name, f, T)
#define INT_CASE(name, cost, value)   CASE(name, i, T)
#define BOOL_CASE(name, cost, value)  CASE(name, b, T)
#define TEST_CASE(name, cost, value)  CASE(name, t, uint8_t)

template <typename T> static bool binary_float(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_BINARY_FLOAT(FLOAT_CASE)
    RAP_BINARY_COMPARE(TEST_CASE)
  default: return false;
  }
}
template <typename T> static bool binary_int(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_BINARY_INT(INT_CASE)
    RAP_BINARY_INT_ONLY(INT_CASE)
    RAP_BINARY_COMPARE(TEST_CASE)
  default: return false;
  }
}
static bool binary_bool(int op, const PointwiseCall &call) {
  using T = uint8_t;
  switch (op) {
    RAP_BINARY_BOOL(BOOL_CASE)
    RAP_BINARY_COMPARE(TEST_CASE)
  default: return false;
  }
}

static int32_t binary(int32_t op, int32_t dtype, const PointwiseCall &call) {
  switch (dtype) {
  case RAP_FLOAT32: return binary_float<float>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_FLOAT64: return binary_float<double>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT64: return binary_int<int64_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT32: return binary_int<int32_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_UINT8: return binary_int<uint8_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_BOOL: return binary_bool(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  default: return RAP_UNSUPPORTED;
  }
}

int32_t rap_binary(int32_t op, int32_t dtype, void *y, const void *a, const void *b, int32_t n, double p,
                   double q, const int32_t *meta) {
  return binary(op, dtype, {y, {a, b, nullptr}, n, -1, 0, p, q, meta});
}

int32_t rap_binary_scalar(int32_t op, int32_t dtype, void *y, const void *a, int32_t n, int32_t reverse,
                          double s, double p, double q) {
  if (dtype == RAP_BOOL) s = s != 0;
  return binary(op, dtype, {y, {a, a, nullptr}, n, reverse ? 0 : 1, s, p, q, nullptr});
}
