// The vector types and the few primitives on them: the only file that names an instruction set.
// Kernels are written once with compiler vector types; RAP_VBYTES follows the -march they are compiled for.
#ifndef RAP_SIMD_H
#define RAP_SIMD_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#if defined(__AVX512F__)
#define RAP_VBYTES 64
#elif defined(__AVX2__)
#define RAP_VBYTES 32
#else // SSE, NEON
#define RAP_VBYTES 16
#endif

#define F32_LANES (RAP_VBYTES / 4)
#define F64_LANES (RAP_VBYTES / 8)
#define INLINE    static inline __attribute__((always_inline, unused))
// A kernel of its own: inlined into a larger function it would lose registers.
#define KERNEL static __attribute__((noinline, unused))

typedef float f32v __attribute__((vector_size(RAP_VBYTES)));
// Half a vector.
typedef float f32h __attribute__((vector_size(RAP_VBYTES / 2)));
typedef double f64v __attribute__((vector_size(RAP_VBYTES)));
typedef int32_t i32v __attribute__((vector_size(RAP_VBYTES)));
typedef int64_t i64v __attribute__((vector_size(RAP_VBYTES)));
typedef uint32_t u32v __attribute__((vector_size(RAP_VBYTES)));
// The same in memory, at any address.
typedef float f32u __attribute__((vector_size(RAP_VBYTES), aligned(4), may_alias));
typedef double f64u __attribute__((vector_size(RAP_VBYTES), aligned(8), may_alias));
typedef int32_t i32u __attribute__((vector_size(RAP_VBYTES), aligned(4), may_alias));

INLINE f32v f32_load(const float *p) { return (f32v) * (const f32u *)p; }
INLINE void f32_store(float *p, f32v x) { *(f32u *)p = (f32u)x; }
INLINE f32v f32_set(float s) { return s - (f32v){0}; }
INLINE f64v f64_load(const double *p) { return (f64v) * (const f64u *)p; }
INLINE void f64_store(double *p, f64v x) { *(f64u *)p = (f64u)x; }
INLINE f64v f64_set(double s) { return s - (f64v){0}; }
INLINE i32v i32_load(const int32_t *p) { return (i32v) * (const i32u *)p; }
INLINE void i32_store(int32_t *p, i32v x) { *(i32u *)p = (i32u)x; }

// mask ? a : b, lane by lane; a mask lane is all ones or all zeros, as comparisons give.
#if RAP_VBYTES == 32
INLINE f32v f32_select(i32v mask, f32v a, f32v b) {
  return (f32v)_mm256_blendv_ps((__m256)b, (__m256)a, (__m256)mask);
}
INLINE f64v f64_select(i64v mask, f64v a, f64v b) {
  return (f64v)_mm256_blendv_pd((__m256d)b, (__m256d)a, (__m256d)mask);
}
#else
INLINE f32v f32_select(i32v mask, f32v a, f32v b) { return (f32v)((mask & (i32v)a) | (~mask & (i32v)b)); }
INLINE f64v f64_select(i64v mask, f64v a, f64v b) { return (f64v)((mask & (i64v)a) | (~mask & (i64v)b)); }
#endif

// a > b ? a : b, and a < b ? a : b; b where one of them is NaN, as the x86 instructions have it.
#if RAP_VBYTES == 64
#define RAP_PICK_OP(name, type, raw, instruction, sign)                                                      \
  INLINE type name(type a, type b) { return (type)_mm512_##instruction((raw)a, (raw)b); }
#define RAP_RAW(type) __m512##type
#elif RAP_VBYTES == 32
#define RAP_PICK_OP(name, type, raw, instruction, sign)                                                      \
  INLINE type name(type a, type b) { return (type)_mm256_##instruction((raw)a, (raw)b); }
#define RAP_RAW(type) __m256##type
#elif defined(__x86_64__)
#define RAP_PICK_OP(name, type, raw, instruction, sign)                                                      \
  INLINE type name(type a, type b) { return (type)_mm_##instruction((raw)a, (raw)b); }
#define RAP_RAW(type) __m128##type
#else
#define RAP_PICK_OP(name, type, raw, instruction, sign)                                                      \
  INLINE type name(type a, type b) {                                                                         \
    for (int i = 0; i < (int)(sizeof a / sizeof a[0]); i++) b[i] = a[i] sign b[i] ? a[i] : b[i];             \
    return b;                                                                                                \
  }
#endif
RAP_PICK_OP(f32_greater, f32v, RAP_RAW(), max_ps, >)
RAP_PICK_OP(f32_lesser, f32v, RAP_RAW(), min_ps, <)
RAP_PICK_OP(f64_greater, f64v, RAP_RAW(d), max_pd, >)
RAP_PICK_OP(f64_lesser, f64v, RAP_RAW(d), min_pd, <)

// The first n <= F32_LANES (F64_LANES) elements; the other lanes are `fill`.
#if RAP_VBYTES == 64
INLINE f32v f32_load_tail(const float *p, int n, float fill) {
  return (f32v)_mm512_mask_loadu_ps((__m512)f32_set(fill), (__mmask16)((1u << n) - 1), p);
}
INLINE f64v f64_load_tail(const double *p, int n, double fill) {
  return (f64v)_mm512_mask_loadu_pd((__m512d)f64_set(fill), (__mmask8)((1u << n) - 1), p);
}
INLINE void f32_store_tail(float *p, f32v x, int n) {
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
}
INLINE void f64_store_tail(double *p, f64v x, int n) {
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)x);
}
#elif RAP_VBYTES == 32
INLINE f32v f32_load_tail(const float *p, int n, float fill) {
  i32v mask = (i32v){0, 1, 2, 3, 4, 5, 6, 7} < n;
  return f32_select(mask, (f32v)_mm256_maskload_ps(p, (__m256i)mask), f32_set(fill));
}
INLINE f64v f64_load_tail(const double *p, int n, double fill) {
  i64v mask = (i64v){0, 1, 2, 3} < n;
  return f64_select(mask, (f64v)_mm256_maskload_pd(p, (__m256i)mask), f64_set(fill));
}
// By halves: masked stores are microcoded on AMD's AVX2 processors.
INLINE void f32_store_tail(float *p, f32v x, int n) {
  __m128 rest = _mm256_castps256_ps128((__m256)x);
  if (n == F32_LANES) f32_store(p, x);
  if (n & 4) _mm_storeu_ps(p, rest), p += 4, rest = _mm256_extractf128_ps((__m256)x, 1);
  if (n & 2) _mm_storel_pi((__m64 *)(void *)p, rest), p += 2, rest = _mm_movehl_ps(rest, rest);
  if (n & 1) _mm_store_ss(p, rest);
}
INLINE void f64_store_tail(double *p, f64v x, int n) {
  __m128d rest = _mm256_castpd256_pd128((__m256d)x);
  if (n == F64_LANES) f64_store(p, x);
  if (n & 2) _mm_storeu_pd(p, rest), p += 2, rest = _mm256_extractf128_pd((__m256d)x, 1);
  if (n & 1) _mm_store_sd(p, rest);
}
#else
INLINE f32v f32_load_tail(const float *p, int n, float fill) {
  return (f32v){n > 0 ? p[0] : fill, n > 1 ? p[1] : fill, n > 2 ? p[2] : fill, n > 3 ? p[3] : fill};
}
INLINE f64v f64_load_tail(const double *p, int n, double fill) {
  return (f64v){n > 0 ? p[0] : fill, n > 1 ? p[1] : fill};
}
INLINE void f32_store_tail(float *p, f32v x, int n) {
  if (n > 0) p[0] = x[0];
  if (n > 1) p[1] = x[1];
  if (n > 2) p[2] = x[2];
  if (n > 3) p[3] = x[3];
}
INLINE void f64_store_tail(double *p, f64v x, int n) {
  if (n > 0) p[0] = x[0];
  if (n > 1) p[1] = x[1];
}
#endif

// Of the pair a, b: the elements at even or at odd places; a's and b's in turn, of their first or second
// halves. And 32-bit integers as bytes in memory.
#if RAP_VBYTES == 64
#define RAP_EACH_LANE(f)                                                                                     \
  f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7), f(8), f(9), f(10), f(11), f(12), f(13), f(14), f(15)
#elif RAP_VBYTES == 32
#define RAP_EACH_LANE(f) f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)
#else
#define RAP_EACH_LANE(f) f(0), f(1), f(2), f(3)
#endif
#define RAP_EVEN(i) 2 * (i)
#define RAP_ODD(i)  2 * (i) + 1
#define RAP_LOW(i)  (i) / 2 + (i) % 2 * F32_LANES
#define RAP_HIGH(i) (i) / 2 + (i) % 2 * F32_LANES + F32_LANES / 2
#if RAP_VBYTES == 32
// In two instructions, where compilers take three.
INLINE f32v f32_even(f32v a, f32v b) {
  return (f32v)_mm256_permute4x64_pd((__m256d)_mm256_shuffle_ps((__m256)a, (__m256)b, 0x88), 0xd8);
}
INLINE f32v f32_odd(f32v a, f32v b) {
  return (f32v)_mm256_permute4x64_pd((__m256d)_mm256_shuffle_ps((__m256)a, (__m256)b, 0xdd), 0xd8);
}
#else
INLINE f32v f32_even(f32v a, f32v b) { return __builtin_shufflevector(a, b, RAP_EACH_LANE(RAP_EVEN)); }
INLINE f32v f32_odd(f32v a, f32v b) { return __builtin_shufflevector(a, b, RAP_EACH_LANE(RAP_ODD)); }
#endif
INLINE f32v f32_zip_low(f32v a, f32v b) { return __builtin_shufflevector(a, b, RAP_EACH_LANE(RAP_LOW)); }
INLINE f32v f32_zip_high(f32v a, f32v b) { return __builtin_shufflevector(a, b, RAP_EACH_LANE(RAP_HIGH)); }
#if RAP_VBYTES == 64
INLINE f64v f64_even(f64v a, f64v b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
INLINE f64v f64_odd(f64v a, f64v b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }
INLINE f64v f64_zip_low(f64v a, f64v b) { return __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11); }
INLINE f64v f64_zip_high(f64v a, f64v b) { return __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15); }
#elif RAP_VBYTES == 32
INLINE f64v f64_even(f64v a, f64v b) { return __builtin_shufflevector(a, b, 0, 2, 4, 6); }
INLINE f64v f64_odd(f64v a, f64v b) { return __builtin_shufflevector(a, b, 1, 3, 5, 7); }
INLINE f64v f64_zip_low(f64v a, f64v b) { return __builtin_shufflevector(a, b, 0, 4, 1, 5); }
INLINE f64v f64_zip_high(f64v a, f64v b) { return __builtin_shufflevector(a, b, 2, 6, 3, 7); }
#else
INLINE f64v f64_even(f64v a, f64v b) { return __builtin_shufflevector(a, b, 0, 2); }
INLINE f64v f64_odd(f64v a, f64v b) { return __builtin_shufflevector(a, b, 1, 3); }
INLINE f64v f64_zip_low(f64v a, f64v b) { return f64_even(a, b); }
INLINE f64v f64_zip_high(f64v a, f64v b) { return f64_odd(a, b); }
#endif
typedef uint8_t u8v __attribute__((vector_size(F32_LANES)));
INLINE void i32_store_u8(uint8_t *p, i32v x) {
  const u8v bytes = __builtin_convertvector(x, u8v);
  memcpy(p, &bytes, sizeof bytes);
}
// Lanes 0 .. n-1.
INLINE i32v i32_lanes_below(int32_t n) {
#define RAP_SELF(i) i
  return (i32v){RAP_EACH_LANE(RAP_SELF)} < n;
#undef RAP_SELF
}
INLINE i32v i32_load_u8(const uint8_t *p) {
  u8v bytes;
  memcpy(&bytes, p, sizeof bytes);
  return __builtin_convertvector(bytes, i32v);
}

// Before a loop with constant bounds: no loop is left.
#if defined(__clang__)
#define RAP_UNROLL _Pragma("clang loop unroll(full)")
#else
#define RAP_UNROLL _Pragma("GCC unroll 32")
#endif

// Keeps a vector that was loaded in a register: compilers would rather read it again for every use.
#if defined(RAP_IN_REGISTER) // the emulation of AVX-512 has no such registers
#elif defined(__x86_64__) && RAP_VBYTES == 64
#define RAP_IN_REGISTER(v) __asm__("" : "+v"(v))
#elif defined(__x86_64__)
#define RAP_IN_REGISTER(v) __asm__("" : "+x"(v))
#elif defined(__aarch64__)
#define RAP_IN_REGISTER(v) __asm__("" : "+w"(v))
#else
#define RAP_IN_REGISTER(v) ((void)(v))
#endif

// Rows of the matrix multiplication's register tile, which is two vectors wide: the sums, two vectors of B
// and one element of A fill the registers. RAP_GEMM_EACH_ROW(f) is f(1) … f(RAP_GEMM_MR).
#if RAP_VBYTES == 64 // 32 registers
#define RAP_GEMM_MR          14
#define RAP_GEMM_EACH_ROW(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8) f(9) f(10) f(11) f(12) f(13) f(14)
#elif RAP_VBYTES == 32 // 16 registers
#define RAP_GEMM_MR          6
#define RAP_GEMM_EACH_ROW(f) f(1) f(2) f(3) f(4) f(5) f(6)
#elif defined(__x86_64__) // 16 registers, one of them for the product
#define RAP_GEMM_MR          4
#define RAP_GEMM_EACH_ROW(f) f(1) f(2) f(3) f(4)
#else // 32 registers
#define RAP_GEMM_MR          8
#define RAP_GEMM_EACH_ROW(f) f(1) f(2) f(3) f(4) f(5) f(6) f(7) f(8)
#endif

// The same pick of four in each 128-bit lane; a's elements are i … + 4 for the next lane, b's begin at
// F32_LANES.
#if RAP_VBYTES == 64
#define RAP_PICK(a, b, i, j, k, l)                                                                           \
  __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4, i + 8, j + 8, k + 8, l + 8, i + 12,  \
                          j + 12, k + 12, l + 12)
#elif RAP_VBYTES == 32
#define RAP_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4)
#else
#define RAP_PICK(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l)
#endif

// to[c][r] = from[r][c] for r < F32_LANES, c < 4: each 128-bit lane of the four vectors is a 4 by 4 block of
// `from`.
INLINE void f32_transpose(float *to, int64_t to_row, const float *from, int64_t from_row) {
  typedef float quad __attribute__((vector_size(16), aligned(4), may_alias));
#define RAP_QUAD(r) (*(const quad *)(from + (r)*from_row))
  f32v x[4];
  RAP_UNROLL for (int i = 0; i < 4; i++) {
#if RAP_VBYTES == 64
    f32h low = __builtin_shufflevector(RAP_QUAD(i), RAP_QUAD(i + 4), 0, 1, 2, 3, 4, 5, 6, 7);
    f32h high = __builtin_shufflevector(RAP_QUAD(i + 8), RAP_QUAD(i + 12), 0, 1, 2, 3, 4, 5, 6, 7);
    x[i] = __builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#elif RAP_VBYTES == 32
    x[i] = __builtin_shufflevector(RAP_QUAD(i), RAP_QUAD(i + 4), 0, 1, 2, 3, 4, 5, 6, 7);
#else
    x[i] = RAP_QUAD(i);
#endif
  }
#undef RAP_QUAD
  enum { B = F32_LANES }; // the first element of the second operand
  f32v s = RAP_PICK(x[0], x[1], 0, B, 1, B + 1), t = RAP_PICK(x[2], x[3], 0, B, 1, B + 1);
  f32v u = RAP_PICK(x[0], x[1], 2, B + 2, 3, B + 3), w = RAP_PICK(x[2], x[3], 2, B + 2, 3, B + 3);
  f32_store(to, RAP_PICK(s, t, 0, 1, B, B + 1));
  f32_store(to + to_row, RAP_PICK(s, t, 2, 3, B + 2, B + 3));
  f32_store(to + 2 * to_row, RAP_PICK(u, w, 0, 1, B, B + 1));
  f32_store(to + 3 * to_row, RAP_PICK(u, w, 2, 3, B + 2, B + 3));
}

// to[0 … 3] = the sums of the elements of a, b, c, d.
INLINE void f32_sum4(float *to, f32v a, f32v b, f32v c, f32v d) {
  typedef float quad __attribute__((vector_size(16)));
  typedef float quad_at __attribute__((vector_size(16), aligned(4), may_alias));
  enum { B = F32_LANES };
  f32v s = RAP_PICK(a, b, 0, B, 1, B + 1) + RAP_PICK(a, b, 2, B + 2, 3, B + 3);
  f32v t = RAP_PICK(c, d, 0, B, 1, B + 1) + RAP_PICK(c, d, 2, B + 2, 3, B + 3);
  f32v x = RAP_PICK(s, t, 0, 1, B, B + 1) + RAP_PICK(s, t, 2, 3, B + 2, B + 3);
  quad part[F32_LANES / 4];
  memcpy(part, &x, sizeof x);
  for (int i = 1; i < F32_LANES / 4; i++) part[0] += part[i];
  *(quad_at *)to = part[0];
}

// Lane i of the result is lane[i] of x.
INLINE f32v f32_permute(f32v x, const uint8_t *lane) {
#if RAP_VBYTES == 64
  return (f32v)_mm512_permutexvar_ps((__m512i)i32_load_u8(lane), (__m512)x);
#elif RAP_VBYTES == 32
  return (f32v)_mm256_permutevar8x32_ps((__m256)x, (__m256i)i32_load_u8(lane));
#else
  f32v y = x;
  for (int i = 0; i < F32_LANES; i++) y[i] = x[lane[i]];
  return y;
#endif
}
INLINE f64v f64_permute(f64v x, const uint8_t *lane) {
  f64v y = x;
  for (int i = 0; i < F64_LANES; i++) y[i] = x[lane[i]];
  return y;
}

// One instruction each: RAP_VECTOR_OP(f32_sqrt, f32v, the instruction on 64, 32, 16 bytes of x86 and on 16 of
// NEON).
#if RAP_VBYTES == 64
#define RAP_VECTOR_OP(name, type, avx512, avx, sse, neon)                                                    \
  INLINE type name(type x) { return (type)avx512; }
#elif RAP_VBYTES == 32
#define RAP_VECTOR_OP(name, type, avx512, avx, sse, neon)                                                    \
  INLINE type name(type x) { return (type)avx; }
#elif defined(__x86_64__)
#define RAP_VECTOR_OP(name, type, avx512, avx, sse, neon)                                                    \
  INLINE type name(type x) { return (type)sse; }
#else
#define RAP_VECTOR_OP(name, type, avx512, avx, sse, neon)                                                    \
  INLINE type name(type x) { return (type)neon; }
#endif
#define RAP_ROUND_OP(name, type, suffix, neon, mode, instruction)                                            \
  RAP_VECTOR_OP(name, type, _mm512_roundscale_##suffix((neon)x, mode), _mm256_round_##suffix((neon)x, mode), \
                _mm_round_##suffix((neon)x, mode), instruction((neon)x))
#if RAP_VBYTES == 64
typedef __m512 rap_f32;
typedef __m512d rap_f64;
#elif RAP_VBYTES == 32
typedef __m256 rap_f32;
typedef __m256d rap_f64;
#elif defined(__x86_64__)
typedef __m128 rap_f32;
typedef __m128d rap_f64;
#else
typedef float32x4_t rap_f32;
typedef float64x2_t rap_f64;
#endif
RAP_VECTOR_OP(f32_sqrt, f32v, _mm512_sqrt_ps((rap_f32)x), _mm256_sqrt_ps((rap_f32)x), _mm_sqrt_ps((rap_f32)x),
              vsqrtq_f32((rap_f32)x))
RAP_VECTOR_OP(f64_sqrt, f64v, _mm512_sqrt_pd((rap_f64)x), _mm256_sqrt_pd((rap_f64)x), _mm_sqrt_pd((rap_f64)x),
              vsqrtq_f64((rap_f64)x))
// Modes: 8 is to nearest even, 9 down, 10 up, 11 towards zero, none of them raising "inexact".
RAP_ROUND_OP(f32_rint, f32v, ps, rap_f32, 8, vrndnq_f32)
RAP_ROUND_OP(f64_rint, f64v, pd, rap_f64, 8, vrndnq_f64)
RAP_ROUND_OP(f32_floor, f32v, ps, rap_f32, 9, vrndmq_f32)
RAP_ROUND_OP(f64_floor, f64v, pd, rap_f64, 9, vrndmq_f64)
RAP_ROUND_OP(f32_ceil, f32v, ps, rap_f32, 10, vrndpq_f32)
RAP_ROUND_OP(f64_ceil, f64v, pd, rap_f64, 10, vrndpq_f64)
RAP_ROUND_OP(f32_trunc, f32v, ps, rap_f32, 11, vrndq_f32)
RAP_ROUND_OP(f64_trunc, f64v, pd, rap_f64, 11, vrndq_f64)

// Stores past the caches, for outputs larger than they are; p is aligned to RAP_VBYTES.
INLINE void f32_stream(float *p, f32v x) {
#if RAP_VBYTES == 64
  _mm512_stream_ps(p, (rap_f32)x);
#elif RAP_VBYTES == 32
  _mm256_stream_ps(p, (rap_f32)x);
#elif defined(__x86_64__)
  _mm_stream_ps(p, (rap_f32)x);
#else
  f32_store(p, x);
#endif
}
// Makes streamed stores visible to other threads.
INLINE void stream_end(void) {
#if defined(__x86_64__)
  _mm_sfence();
#endif
}

// The two halves of a float32 vector as double vectors, and back (rounded to nearest).
typedef struct {
  f64v low, high;
} f64pair;
#if RAP_VBYTES == 64
INLINE f64pair f64_widen(f32v x) {
  return (f64pair){(f64v)_mm512_cvtps_pd(_mm512_castps512_ps256((rap_f32)x)),
                   (f64v)_mm512_cvtps_pd(_mm256_castpd_ps(_mm512_extractf64x4_pd((__m512d)x, 1)))};
}
INLINE f32v f32_narrow(f64v low, f64v high) {
  __m256d l = _mm256_castps_pd(_mm512_cvtpd_ps((rap_f64)low)),
          h = _mm256_castps_pd(_mm512_cvtpd_ps((rap_f64)high));
  return (f32v)_mm512_insertf64x4(_mm512_castpd256_pd512(l), h, 1);
}
#elif RAP_VBYTES == 32
INLINE f64pair f64_widen(f32v x) {
  return (f64pair){(f64v)_mm256_cvtps_pd(_mm256_castps256_ps128((rap_f32)x)),
                   (f64v)_mm256_cvtps_pd(_mm256_extractf128_ps((rap_f32)x, 1))};
}
INLINE f32v f32_narrow(f64v low, f64v high) {
  return (f32v)_mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps((rap_f64)low)),
                                    _mm256_cvtpd_ps((rap_f64)high), 1);
}
#else
INLINE f64pair f64_widen(f32v x) {
  f32h half[2];
  memcpy(half, &x, sizeof x);
  return (f64pair){__builtin_convertvector(half[0], f64v), __builtin_convertvector(half[1], f64v)};
}
INLINE f32v f32_narrow(f64v low, f64v high) {
  f32h half[2] = {__builtin_convertvector(low, f32h), __builtin_convertvector(high, f32h)};
  f32v x;
  memcpy(&x, half, sizeof x);
  return x;
}
#endif

// Sums and maxima over the lanes.
#if RAP_VBYTES == 64
INLINE double f64_sum(f64v x) { return _mm512_reduce_add_pd((rap_f64)x); }
INLINE float f32_sum(f32v x) { return _mm512_reduce_add_ps((rap_f32)x); }
INLINE float f32_largest(f32v x) { return _mm512_reduce_max_ps((rap_f32)x); }
INLINE double f64_largest(f64v x) { return _mm512_reduce_max_pd((rap_f64)x); }
#elif RAP_VBYTES == 32
#define RAP_ACROSS(name, operation)                                                                          \
  INLINE float f32_##name(f32v x) {                                                                          \
    __m128 s =                                                                                               \
        _mm_##operation##_ps(_mm256_castps256_ps128((rap_f32)x), _mm256_extractf128_ps((rap_f32)x, 1));      \
    s = _mm_##operation##_ps(s, _mm_movehl_ps(s, s));                                                        \
    return _mm_cvtss_f32(_mm_##operation##_ss(s, _mm_movehdup_ps(s)));                                       \
  }                                                                                                          \
  INLINE double f64_##name(f64v x) {                                                                         \
    __m128d s =                                                                                              \
        _mm_##operation##_pd(_mm256_castpd256_pd128((rap_f64)x), _mm256_extractf128_pd((rap_f64)x, 1));      \
    return _mm_cvtsd_f64(_mm_##operation##_sd(s, _mm_unpackhi_pd(s, s)));                                    \
  }
RAP_ACROSS(sum, add)
RAP_ACROSS(largest, max)
#undef RAP_ACROSS
#else
INLINE double f64_sum(f64v x) { return x[0] + x[1]; }
INLINE float f32_sum(f32v x) { return (x[0] + x[1]) + (x[2] + x[3]); }
INLINE float f32_largest(f32v x) {
  float a = x[0] > x[1] ? x[0] : x[1], b = x[2] > x[3] ? x[2] : x[3];
  return a > b ? a : b;
}
INLINE double f64_largest(f64v x) { return x[0] > x[1] ? x[0] : x[1]; }
#endif
// Whether any lane of a comparison's result is set.
#if RAP_VBYTES == 64
INLINE int i32_any(i32v mask) { return _mm512_movepi32_mask((__m512i)mask) != 0; }
#elif RAP_VBYTES == 32
INLINE int i32_any(i32v mask) { return _mm256_movemask_ps((__m256)mask) != 0; }
#elif defined(__x86_64__)
INLINE int i32_any(i32v mask) { return _mm_movemask_ps((__m128)mask) != 0; }
#else
INLINE int i32_any(i32v mask) { return vmaxvq_u32((uint32x4_t)mask) != 0; }
#endif

#endif
