// float16 and bfloat16 as bits, and conversions between element types.
#ifndef RAP_CONVERT_CUH
#define RAP_CONVERT_CUH

#include "common.cuh"

HOST_DEVICE uint32_t bits_of_float(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}
HOST_DEVICE float float_of_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

// From a float's bits, to nearest even.
HOST_DEVICE uint16_t half_bits(uint32_t bits) {
  const uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00); // 65520 and above
  // Below 2^-14: adding 1/2 leaves the subnormal's bits, rounded, at the bottom of the significand.
  if (magnitude < 0x38800000)
    return static_cast<uint16_t>(sign | (bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000));
  return static_cast<uint16_t>(sign | ((magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}
HOST_DEVICE uint16_t bfloat_bits(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
HOST_DEVICE float half_to_float(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16, magnitude = static_cast<uint32_t>(h & 0x7fff)
                                                                             << 13;
  if (magnitude >= 0x0f800000) return float_of_bits(sign | (magnitude + 0x70000000));
  if (magnitude >= 0x00800000) return float_of_bits(sign | (magnitude + 0x38000000));
  return float_of_bits(sign | bits_of_float(static_cast<float>(h & 0x7fff) * 0x1p-24f));
}
HOST_DEVICE float bfloat_to_float(uint16_t h) { return float_of_bits(static_cast<uint32_t>(h) << 16); }

#endif
