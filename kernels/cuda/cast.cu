// Conversions between the eight element types.
#include "convert.cuh"

namespace {

// An element type: how it is stored, and what it is computed as.
struct F32 {
  using Stored = float;
  static HOST_DEVICE float read(Stored x) { return x; }
};
struct F64 {
  using Stored = double;
  static HOST_DEVICE double read(Stored x) { return x; }
};
struct I64 {
  using Stored = int64_t;
  static HOST_DEVICE int64_t read(Stored x) { return x; }
};
struct I32 {
  using Stored = int32_t;
  static HOST_DEVICE int64_t read(Stored x) { return x; }
};
struct U8 {
  using Stored = uint8_t;
  static HOST_DEVICE int64_t read(Stored x) { return x; }
};
struct Bool : U8 {};
struct Half {
  using Stored = uint16_t;
  static HOST_DEVICE float read(Stored x) { return half_to_float(x); }
};
struct Bfloat {
  using Stored = uint16_t;
  static HOST_DEVICE float read(Stored x) { return bfloat_to_float(x); }
};

// Out of range and NaN give what the CPU library gives: the smallest integer.
HOST_DEVICE int64_t integer_of(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? static_cast<int64_t>(x) : INT64_MIN;
}
HOST_DEVICE int64_t integer_of(float x) { return integer_of(static_cast<double>(x)); }
HOST_DEVICE int64_t integer_of(int64_t x) { return x; }
HOST_DEVICE int32_t int32_of(double x) {
  return x > -0x1p31 - 1 && x < 0x1p31 ? static_cast<int32_t>(x) : INT32_MIN;
}
HOST_DEVICE int32_t int32_of(float x) { return int32_of(static_cast<double>(x)); }
HOST_DEVICE int32_t int32_of(int64_t x) { return static_cast<int32_t>(x); }

template <typename V> HOST_DEVICE void write(F32, float *y, V x) { *y = static_cast<float>(x); }
template <typename V> HOST_DEVICE void write(F64, double *y, V x) { *y = static_cast<double>(x); }
template <typename V> HOST_DEVICE void write(I64, int64_t *y, V x) { *y = integer_of(x); }
template <typename V> HOST_DEVICE void write(I32, int32_t *y, V x) { *y = int32_of(x); }
template <typename V> HOST_DEVICE void write(U8, uint8_t *y, V x) {
  *y = static_cast<uint8_t>(integer_of(x));
}
template <typename V> HOST_DEVICE void write(Bool, uint8_t *y, V x) { *y = x != V(0); }
template <typename V> HOST_DEVICE void write(Half, uint16_t *y, V x) {
  *y = half_bits(bits_of_float(static_cast<float>(x)));
}
template <typename V> HOST_DEVICE void write(Bfloat, uint16_t *y, V x) {
  *y = bfloat_bits(bits_of_float(static_cast<float>(x)));
}

template <typename To, typename From>
__global__ void __launch_bounds__(kBlock)
    cast(typename To::Stored *y, const typename From::Stored *x, int n) {
  GRID_STRIDE(i, n) write(To{}, y + i, From::read(x[i]));
}

template <typename F> void with_type(int32_t dtype, F f) {
  switch (dtype) {
  case RAP_FLOAT32: f(F32{}); break;
  case RAP_FLOAT64: f(F64{}); break;
  case RAP_INT64: f(I64{}); break;
  case RAP_INT32: f(I32{}); break;
  case RAP_UINT8: f(U8{}); break;
  case RAP_BOOL: f(Bool{}); break;
  case RAP_FLOAT16: f(Half{}); break;
  case RAP_BFLOAT16: f(Bfloat{}); break;
  }
}

} // namespace

void rap_cast(int32_t to, int32_t from, void *y, const void *x, int32_t n) {
  if (n == 0) return;
  if (to == from) {
    rap_device_copy(y, x, static_cast<double>(n) * dtype_size(to), RAP_COPY_WITHIN, 1);
    return;
  }
  with_type(to, [&](auto to_type) {
    using To = decltype(to_type);
    with_type(from, [&](auto from_type) {
      using From = decltype(from_type);
      RUN((cast<To, From>), blocks_for(n), kBlock, static_cast<typename To::Stored *>(y),
          static_cast<const typename From::Stored *>(x), n);
    });
  });
}
