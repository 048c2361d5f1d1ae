// Sorting of rows, and selecting from them, with the indices of what is found. What is not stable takes the
// same one of several equal elements as PyTorch on the CPU: it goes step by step as the C++ library's sort,
// partial_sort and nth_element do in libstdc++ (introsort and introselect, Musser 1997, around the median of
// three), and as PyTorch's own quickselect. All of it but the mode compares integer keys that are in the
// elements' order.
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include <math.h>
#include <string.h>

#define SMALL 16 // what is sorted by insertion

typedef struct {
  enum { SORT, TOPK, KTH, MEDIAN, MODE } what;
  int32_t dtype;
  void *values;
  int64_t *indices;
  const void *x;
  int32_t n, k; // lengths of x's rows and of the results'
  int32_t kth;
  int floating, down, stable, sorted, ignore_nan;
} selection;

// Where k are so few that PyTorch holds them in a heap rather than to divide the row.
static int few(const selection *s) { return (int64_t)s->k * 64 <= s->n; }

static int64_t floor_log2(int64_t n) { return n < 2 ? 0 : 63 - __builtin_clzll((uint64_t)n); }

// The bits of a float, the lower ones of negative numbers turned over, are in its order; zeros are equal, and
// NaN, which counts as the largest, has the largest key. From the largest down, keys are turned over.
#define FLOAT_KEYS(T, K, MAX)                                                                                \
  {                                                                                                          \
    const T *x = (const T *)s->x + at;                                                                       \
    for (int32_t i = 0; i < s->n; i++) {                                                                     \
      const T number = x[i] + (T)0; /* of -0 it makes 0 */                                                   \
      K bits;                                                                                                \
      memcpy(&bits, &number, sizeof bits);                                                                   \
      bits ^= (bits < 0 ? (K)-1 : 0) & MAX;                                                                  \
      keys[i] = (x[i] != x[i] ? MAX : bits) ^ turn;                                                          \
    }                                                                                                        \
  }
#define INTEGER_KEYS(T)                                                                                      \
  {                                                                                                          \
    const T *x = (const T *)s->x + at;                                                                       \
    for (int32_t i = 0; i < s->n; i++) keys[i] = x[i] ^ turn;                                                \
  }

// The keys of the row that begins at `at`.
static void load_32(int32_t *restrict keys, const selection *s, int64_t at) {
  const int32_t turn = s->down ? -1 : 0;
  if (s->dtype == RAP_FLOAT32)
    FLOAT_KEYS(float, int32_t, INT32_MAX)
  else if (s->dtype == RAP_INT32)
    INTEGER_KEYS(int32_t)
  else
    INTEGER_KEYS(uint8_t)
}

static void load_64(int64_t *restrict keys, const selection *s, int64_t at) {
  const int64_t turn = s->down ? -1 : 0;
  if (s->dtype == RAP_FLOAT64)
    FLOAT_KEYS(double, int64_t, INT64_MAX)
  else
    INTEGER_KEYS(int64_t)
}

// values[to + i] = x[from + indices[i]]
static void store(const selection *s, int64_t to, const int64_t *indices, int64_t from) {
#define STORE(T)                                                                                             \
  for (int32_t i = 0; i < s->k; i++) ((T *)s->values)[to + i] = ((const T *)s->x)[from + indices[i]]
  switch (s->dtype) {
  case RAP_FLOAT64:
  case RAP_INT64: STORE(int64_t); break;
  case RAP_FLOAT32:
  case RAP_INT32: STORE(int32_t); break;
  default: STORE(uint8_t);
  }
#undef STORE
}

// The mode of floats is sought among themselves: as in PyTorch, a NaN equals nothing and is before nothing.
static void load_f32(float *keys, const selection *s, int64_t at) {
  memcpy(keys, (const float *)s->x + at, (size_t)s->n * sizeof *keys);
}

static void load_f64(double *keys, const selection *s, int64_t at) {
  memcpy(keys, (const double *)s->x + at, (size_t)s->n * sizeof *keys);
}

#define K       float
#define LAST    INFINITY
#define NAME(x) x##_f32
#include "sort_template.h"
#undef K
#undef NAME
#define K       double
#define NAME(x) x##_f64
#include "sort_template.h"
#undef K
#undef LAST
#undef NAME
#define K       int32_t
#define LAST    INT32_MAX
#define NAME(x) x##_32
#include "sort_template.h"
#undef K
#undef LAST
#undef NAME
#define K       int64_t
#define LAST    INT64_MAX
#define NAME(x) x##_64
#include "sort_template.h"

// `work`: about how many nanoseconds an element takes.
static int32_t run(selection s, int32_t outer, int64_t work) {
  const int64_t grain = s.n > 0 ? 50000 / work / s.n + 1 : 1; // A part should last some 50 µs.
  s.floating = s.dtype == RAP_FLOAT32 || s.dtype == RAP_FLOAT64;
  switch (s.dtype) {
  case RAP_FLOAT32:
  case RAP_INT32:
  case RAP_UINT8:
  case RAP_BOOL: rap_parallel(outer, grain, rows_32, &s); break;
  case RAP_FLOAT64:
  case RAP_INT64: rap_parallel(outer, grain, rows_64, &s); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

int32_t rap_sort(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                 int32_t k, int32_t descending, int32_t stable) {
  return run((selection){SORT, dtype, values, indices, x, n, k, .down = descending, .stable = stable}, outer,
             12);
}

int32_t rap_topk(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                 int32_t k, int32_t largest, int32_t sorted) {
  if (k == 0) return RAP_OK;
  return run((selection){TOPK, dtype, values, indices, x, n, k, .down = largest, .sorted = sorted}, outer, 4);
}

int32_t rap_kth(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                int32_t k) {
  return run((selection){KTH, dtype, values, indices, x, n, 1, .kth = k}, outer, 4);
}

int32_t rap_median(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                   int32_t ignore_nan) {
  return run((selection){MEDIAN, dtype, values, indices, x, n, 1, .ignore_nan = ignore_nan}, outer, 4);
}

int32_t rap_mode(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n) {
  selection s = {MODE, dtype, values, indices, x, n, .k = 1};
  if (dtype > RAP_FLOAT64) return run(s, outer, 12);
  rap_parallel(outer, 4096 / n + 1, dtype == RAP_FLOAT32 ? rows_f32 : rows_f64, &s);
  return RAP_OK;
}
