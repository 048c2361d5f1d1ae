// The ternary ops of pointwise.h, and the ops that make elements from numbers: fill, arange, linspace.
#include "convert.cuh"
#include "pointwise.cuh"

#define FLOAT_ROW(name, cost, value) RAP_ROW(f, name, cost, value)
#define INT_ROW(name, cost, value)   RAP_ROW(i, name, cost, value)
RAP_TERNARY_FLOAT(FLOAT_ROW)
RAP_TERNARY_INT(INT_ROW)

#define CASE(name, kind)                                                                                     \
  case RAP_TERNARY_##name:                                                                                   \
    run_pointwise<kind##_##name<T>, T, T, 3>(call);                                                          \
    return true;
#define FLOAT_CASE(name, cost, value) CASE(name, f)
#define INT_CASE(name, cost, value)   CASE(name, i)

template <typename T> static bool ternary_float(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_TERNARY_FLOAT(FLOAT_CASE)
  default: return false;
  }
}
template <typename T> static bool ternary_int(int op, const PointwiseCall &call) {
  switch (op) {
    RAP_TERNARY_INT(INT_CASE)
  default: return false;
  }
}

// ---- where: a is a bool, b, c and y have elements of one size
// ----------------------------------------------

template <typename T>
__global__ void __launch_bounds__(kBlock) where_flat(T *y, const uint8_t *a, const T *b, const T *c, int n) {
  GRID_STRIDE(i, n) y[i] = a[i] ? b[i] : c[i];
}
template <typename T>
__global__ void __launch_bounds__(kBlock)
    where_strided(T *y, const uint8_t *a, const T *b, const T *c, int n, Strided<4> layout) {
  GRID_STRIDE(i, n) {
    int64_t at[4];
    layout.offsets(i, at);
    y[at[0]] = a[at[1]] ? b[at[2]] : c[at[3]];
  }
}

static void where(int32_t size, const PointwiseCall &call) {
  if (call.n == 0) return;
  for_size(size, [&](auto element) {
    using T = decltype(element);
    T *y = static_cast<T *>(call.y);
    const uint8_t *a = static_cast<const uint8_t *>(call.in[0]);
    const T *b = static_cast<const T *>(call.in[1]), *c = static_cast<const T *>(call.in[2]);
    if (call.meta)
      RUN((where_strided<T>), blocks_for(call.n), kBlock, y, a, b, c, call.n, Strided<4>(call.meta));
    else
      RUN((where_flat<T>), blocks_for(call.n), kBlock, y, a, b, c, call.n);
  });
}

int32_t rap_ternary(int32_t op, int32_t dtype, void *y, const void *a, const void *b, const void *c,
                    int32_t n, double p, const int32_t *meta) {
  const PointwiseCall call{y, {a, b, c}, n, -1, 0, p, 0, meta};
  if (op == RAP_TERNARY_WHERE) {
    where(dtype_size(dtype), call);
    return RAP_OK;
  }
  switch (dtype) {
  case RAP_FLOAT32: return ternary_float<float>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_FLOAT64: return ternary_float<double>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT64: return ternary_int<int64_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_INT32: return ternary_int<int32_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  case RAP_UINT8: return ternary_int<uint8_t>(op, call) ? RAP_OK : RAP_UNSUPPORTED;
  default: return RAP_UNSUPPORTED;
  }
}

// ---- elements from numbers
// ---------------------------------------------------------------------------------

template <typename T> __global__ void __launch_bounds__(kBlock) fill(T *y, int n, T value) {
  GRID_STRIDE(i, n) y[i] = value;
}

template <typename T> static void run_fill(void *y, int32_t n, T value) {
  if (n > 0) RUN((fill<T>), blocks_for(n), kBlock, static_cast<T *>(y), n, value);
}

static uint32_t float_bits(double value) {
  const float f = static_cast<float>(value);
  uint32_t bits;
  memcpy(&bits, &f, sizeof bits);
  return bits;
}

void rap_fill(int32_t dtype, void *y, int32_t n, double value) {
  switch (dtype) {
  case RAP_FLOAT32: run_fill(y, n, static_cast<float>(value)); break;
  case RAP_FLOAT64: run_fill(y, n, value); break;
  case RAP_INT64: run_fill(y, n, to_int(value)); break;
  case RAP_INT32: run_fill(y, n, static_cast<int32_t>(to_int(value))); break;
  case RAP_UINT8: run_fill(y, n, static_cast<uint8_t>(to_int(value))); break;
  case RAP_BOOL: run_fill(y, n, static_cast<uint8_t>(value != 0)); break;
  case RAP_FLOAT16: run_fill(y, n, half_bits(float_bits(value))); break;
  case RAP_BFLOAT16: run_fill(y, n, bfloat_bits(float_bits(value))); break;
  }
}

template <typename T, typename S>
__global__ void __launch_bounds__(kBlock) arange(T *y, int n, S start, S step) {
  GRID_STRIDE(i, n) y[i] = static_cast<T>(start + step * static_cast<S>(i));
}

int32_t rap_arange(int32_t dtype, void *y, int32_t n, double start, double step) {
  const bool known = for_number(dtype, [&](auto element) {
    using T = decltype(element);
    if (n == 0) return;
    if (dtype <= RAP_FLOAT64)
      RUN((arange<T, double>), blocks_for(n), kBlock, static_cast<T *>(y), n, start, step);
    else
      RUN((arange<T, int64_t>), blocks_for(n), kBlock, static_cast<T *>(y), n, to_int(start), to_int(step));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

// From both ends towards the middle, as PyTorch does, so that both ends are exact.
template <typename T, typename S>
__global__ void __launch_bounds__(kBlock) linspace(T *y, int n, S start, S end, S step) {
  GRID_STRIDE(i, n) {
    const int at = static_cast<int>(i);
    const S v = at < n / 2 ? start + step * static_cast<S>(at) : end - step * static_cast<S>(n - 1 - at);
    y[i] = static_cast<T>(n == 1 ? start : v);
  }
}

int32_t rap_linspace(int32_t dtype, void *y, int32_t n, double start, double end) {
  if (n == 0) return dtype <= RAP_UINT8 ? RAP_OK : RAP_UNSUPPORTED;
  if (dtype == RAP_FLOAT32) {
    const float s = static_cast<float>(start), e = static_cast<float>(end),
                step = n > 1 ? (e - s) / static_cast<float>(n - 1) : 0;
    RUN((linspace<float, float>), blocks_for(n), kBlock, static_cast<float *>(y), n, s, e, step);
    return RAP_OK;
  }
  const double step = n > 1 ? (end - start) / (n - 1) : 0;
  const bool known = for_number(dtype, [&](auto element) {
    using T = decltype(element);
    RUN((linspace<T, double>), blocks_for(n), kBlock, static_cast<T *>(y), n, start, end, step);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
