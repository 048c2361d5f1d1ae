// Fills with random numbers: the draws, their order and their arithmetic are PyTorch's CPU kernels',
// vectorised.
#include "generator.h"
#include "simd.h"
#include "threads.h"
#include "../raptorch.h"
#include <math.h>

// Elements that go through the stack buffers at a time.
enum { CHUNK = 512 };
#define CHUNKS(at, count, n)                                                                                 \
  for (int32_t at = 0, count; at < (n) && (count = (n)-at < CHUNK ? (n)-at : CHUNK); at += count)

// ---- storing a chunk in any dtype ------------------------------------------------------------------------

#define STORE(type, expression)                                                                              \
  for (int32_t i = 0; i < count; i++) ((type *)out)[at + i] = (type)(expression)

static void store_doubles(int32_t dtype, void *out, int32_t at, const double *x, int32_t count) {
  switch (dtype) {
  case RAP_FLOAT32: STORE(float, x[i]); break;
  case RAP_FLOAT64: STORE(double, x[i]); break;
  case RAP_INT64: STORE(int64_t, x[i]); break;
  case RAP_INT32: STORE(int32_t, x[i]); break;
  case RAP_UINT8: STORE(uint8_t, (int64_t)x[i]); break;
  case RAP_BOOL: STORE(uint8_t, x[i] != 0); break;
  }
}

static void store_integers(int32_t dtype, void *out, int32_t at, const int64_t *x, int32_t count) {
  switch (dtype) {
  case RAP_FLOAT32: STORE(float, x[i]); break;
  case RAP_FLOAT64: STORE(double, x[i]); break;
  case RAP_INT64: STORE(int64_t, x[i]); break;
  case RAP_INT32: STORE(int32_t, x[i]); break;
  case RAP_UINT8: STORE(uint8_t, x[i]); break;
  case RAP_BOOL: STORE(uint8_t, x[i] != 0); break;
  }
}

// hit[i] is 0 or 1; `value` stands for 1.
static void store_hits(int32_t dtype, void *out, int32_t at, const int32_t *hit, int32_t count,
                       double value) {
  const float value_f32 = (float)value;
  switch (dtype) {
  case RAP_FLOAT32: STORE(float, hit[i] ? value_f32 : 0); break;
  case RAP_FLOAT64: STORE(double, hit[i] ? value : 0); break;
  case RAP_INT64: STORE(int64_t, hit[i]); break;
  case RAP_INT32: STORE(int32_t, hit[i]); break;
  default: STORE(uint8_t, hit[i]); break;
  }
}

// ---- uniform ---------------------------------------------------------------------------------------------

// The low 24 bits of each draw, over 2^24. Rounding may reach `to`, which is excluded.
static void uniform_f32(float *out, generator *g, int32_t n, float from, float to) {
  uint32_t draw[CHUNK];
  CHUNKS(at, count, n) {
    generator_draw(g, draw, count);
    for (int32_t i = 0; i < count; i++) {
      float u = (float)(int32_t)(draw[i] & 0xffffff) * 0x1p-24f;
      float x = u * (to - from) + from;
      out[at + i] = x == to ? from : x;
    }
  }
}

// count doubles in [0, 1) of 53 bits: the first of two draws is the high word.
static void uniform_chunk(double *u, generator *g, int32_t count) {
  uint32_t draw[2 * CHUNK];
  generator_draw(g, draw, 2 * count);
  for (int32_t i = 0; i < count; i++)
    u[i] = (double)(int32_t)(draw[2 * i] & 0x1fffff) * 0x1p-21 + (double)draw[2 * i + 1] * 0x1p-53;
}

static void uniform_f64(double *out, generator *g, int32_t n, double from, double to) {
  double u[CHUNK];
  CHUNKS(at, count, n) {
    uniform_chunk(u, g, count);
    for (int32_t i = 0; i < count; i++) {
      double x = u[i] * (to - from) + from;
      out[at + i] = x == to ? from : x;
    }
  }
}

// ---- normal ----------------------------------------------------------------------------------------------

// log x for positive normal x: the single precision approximation of the Cephes library (S. Moshier), in the
// order of operations that PyTorch's vector code has, so that even the last bit agrees.
INLINE f32v cephes_log(f32v x) {
  i32v bits = (i32v)x;
  f32v e = __builtin_convertvector((i32v)((u32v)bits >> 23) - 0x7f, f32v) + 1.0f;
  x = (f32v)((bits & ~0x7f800000) | 0x3f000000);
  i32v small = x < f32_set(0.707106781186547524f);
  f32v doubled = (f32v)((i32v)x & small);
  x = x - 1.0f;
  e = e - (f32v)((i32v)f32_set(1.0f) & small);
  x = x + doubled;
  f32v z = x * x, y = f32_set(7.0376836292E-2f);
  y = y * x + -1.1514610310E-1f;
  y = y * x + 1.1676998740E-1f;
  y = y * x + -1.2420140846E-1f;
  y = y * x + 1.4249322787E-1f;
  y = y * x + -1.6668057665E-1f;
  y = y * x + 2.0000714765E-1f;
  y = y * x + -2.4999993993E-1f;
  y = y * x + 3.3333331174E-1f;
  y = y * x;
  y = y * z;
  y = e * -2.12194440e-4f + y;
  y = y - z * 0.5f;
  x = x + y;
  return e * 0.693359375f + x;
}

// sin x and cos x for x >= 0, likewise.
INLINE void cephes_sincos(f32v x, f32v *sine, f32v *cosine) {
  i32v octant = __builtin_convertvector(x * 1.27323954473516f, i32v);
  octant = (octant + 1) & ~1;
  f32v y = __builtin_convertvector(octant, f32v);
  i32v sine_sign = (octant & 4) << 29, cosine_sign = (~(octant - 2) & 4) << 29, swap = (octant & 2) == 0;
  // x - y pi/4 in three steps.
  x = y * -0.78515625f + x;
  x = y * -2.4187564849853515625e-4f + x;
  x = y * -3.77489497744594108e-8f + x;
  f32v z = x * x;
  f32v c = z * 2.443315711809948E-005f + -1.388731625493765E-003f;
  c = c * z + 4.166664568298827E-002f;
  c = c * z;
  c = c * z - z * 0.5f;
  c = c + 1.0f;
  f32v s = z * -1.9515295891E-4f + 8.3321608736E-3f;
  s = s * z + -1.6666654611E-1f;
  s = s * z;
  s = s * x + x;
  *sine = (f32v)((i32v)f32_select(swap, s, c) ^ sine_sign);
  *cosine = (f32v)((i32v)f32_select(swap, c, s) ^ cosine_sign);
}

typedef struct {
  void *data;
  double mean, deviation;
} box_muller;

// Groups [begin, end) of 16 uniforms: the first 8 give radii, the last 8 angles of 16 normal numbers, in
// place.
static void box_muller_f32(void *context, int64_t begin, int64_t end, int32_t thread) {
  enum { GROUPS = 16 };
  const box_muller *job = context;
  const f32v mean = f32_set((float)job->mean), deviation = f32_set((float)job->deviation);
  float first[GROUPS * 8] = {0}, second[GROUPS * 8] = {0};
  (void)thread;
  for (int64_t at = begin; at < end; at += GROUPS) {
    float *data = (float *)job->data + at * 16;
    int groups = end - at < GROUPS ? (int)(end - at) : GROUPS;
    for (int k = 0; k < groups; k++) {
      memcpy(first + 8 * k, data + 16 * k, 8 * sizeof(float));
      memcpy(second + 8 * k, data + 16 * k + 8, 8 * sizeof(float));
    }
    for (int i = 0; i < groups * 8; i += F32_LANES) {
      f32v radius = f32_sqrt(-2.0f * cephes_log(1.0f - f32_load(first + i))), sine, cosine;
      cephes_sincos(6.28318530717958647692f * f32_load(second + i), &sine, &cosine);
      f32_store(first + i, (radius * cosine) * deviation + mean);
      f32_store(second + i, (radius * sine) * deviation + mean);
    }
    for (int k = 0; k < groups; k++) {
      memcpy(data + 16 * k, first + 8 * k, 8 * sizeof(float));
      memcpy(data + 16 * k + 8, second + 8 * k, 8 * sizeof(float));
    }
  }
}

static void box_muller_f64(void *context, int64_t begin, int64_t end, int32_t thread) {
  const box_muller *job = context;
  (void)thread;
  for (int64_t at = begin; at < end; at++) {
    double *data = (double *)job->data + at * 16;
    for (int j = 0; j < 8; j++) {
      double radius = sqrt(-2.0 * log(1.0 - data[j])), theta = 6.28318530717958647692 * data[j + 8];
      data[j] = fma(radius * cos(theta), job->deviation, job->mean);
      data[j + 8] = fma(radius * sin(theta), job->deviation, job->mean);
    }
  }
}

// All uniforms first, then whole groups of 16; a remainder is covered by 16 fresh uniforms over the last 16
// places.
static void normal_blocks(int32_t dtype, void *out, generator *g, int32_t n, double mean, double deviation) {
  box_muller job = {out, mean, deviation};
  const int64_t grain = 512; // groups worth a thread, about 10 µs
  if (dtype == RAP_FLOAT32) {
    uniform_f32(out, g, n, 0, 1);
    rap_parallel(n / 16, grain, box_muller_f32, &job);
    if (n % 16 == 0) return;
    job.data = (float *)out + n - 16;
    uniform_f32(job.data, g, 16, 0, 1);
    box_muller_f32(&job, 0, 1, 0);
  } else {
    uniform_f64(out, g, n, 0, 1);
    rap_parallel(n / 16, grain / 8, box_muller_f64, &job);
    if (n % 16 == 0) return;
    job.data = (double *)out + n - 16;
    uniform_f64(job.data, g, 16, 0, 1);
    box_muller_f64(&job, 0, 1, 0);
  }
}

// ---- Bernoulli -------------------------------------------------------------------------------------------

// u < p for u = k / 2^53 exactly when k < ceil(p 2^53), so the comparison is one of integers.
static void bernoulli_hits(int32_t *hit, generator *g, int32_t count, double p) {
  uint32_t draw[2 * CHUNK];
  const int64_t bound = (int64_t)ceil(p * 0x1p53);
  generator_draw(g, draw, 2 * count);
  for (int32_t i = 0; i < count; i++) {
    int64_t k = (int64_t)(draw[2 * i] & 0x1fffff) << 32 | draw[2 * i + 1];
    hit[i] = k < bound;
  }
}

int32_t rap_random_bernoulli(int32_t dtype, void *out, void *block, const void *p, int32_t p_dtype,
                             int32_t n) {
  generator *g = block;
  uint32_t draw[CHUNK];
  double u[CHUNK];
  int32_t hit[CHUNK];
  if (dtype > RAP_BOOL || p_dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  for (int32_t i = 0; i < n; i++) {
    double probability = p_dtype == RAP_FLOAT64 ? ((const double *)p)[i] : ((const float *)p)[i];
    if (!(probability >= 0 && probability <= 1)) return 2;
  }
  CHUNKS(at, count, n) {
    if (p_dtype == RAP_FLOAT64) {
      uniform_chunk(u, g, count);
      for (int32_t i = 0; i < count; i++) hit[i] = u[i] < ((const double *)p)[at + i];
    } else { // one draw of 24 bits
      generator_draw(g, draw, count);
      for (int32_t i = 0; i < count; i++)
        hit[i] = (float)(int32_t)(draw[i] & 0xffffff) * 0x1p-24f < ((const float *)p)[at + i];
    }
    store_hits(dtype, out, at, hit, count, 1);
  }
  return RAP_OK;
}

// ---- the rest, in double ---------------------------------------------------------------------------------

static void fill_chunk(double *x, generator *g, int32_t count, int32_t distribution, double a, double b) {
  if (distribution == RAP_FILL_NORMAL_EACH || distribution == RAP_FILL_LOG_NORMAL) {
    for (int32_t i = 0; i < count; i++) x[i] = generator_next_normal(g) * b + a;
    if (distribution == RAP_FILL_LOG_NORMAL)
      for (int32_t i = 0; i < count; i++) x[i] = exp(x[i]);
    return;
  }
  uniform_chunk(x, g, count);
  if (distribution == RAP_FILL_CAUCHY)
    for (int32_t i = 0; i < count; i++) x[i] = a + b * tan(3.14159265358979323846 * (x[i] - 0.5));
  else if (distribution == RAP_FILL_EXPONENTIAL)
    for (int32_t i = 0; i < count; i++) x[i] = -1.0 / a * log1p(-x[i]);
  else // geometric
    for (int32_t i = 0; i < count; i++) x[i] = ceil(log(x[i]) / log1p(-a));
}

int32_t rap_random_fill(int32_t dtype, void *out, void *block, int32_t n, int32_t distribution, double a,
                        double b) {
  generator *g = block;
  double x[CHUNK];
  int32_t hit[CHUNK];
  if (dtype > (distribution >= RAP_FILL_GEOMETRIC ? RAP_BOOL : RAP_FLOAT64)) return RAP_UNSUPPORTED;
  if (distribution == RAP_FILL_UNIFORM && dtype == RAP_FLOAT32)
    uniform_f32(out, g, n, (float)a, (float)b);
  else if (distribution == RAP_FILL_UNIFORM)
    uniform_f64(out, g, n, a, b);
  else if (distribution == RAP_FILL_NORMAL && n >= 16)
    normal_blocks(dtype, out, g, n, a, b);
  else if (distribution == RAP_FILL_BERNOULLI) {
    CHUNKS(at, count, n) {
      bernoulli_hits(hit, g, count, a);
      store_hits(dtype, out, at, hit, count, b);
    }
  } else {
    if (distribution == RAP_FILL_NORMAL) distribution = RAP_FILL_NORMAL_EACH;
    CHUNKS(at, count, n) {
      fill_chunk(x, g, count, distribution, a, b);
      store_doubles(dtype, out, at, x, count);
    }
  }
  return RAP_OK;
}

// ---- integers --------------------------------------------------------------------------------------------

static uint64_t word64(const uint32_t *draw, int32_t i) {
  return (uint64_t)draw[2 * i] << 32 | draw[2 * i + 1];
}

int32_t rap_random_integers(int32_t dtype, void *out, void *block, int32_t n, const int32_t *meta) {
  const uint64_t range = (uint64_t)(uint32_t)meta[1] << 32 | (uint32_t)meta[0];
  const uint64_t base = (uint64_t)(uint32_t)meta[3] << 32 | (uint32_t)meta[2];
  // PyTorch takes 64 bits from here on, to keep the skew of the remainder below 5 %.
  const int wide = range == 0 || range >= (uint64_t)1 << 28;
  uint32_t draw[2 * CHUNK];
  int64_t x[CHUNK];
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  CHUNKS(at, count, n) {
    generator_draw(block, draw, wide ? 2 * count : count);
    if (range == 0)
      for (int32_t i = 0; i < count; i++) x[i] = (int64_t)word64(draw, i);
    else if (wide)
      for (int32_t i = 0; i < count; i++) x[i] = (int64_t)(word64(draw, i) % range + base);
    else
      for (int32_t i = 0; i < count; i++) x[i] = (int64_t)(draw[i] % (uint32_t)range + base);
    store_integers(dtype, out, at, x, count);
  }
  return RAP_OK;
}

int32_t rap_random_any(int32_t dtype, void *out, void *block, int32_t n) {
  // Indexed by dtype; the integer types' ranges are powers of two, bool takes the lowest bit.
  static const uint64_t range[] = {(1ull << 24) + 1, (1ull << 53) + 1, 1ull << 63, 1ull << 31, 1ull << 8, 2};
  const int wide = dtype == RAP_FLOAT64 || dtype == RAP_INT64;
  uint32_t draw[2 * CHUNK];
  int64_t x[CHUNK];
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  CHUNKS(at, count, n) {
    generator_draw(block, draw, wide ? 2 * count : count);
    for (int32_t i = 0; i < count; i++) x[i] = (int64_t)((wide ? word64(draw, i) : draw[i]) % range[dtype]);
    store_integers(dtype, out, at, x, count);
  }
  return RAP_OK;
}

// Fisher and Yates: place i is exchanged with a later one. The places of a chunk are known ahead, so they are
// fetched.
#define SHUFFLE(type)                                                                                        \
  {                                                                                                          \
    type *x = out;                                                                                           \
    for (int32_t i = 0; i < n; i++) x[i] = (type)i;                                                          \
    CHUNKS(at, count, n - 1) {                                                                               \
      generator_draw(block, draw, count);                                                                    \
      for (int32_t i = 0; i < count; i++) {                                                                  \
        draw[i] = draw[i] % (uint32_t)(n - at - i) + (uint32_t)(at + i);                                     \
        __builtin_prefetch(x + draw[i], 1);                                                                  \
      }                                                                                                      \
      for (int32_t i = 0; i < count; i++) {                                                                  \
        type kept = x[at + i];                                                                               \
        x[at + i] = x[draw[i]];                                                                              \
        x[draw[i]] = kept;                                                                                   \
      }                                                                                                      \
    }                                                                                                        \
  }
// From 2^32 / 20 elements on PyTorch takes 64-bit draws and builds the permutation from the inside out.
#define SHUFFLE_HUGE(type)                                                                                   \
  {                                                                                                          \
    type *x = out;                                                                                           \
    CHUNKS(at, count, n) {                                                                                   \
      generator_draw(block, draw, 2 * count);                                                                \
      for (int32_t i = 0; i < count; i++) {                                                                  \
        int64_t place = (int64_t)(word64(draw, i) % (uint64_t)(at + i + 1));                                 \
        x[at + i] = x[place];                                                                                \
        x[place] = (type)(at + i);                                                                           \
      }                                                                                                      \
    }                                                                                                        \
  }
#define PERMUTE(type)                                                                                        \
  if (n < (int32_t)(UINT32_MAX / 20)) {                                                                      \
    SHUFFLE(type)                                                                                            \
  } else {                                                                                                   \
    SHUFFLE_HUGE(type)                                                                                       \
  }

int32_t rap_randperm(int32_t dtype, void *out, void *block, int32_t n) {
  uint32_t draw[2 * CHUNK];
  switch (dtype) {
  case RAP_FLOAT32: PERMUTE(float) return RAP_OK;
  case RAP_FLOAT64: PERMUTE(double) return RAP_OK;
  case RAP_INT64: PERMUTE(int64_t) return RAP_OK;
  case RAP_INT32: PERMUTE(int32_t) return RAP_OK;
  case RAP_UINT8: PERMUTE(uint8_t) return RAP_OK;
  }
  return RAP_UNSUPPORTED;
}
