// Images sampled at the points of a grid, and lines resampled with tables of taps.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include <string.h>

#define TAPS_REAL    float
#define TAPS_NAME(f) f##_f32
#include "../grid_sample.h"
#define TAPS_REAL    double
#define TAPS_NAME(f) f##_f64
#include "../grid_sample.h"

// Elements worth handing to another thread.
#define GRAIN 4096

typedef struct {
  rap_grid g;
  int64_t channels, points, plane; // points of a batch's grid, elements of a channel
  void *y, *dx, *dgrid;
  const void *x, *grid, *dy;
} sample_job;

typedef struct {
  void *y;
  const void *x;
  const int32_t *positions;
  const double *weights;
  int64_t in, inner, out, taps;
} resample_job;

#define REAL_BITS 32
#include "sample.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "sample.c"
#undef REAL_BITS

// meta: batch, channels, dims, the image's D, H, W and the grid's (D is 1 where dims is 2).
static sample_job sample_of(int32_t mode, int32_t padding, int32_t align, const int32_t *meta) {
  sample_job j = {.g = {meta[2], {meta[5], meta[4], meta[3]}, mode, padding, align}};
  j.channels = meta[1];
  j.plane = (int64_t)meta[3] * meta[4] * meta[5];
  j.points = (int64_t)meta[6] * meta[7] * meta[8];
  return j;
}

int32_t rap_grid_sample(int32_t dtype, void *y, const void *x, const void *grid, int32_t mode,
                        int32_t padding, int32_t align, const int32_t *meta) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  sample_job j = sample_of(mode, padding, align, meta);
  j.y = y, j.x = x, j.grid = grid;
  rap_parallel(meta[0] * j.points, 1 + GRAIN / (j.channels * 4 + 1),
               dtype == RAP_FLOAT32 ? sample_f32 : sample_f64, &j);
  return RAP_OK;
}

int32_t rap_grid_sample_backward(int32_t dtype, void *dx, void *dgrid, const void *dy, const void *x,
                                 const void *grid, int32_t mode, int32_t padding, int32_t align,
                                 const int32_t *meta) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  sample_job j = sample_of(mode, padding, align, meta);
  j.dx = dx, j.dgrid = dgrid, j.dy = dy, j.x = x, j.grid = grid;
  rap_parallel(meta[0], 1, dtype == RAP_FLOAT32 ? sample_backward_f32 : sample_backward_f64, &j);
  return RAP_OK;
}

int32_t rap_resample(int32_t dtype, void *y, const void *x, const void *positions, const void *weights,
                     int32_t outer, int32_t in, int32_t inner, int32_t out, int32_t taps) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  resample_job j = {y, x, positions, weights, in, inner, out, taps};
  rap_parallel((int64_t)outer * out, 1 + GRAIN / ((int64_t)inner * taps + 1),
               dtype == RAP_FLOAT32 ? resample_f32 : resample_f64, &j);
  return RAP_OK;
}

int32_t rap_resample_backward(int32_t dtype, void *dx, const void *dy, const void *positions,
                              const void *weights, int32_t outer, int32_t in, int32_t inner, int32_t out,
                              int32_t taps) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  resample_job j = {dx, dy, positions, weights, in, inner, out, taps};
  rap_parallel(outer, 1 + GRAIN / ((int64_t)inner * out * taps + 1),
               dtype == RAP_FLOAT32 ? resample_backward_f32 : resample_backward_f64, &j);
  return RAP_OK;
}

#else
#include "real.h"

static void N(sample)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const sample_job *j = context;
  const S *grid = j->grid;
  int64_t at[RAP_MAX_TAPS];
  S w[RAP_MAX_TAPS], dw[3 * RAP_MAX_TAPS];
  for (int64_t i = begin; i < end; i++) {
    const int64_t n = i / j->points, point = i % j->points;
    const int32_t count = N(taps)(&j->g, grid + i * j->g.dims, at, w, dw);
    const S *x = (const S *)j->x + n * j->channels * j->plane;
    S *y = (S *)j->y + n * j->channels * j->points + point;
    for (int64_t c = 0; c < j->channels; c++, x += j->plane, y += j->points) {
      S sum = 0;
      for (int32_t k = 0; k < count; k++)
        if (at[k] >= 0) sum += w[k] * x[at[k]];
      *y = sum;
    }
  }
}

// An image at a time, so that nobody else adds to its gradient.
static void N(sample_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const sample_job *j = context;
  const int32_t dims = j->g.dims;
  int64_t at[RAP_MAX_TAPS];
  S w[RAP_MAX_TAPS], dw[3 * RAP_MAX_TAPS];
  for (int64_t n = begin; n < end; n++) {
    const S *x = (const S *)j->x + n * j->channels * j->plane;
    const S *dy = (const S *)j->dy + n * j->channels * j->points;
    S *dx = j->dx ? (S *)j->dx + n * j->channels * j->plane : 0;
    if (dx) memset(dx, 0, (size_t)(j->channels * j->plane) * sizeof(S));
    for (int64_t point = 0; point < j->points; point++) {
      const int64_t i = n * j->points + point;
      const int32_t count = N(taps)(&j->g, (const S *)j->grid + i * dims, at, w, dw);
      S slope[3] = {0, 0, 0};
      for (int64_t c = 0; c < j->channels; c++) {
        const S g = dy[c * j->points + point];
        for (int32_t k = 0; k < count; k++) {
          if (at[k] < 0) continue;
          if (dx) dx[c * j->plane + at[k]] += w[k] * g;
          for (int32_t d = 0; d < dims; d++) slope[d] += dw[3 * k + d] * x[c * j->plane + at[k]] * g;
        }
      }
      if (j->dgrid)
        for (int32_t d = 0; d < dims; d++) ((S *)j->dgrid)[i * dims + d] = slope[d];
    }
  }
}

static void N(resample)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const resample_job *j = context;
  for (int64_t i = begin; i < end; i++) {
    const int64_t row = i % j->out * j->taps;
    const S *x = (const S *)j->x + i / j->out * j->in * j->inner;
    S *y = (S *)j->y + i * j->inner;
    memset(y, 0, (size_t)j->inner * sizeof(S));
    for (int64_t k = 0; k < j->taps; k++) {
      if (j->positions[row + k] < 0) break;
      const S w = (S)j->weights[row + k], *from = x + j->positions[row + k] * j->inner;
      for (int64_t q = 0; q < j->inner; q++) y[q] += w * from[q];
    }
  }
}

static void N(resample_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const resample_job *j = context;
  for (int64_t o = begin; o < end; o++) {
    S *dx = (S *)j->y + o * j->in * j->inner;
    memset(dx, 0, (size_t)(j->in * j->inner) * sizeof(S));
    for (int64_t i = 0; i < j->out; i++) {
      const S *dy = (const S *)j->x + (o * j->out + i) * j->inner;
      for (int64_t k = 0; k < j->taps; k++) {
        const int32_t place = j->positions[i * j->taps + k];
        if (place < 0) break;
        const S w = (S)j->weights[i * j->taps + k];
        S *to = dx + place * j->inner;
        for (int64_t q = 0; q < j->inner; q++) to[q] += w * dy[q];
      }
    }
  }
}
#endif
