// Distances between the rows of one matrix.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include <math.h>

typedef struct {
  void *out;
  const void *x, *y, *dy;
  int64_t rows, cols;
  double p;
} distance_job;

// Where the pairs (i, i + 1), (i, i + 2) … of one row begin among all pairs.
static int64_t first_pair(int64_t i, int64_t rows) { return i * (2 * rows - i - 1) / 2; }

#define REAL_BITS 32
#include "distance.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "distance.c"
#undef REAL_BITS

int32_t rap_pdist(int32_t dtype, void *y, const void *x, int32_t rows, int32_t cols, double p) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  distance_job j = {y, x, 0, 0, rows, cols, p};
  rap_parallel(rows, 1 + 8192 / ((int64_t)rows * cols + 1), dtype == RAP_FLOAT32 ? pdist_f32 : pdist_f64, &j);
  return RAP_OK;
}

int32_t rap_pdist_backward(int32_t dtype, void *dx, const void *dy, const void *x, const void *y,
                           int32_t rows, int32_t cols, double p) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  distance_job j = {dx, x, y, dy, rows, cols, p};
  rap_parallel(rows, 1 + 8192 / ((int64_t)rows * cols + 1),
               dtype == RAP_FLOAT32 ? pdist_backward_f32 : pdist_backward_f64, &j);
  return RAP_OK;
}

#else
#include "real.h"

static void N(pdist)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const distance_job *j = context;
  const double p = j->p;
  for (int64_t i = begin; i < end; i++) {
    const S *a = (const S *)j->x + i * j->cols;
    S *y = (S *)j->out + first_pair(i, j->rows);
    for (int64_t k = i + 1; k < j->rows; k++) {
      const S *b = (const S *)j->x + k * j->cols;
      double sum = 0;
      for (int64_t c = 0; c < j->cols; c++) {
        const double d = fabs((double)a[c] - (double)b[c]);
        if (p == INFINITY)
          sum = d > sum || d != d ? d : sum;
        else
          sum += p == 2 ? d * d : p == 1 ? d : p == 0 ? d != 0 : pow(d, p);
      }
      *y++ = (S)(p == 2 ? sqrt(sum) : p == 0 || p == 1 || p == INFINITY ? sum : pow(sum, 1 / p));
    }
  }
}

// What a pair at distance y with difference d adds to the gradient of its first row.
static double N(pdist_slope)(double d, double y, double p) {
  const double sign = d > 0 ? 1 : d < 0 ? -1 : 0;
  if (p == 1) return sign;
  if (p == 0 || y == 0 || (d == 0 && p < 1)) return 0;
  if (p == 2) return d / y;
  if (p == INFINITY) return fabs(d) == y ? sign : 0;
  return sign * pow(fabs(d) / y, p - 1);
}

static void N(pdist_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const distance_job *j = context;
  for (int64_t i = begin; i < end; i++)
    for (int64_t c = 0; c < j->cols; c++) {
      const S *x = (const S *)j->x + c;
      const double own = (double)x[i * j->cols];
      double sum = 0;
      for (int64_t k = 0; k < j->rows; k++) {
        if (k == i) continue;
        const int64_t pair = k < i ? first_pair(k, j->rows) + i - k - 1 : first_pair(i, j->rows) + k - i - 1;
        // The forward has rounded the distance: the largest difference must be compared as rounded too.
        const double d = (double)(S)(own - (double)x[k * j->cols]);
        sum += (double)((const S *)j->dy)[pair] * N(pdist_slope)(d, (double)((const S *)j->y)[pair], j->p);
      }
      ((S *)j->out)[i * j->cols + c] = (S)sum;
    }
}
#endif
