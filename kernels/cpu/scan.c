// Running sums, products and extremes along the middle dimension of [outer, dim, inner].
#include "../raptorch.h"
#include "threads.h"
#include <math.h>

typedef struct {
  int32_t op, dtype;
  void *y;
  int64_t *indices;
  const void *x;
  int64_t dim, inner;
} job;

// log(exp(a) + exp(b))
static double log_add(double a, double b) {
  if (a != a || b != b) return NAN;
  double high = a > b ? a : b, low = a > b ? b : a;
  return isinf(high) ? high : high + log1p(exp(low - high));
}

// Line i of outer * inner; floats accumulate in double, as PyTorch does on the CPU.
#define SCAN(T, A, name, IS_NAN)                                                                             \
  static void scan_##name(void *context, int64_t begin, int64_t end, int32_t thread) {                       \
    const job *j = context;                                                                                  \
    const int64_t inner = j->inner;                                                                          \
    (void)thread;                                                                                            \
    for (int64_t line = begin; line < end; line++) {                                                         \
      const int64_t at = line / inner * j->dim * inner + line % inner;                                       \
      const T *x = (const T *)j->x + at;                                                                     \
      T *y = (T *)j->y + at;                                                                                 \
      int64_t *indices = j->indices + at, best = 0;                                                          \
      A total = j->op == RAP_SCAN_CUMPROD;                                                                   \
      T extreme = j->dim ? x[0] : 0;                                                                         \
      switch (j->op) {                                                                                       \
      case RAP_SCAN_CUMSUM:                                                                                  \
        for (int64_t i = 0; i < j->dim; i++) total += (A)x[i * inner], y[i * inner] = (T)total;              \
        break;                                                                                               \
      case RAP_SCAN_CUMPROD:                                                                                 \
        for (int64_t i = 0; i < j->dim; i++) total *= (A)x[i * inner], y[i * inner] = (T)total;              \
        break;                                                                                               \
      case RAP_SCAN_LOGCUMSUMEXP: {                                                                          \
        double sum = -INFINITY;                                                                              \
        for (int64_t i = 0; i < j->dim; i++)                                                                 \
          sum = log_add(sum, (double)x[i * inner]), y[i * inner] = (T)sum;                                   \
        break;                                                                                               \
      }                                                                                                      \
      default:                                                                                               \
        for (int64_t i = 0; i < j->dim; i++) {                                                               \
          T v = x[i * inner];                                                                                \
          if (IS_NAN(v) || (!IS_NAN(extreme) && (j->op == RAP_SCAN_CUMMAX ? v >= extreme : v <= extreme)))   \
            extreme = v, best = i;                                                                           \
          y[i * inner] = extreme, indices[i * inner] = best;                                                 \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
#define NEVER(v) 0
SCAN(float, double, f32, isnan)
SCAN(double, double, f64, isnan)
SCAN(int64_t, uint64_t, int64, NEVER)
SCAN(int32_t, uint32_t, int32, NEVER)
SCAN(uint8_t, uint8_t, uint8, NEVER)

int32_t rap_scan(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer, int32_t dim,
                 int32_t inner) {
  static const rap_range scans[6] = {scan_f32, scan_f64, scan_int64, scan_int32, scan_uint8, scan_uint8};
  if (dtype > RAP_BOOL || (op == RAP_SCAN_LOGCUMSUMEXP && dtype > RAP_FLOAT64)) return RAP_UNSUPPORTED;
  job j = {op, dtype, y, indices, x, dim, inner};
  rap_parallel((int64_t)outer * inner, 1 + 8192 / (dim + 1), scans[dtype], &j);
  return RAP_OK;
}
