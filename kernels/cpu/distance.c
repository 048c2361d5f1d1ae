// Distances between the rows of one matrix.
#ifndef REAL_BITS
#include "../distance.h"
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"

typedef struct {
  void *out;
  const void *x, *y, *dy;
  int64_t rows, cols;
  double p;
} distance_job;

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
    S *y = (S *)j->out + rap_first_pair(i, j->rows);
    for (int64_t k = i + 1; k < j->rows; k++) {
      const S *b = (const S *)j->x + k * j->cols;
      double sum = 0;
      for (int64_t c = 0; c < j->cols; c++) sum = rap_distance_add(sum, (double)a[c] - (double)b[c], p);
      *y++ = (S)rap_distance_root(sum, p);
    }
  }
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
        const int64_t pair = rap_pair(i, k, j->rows);
        // The forward has rounded the distance: the largest difference must be compared as rounded too.
        const double d = (double)(S)(own - (double)x[k * j->cols]);
        sum +=
            (double)((const S *)j->dy)[pair] * rap_distance_slope(d, (double)((const S *)j->y)[pair], j->p);
      }
      ((S *)j->out)[i * j->cols + c] = (S)sum;
    }
}
#endif
