// Conversions between the eight element types.
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"

// The exponent is moved by an addition, subnormals by a float subtraction; infinities and NaNs keep their
// payload.
INLINE float from_half(uint16_t h) {
  uint32_t sign = (uint32_t)(h & 0x8000) << 16, magnitude = (uint32_t)(h & 0x7fff) << 13, bits;
  float f;
  if (magnitude >= 0x0f800000) {
    bits = sign | (magnitude + 0x70000000);
  } else if (magnitude >= 0x00800000) {
    bits = sign | (magnitude + 0x38000000);
  } else {
    f = (float)(h & 0x7fff) * 0x1p-24f;
    memcpy(&bits, &f, 4);
    bits |= sign;
  }
  memcpy(&f, &bits, 4);
  return f;
}
INLINE uint16_t to_half(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00);
  if (magnitude >= 0x477ff000) return (uint16_t)(sign | 0x7c00); // 65520 and above
  if (magnitude < 0x38800000) {
    // Below 2^-14: adding 1/2 leaves the subnormal's bits, rounded, at the bottom of the significand.
    float shifted;
    memcpy(&shifted, &magnitude, 4);
    shifted += 0.5f;
    memcpy(&bits, &shifted, 4);
    return (uint16_t)(sign | (bits - 0x3f000000));
  }
  return (uint16_t)(sign | ((magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13));
}
INLINE float from_bfloat(uint16_t h) {
  uint32_t bits = (uint32_t)h << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
INLINE uint16_t to_bfloat(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
// Out of range and NaN give what x86's conversion gives, without undefined behaviour.
INLINE int64_t float_to_int64(double x) { return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN; }
INLINE int32_t float_to_int32(double x) { return x > -0x1p31 - 1 && x < 0x1p31 ? (int32_t)x : INT32_MIN; }

#define SAME(x)       (x)
#define TO_INT64_F(x) float_to_int64(x)
#define TO_INT32_F(x) float_to_int32(x)
#define TO_UINT8_F(x) (uint8_t) float_to_int64(x)
#define TO_BOOL(x)    (x) != 0
#define TO_HALF(x)    to_half((float)(x))
#define TO_BFLOAT(x)  to_bfloat((float)(x))

#define LOOP(to, To, from, From, READ, WRITE)                                                                \
  static void cast_##from##_##to(void *y0, const void *x0, int64_t n) {                                      \
    To *restrict y = y0;                                                                                     \
    const From *restrict x = x0;                                                                             \
    for (int64_t i = 0; i < n; i++) y[i] = (To)(WRITE(READ(x[i])));                                          \
  }
#define FROM_FLOAT(from, From, READ)                                                                         \
  LOOP(f32, float, from, From, READ, SAME)                                                                   \
  LOOP(f64, double, from, From, READ, SAME)                                                                  \
  LOOP(int64, int64_t, from, From, READ, TO_INT64_F)                                                         \
  LOOP(int32, int32_t, from, From, READ, TO_INT32_F)                                                         \
  LOOP(uint8, uint8_t, from, From, READ, TO_UINT8_F)                                                         \
  LOOP(bool, uint8_t, from, From, READ, TO_BOOL)                                                             \
  LOOP(half, uint16_t, from, From, READ, TO_HALF)                                                            \
  LOOP(bfloat, uint16_t, from, From, READ, TO_BFLOAT)
#define FROM_INT(from, From)                                                                                 \
  LOOP(f32, float, from, From, SAME, SAME)                                                                   \
  LOOP(f64, double, from, From, SAME, SAME)                                                                  \
  LOOP(int64, int64_t, from, From, SAME, SAME)                                                               \
  LOOP(int32, int32_t, from, From, SAME, SAME)                                                               \
  LOOP(uint8, uint8_t, from, From, SAME, SAME)                                                               \
  LOOP(bool, uint8_t, from, From, SAME, TO_BOOL)                                                             \
  LOOP(half, uint16_t, from, From, SAME, TO_HALF)                                                            \
  LOOP(bfloat, uint16_t, from, From, SAME, TO_BFLOAT)

FROM_FLOAT(f32, float, SAME)
FROM_FLOAT(f64, double, SAME)
FROM_INT(int64, int64_t)
FROM_INT(int32, int32_t)
FROM_INT(uint8, uint8_t)
FROM_FLOAT(half, uint16_t, from_half)
FROM_FLOAT(bfloat, uint16_t, from_bfloat)

typedef void (*loop)(void *y, const void *x, int64_t n);
#define ROW(from)                                                                                            \
  {                                                                                                          \
    cast_##from##_f32, cast_##from##_f64, cast_##from##_int64, cast_##from##_int32, cast_##from##_uint8,     \
        cast_##from##_bool, cast_##from##_half, cast_##from##_bfloat                                         \
  }
static const loop loops[8][8] = {ROW(f32),   ROW(f64),   ROW(int64), ROW(int32),
                                 ROW(uint8), ROW(uint8), ROW(half),  ROW(bfloat)};

typedef struct {
  loop run;
  char *y;
  const char *x;
  int32_t to_size, from_size;
} job;

static void cast_range(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  (void)thread;
  j->run(j->y + begin * j->to_size, j->x + begin * j->from_size, end - begin);
}

void rap_cast(int32_t to, int32_t from, void *y, const void *x, int32_t n) {
  static const int32_t size[8] = {4, 8, 8, 4, 1, 1, 2, 2};
  job j = {loops[from][to], y, x, size[to], size[from]};
  if (to == from)
    memcpy(y, x, (size_t)n * (size_t)size[to]);
  else
    rap_parallel(n, 32768, cast_range, &j);
}
