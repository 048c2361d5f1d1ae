// Stable sorting of rows, with the indices that sort them; NaN counts as the largest number. A bottom-up
// merge sort of (value, index) pairs after insertion-sorted runs: the ties keep their order, as PyTorch's
// stable sort has it.
#include "../raptorch.h"
#include "threads.h"
#include <string.h>

#define RUN 16

#define DEFINE_SORT(NAME, T, IS_NAN)                                                                         \
  typedef struct {                                                                                           \
    T value;                                                                                                 \
    int32_t index;                                                                                           \
  } NAME##_pair;                                                                                             \
  static inline int NAME##_less(T a, T b) { return IS_NAN(b) ? !IS_NAN(a) : a < b; }                         \
  static inline int NAME##_before(const NAME##_pair *a, const NAME##_pair *b, int descending) {              \
    return descending ? NAME##_less(b->value, a->value) : NAME##_less(a->value, b->value);                   \
  }                                                                                                          \
  static void NAME##_row(NAME##_pair *p, NAME##_pair *spare, int64_t n, int descending) {                    \
    for (int64_t begin = 0; begin < n; begin += RUN) {                                                       \
      int64_t end = begin + RUN < n ? begin + RUN : n;                                                       \
      for (int64_t i = begin + 1; i < end; i++) {                                                            \
        NAME##_pair x = p[i];                                                                                \
        int64_t j = i;                                                                                       \
        for (; j > begin && NAME##_before(&x, &p[j - 1], descending); j--) p[j] = p[j - 1];                  \
        p[j] = x;                                                                                            \
      }                                                                                                      \
    }                                                                                                        \
    NAME##_pair *from = p, *to = spare;                                                                      \
    for (int64_t width = RUN; width < n; width *= 2) {                                                       \
      for (int64_t begin = 0; begin < n; begin += 2 * width) {                                               \
        int64_t middle = begin + width < n ? begin + width : n,                                              \
                end = middle + width < n ? middle + width : n;                                               \
        int64_t i = begin, j = middle, k = begin;                                                            \
        while (i < middle && j < end)                                                                        \
          to[k++] = NAME##_before(&from[j], &from[i], descending) ? from[j++] : from[i++];                   \
        while (i < middle) to[k++] = from[i++];                                                              \
        while (j < end) to[k++] = from[j++];                                                                 \
      }                                                                                                      \
      NAME##_pair *swap = from;                                                                              \
      from = to, to = swap;                                                                                  \
    }                                                                                                        \
    if (from != p) memcpy(p, from, (size_t)n * sizeof *p);                                                   \
  }                                                                                                          \
  static void NAME##_part(void *context, int64_t begin, int64_t end, int32_t thread) {                       \
    (void)thread;                                                                                            \
    const sorting *s = context;                                                                              \
    NAME##_pair *p = rap_scratch(3, 2 * s->n * (int64_t)sizeof(NAME##_pair));                                \
    for (int64_t r = begin; r < end; r++) {                                                                  \
      const T *x = (const T *)s->x + r * s->n;                                                               \
      for (int64_t i = 0; i < s->n; i++) p[i].value = x[i], p[i].index = (int32_t)i;                         \
      NAME##_row(p, p + s->n, s->n, s->descending);                                                          \
      for (int64_t i = 0; i < s->k; i++) {                                                                   \
        ((T *)s->values)[r * s->k + i] = p[i].value;                                                         \
        s->indices[r * s->k + i] = p[i].index;                                                               \
      }                                                                                                      \
    }                                                                                                        \
  }

typedef struct {
  void *values;
  int64_t *indices;
  const void *x;
  int64_t n, k;
  int descending;
} sorting;

#define FLOAT_NAN(x) ((x) != (x))
#define NEVER_NAN(x) ((void)(x), 0)
DEFINE_SORT(f32, float, FLOAT_NAN)
DEFINE_SORT(f64, double, FLOAT_NAN)
DEFINE_SORT(i64, int64_t, NEVER_NAN)
DEFINE_SORT(i32, int32_t, NEVER_NAN)
DEFINE_SORT(u8, uint8_t, NEVER_NAN)

int32_t rap_sort(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                 int32_t k, int32_t descending) {
  sorting s = {values, indices, x, n, k, descending};
  // n log n comparisons of about 2 ns: a part should last some 50 µs.
  int64_t grain = n > 0 ? 4096 / n + 1 : 1;
  switch (dtype) {
  case RAP_FLOAT32: rap_parallel(outer, grain, f32_part, &s); break;
  case RAP_FLOAT64: rap_parallel(outer, grain, f64_part, &s); break;
  case RAP_INT64: rap_parallel(outer, grain, i64_part, &s); break;
  case RAP_INT32: rap_parallel(outer, grain, i32_part, &s); break;
  case RAP_UINT8:
  case RAP_BOOL: rap_parallel(outer, grain, u8_part, &s); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}
