// Stands in for CUDA's cuda_bf16.h: the type and its conversions, rounded to nearest even.
#pragma once
#include "cuda_runtime.h"

struct __nv_bfloat16 {
  unsigned short __x;
  __nv_bfloat16() = default;
  __nv_bfloat16(float v) { // NOLINT: implicit in CUDA too
    const unsigned bits = ::emu::bits_of<unsigned>(&v);
    // A NaN keeps its payload, so that poison stays recognisable.
    const bool nan = (bits & 0x7fffffffu) > 0x7f800000u;
    __x = static_cast<unsigned short>((nan ? bits : bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
  }
  operator float() const {
    const unsigned bits = static_cast<unsigned>(__x) << 16;
    return ::emu::bits_of<float>(&bits);
  }
};

struct alignas(4) __nv_bfloat162 {
  __nv_bfloat16 x, y;
};

inline __nv_bfloat16 __float2bfloat16(float v) { return __nv_bfloat16(v); }
inline __nv_bfloat16 __float2bfloat16_rn(float v) { return __nv_bfloat16(v); }
inline float __bfloat162float(__nv_bfloat16 v) { return v; }
inline __nv_bfloat162 __floats2bfloat162_rn(float x, float y) { return {__nv_bfloat16(x), __nv_bfloat16(y)}; }
inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short bits) { return ::emu::bits_of<__nv_bfloat16>(&bits); }
inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 v) { return v.__x; }
