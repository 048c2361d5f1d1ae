// Batch, layer, group and RMS normalisation, forward and backward.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

// Elements worth handing to another thread.
#define GRAIN 8192
// Columns that are worked on together where statistics run down columns, and the most parts rap_parallel
// makes.
#define COLUMNS   128
#define MAX_PARTS 64

typedef struct {
  void *y, *mean, *scale, *running_mean, *running_var; // scale: 1 / standard deviation
  const void *x, *gamma, *beta;
  int64_t batch, channels, inner, groups, rows, cols;
  int training;
  double momentum, eps;
} forward_job;

typedef struct {
  void *dx, *dgamma, *dbeta;
  const void *dy, *x, *gamma, *mean, *scale;
  int64_t batch, channels, inner, groups, rows, cols;
  int training, rms;
  double *partial; // [part][2][cols]: sums for dgamma and dbeta
} backward_job;

#define REAL_BITS 32
#include "norm.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "norm.c"
#undef REAL_BITS

#define RUN(n, per_item, name, job)                                                                          \
  do {                                                                                                       \
    if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;                                                         \
    rap_parallel(n, 1 + GRAIN / ((per_item) + 1), dtype == RAP_FLOAT32 ? name##_f32 : name##_f64, job);      \
    return RAP_OK;                                                                                           \
  } while (0)

int32_t rap_batch_norm(int32_t dtype, void *y, void *mean, void *invstd, void *running_mean,
                       void *running_var, const void *x, const void *gamma, const void *beta, int32_t batch,
                       int32_t channels, int32_t inner, int32_t training, double momentum, double eps) {
  forward_job j = {y, mean, invstd, running_mean, running_var, x,  gamma, beta, batch, channels, inner,
                   0, 0,    0,      training,     momentum,    eps};
  if (inner == 1) RUN((channels + COLUMNS - 1) / COLUMNS, batch * COLUMNS, batch_norm_columns, &j);
  RUN(channels, (int64_t)batch * inner, batch_norm, &j);
}

int32_t rap_batch_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *invstd,
                                int32_t batch, int32_t channels, int32_t inner, int32_t training) {
  backward_job j = {dx,       dgamma, dbeta, dy, x, gamma,    mean, invstd, batch,
                    channels, inner,  0,     0,  0, training, 0,    0};
  if (inner == 1) RUN((channels + COLUMNS - 1) / COLUMNS, batch * COLUMNS, batch_norm_backward_columns, &j);
  RUN(channels, (int64_t)batch * inner, batch_norm_backward, &j);
}

int32_t rap_layer_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma,
                       const void *beta, int32_t rows, int32_t cols, double eps) {
  forward_job j = {
      .y = y, .mean = mean, .scale = rstd, .x = x, .gamma = gamma, .beta = beta, .cols = cols, .eps = eps};
  RUN(rows, cols, layer_norm, &j);
}

int32_t rap_rms_norm(int32_t dtype, void *y, void *rstd, const void *x, const void *gamma, int32_t rows,
                     int32_t cols, double eps) {
  forward_job j = {.y = y, .scale = rstd, .x = x, .gamma = gamma, .cols = cols, .eps = eps};
  RUN(rows, cols, rms_norm, &j);
}

static int32_t row_backward(int32_t dtype, backward_job *j) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t grain = 1 + GRAIN / (j->cols + 1), parts = rap_parts(j->rows, grain);
  if (j->dgamma || j->dbeta) {
    j->partial = rap_scratch(3, parts * 2 * j->cols * (int64_t)sizeof(double));
    memset(j->partial, 0, (size_t)(parts * 2 * j->cols) * sizeof(double));
  }
  rap_parallel(j->rows, grain, dtype == RAP_FLOAT32 ? row_norm_backward_f32 : row_norm_backward_f64, j);
  if (!j->partial) return RAP_OK;
  for (int64_t part = 1; part < parts; part++)
    for (int64_t c = 0; c < 2 * j->cols; c++) j->partial[c] += j->partial[part * 2 * j->cols + c];
  if (j->dgamma) rap_cast(dtype, RAP_FLOAT64, j->dgamma, j->partial, (int32_t)j->cols);
  if (j->dbeta) rap_cast(dtype, RAP_FLOAT64, j->dbeta, j->partial + j->cols, (int32_t)j->cols);
  return RAP_OK;
}

int32_t rap_layer_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *rstd,
                                int32_t rows, int32_t cols) {
  backward_job j = {dx, dgamma, dbeta, dy, x, gamma, mean, rstd, 0, 0, 0, 0, rows, cols, 0, 0, 0};
  return row_backward(dtype, &j);
}

int32_t rap_rms_norm_backward(int32_t dtype, void *dx, void *dgamma, const void *dy, const void *x,
                              const void *gamma, const void *rstd, int32_t rows, int32_t cols) {
  backward_job j = {dx, dgamma, 0, dy, x, gamma, 0, rstd, 0, 0, 0, 0, rows, cols, 0, 1, 0};
  return row_backward(dtype, &j);
}

int32_t rap_group_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma,
                       const void *beta, int32_t batch, int32_t channels, int32_t inner, int32_t groups,
                       double eps) {
  forward_job j = {y, mean, rstd, 0, 0, x, gamma, beta, batch, channels, inner, groups, 0, 0, 0, 0, eps};
  RUN((int64_t)batch * groups, (int64_t)channels / groups * inner, group_norm, &j);
}

int32_t rap_group_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *rstd,
                                int32_t batch, int32_t channels, int32_t inner, int32_t groups) {
  backward_job j = {dx,       dgamma, dbeta,  dy, x, gamma, mean, rstd, batch,
                    channels, inner,  groups, 0,  0, 0,     0,    0};
  RUN(groups, (int64_t)batch * channels / groups * inner, group_norm_backward, &j);
}

#else
#include "rows.h"

// count elements from p: all of a vector, but at the end of a row
#define LOAD(p, count)     ((count) == LANES ? F(load)(p) : F(load_tail)(p, count, 0))
#define STORE(p, v, count) ((count) == LANES ? F(store)(p, v) : F(store_tail)(p, v, count))

// y = x * a + b
static void N(affine)(S *y, const S *x, int64_t n, S a, S b) {
  const V va = F(set)(a), vb = F(set)(b);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) F(store)(y + i, F(load)(x + i) * va + vb);
  if (i < n) F(store_tail)(y + i, F(load_tail)(x + i, (int)(n - i), 0) * va + vb, (int)(n - i));
}

// sum dy and sum dy (x - mean) over a row
static void N(gradient_sums)(const S *dy, const S *x, int64_t n, S mean, double *sum, double *dot) {
  const V shift = F(set)(mean);
  for (int64_t i = 0; i < n;) {
    V s[2] = {{0}}, d[2] = {{0}};
    int64_t end = n - i < ROW_BLOCK ? n : i + ROW_BLOCK;
    for (; i + 2 * LANES <= end; i += 2 * LANES)
      for (int k = 0; k < 2; k++) {
        V g = F(load)(dy + i + k * LANES);
        s[k] += g, d[k] += g * (F(load)(x + i + k * LANES) - shift);
      }
    for (; i < end; i += LANES) {
      int count = end - i < LANES ? (int)(end - i) : LANES;
      V g = F(load_tail)(dy + i, count, 0);
      s[0] += g, d[0] += g * (F(load_tail)(x + i, count, 0) - shift);
    }
    i = end;
    *sum += N(lanes)(s[0] + s[1]), *dot += N(lanes)(d[0] + d[1]);
  }
}

// dx = a dy + b x + c
static void N(combine)(S *dx, const S *dy, const S *x, int64_t n, S a, S b, S c) {
  const V va = F(set)(a), vb = F(set)(b), vc = F(set)(c);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) F(store)(dx + i, F(load)(dy + i) * va + (F(load)(x + i) * vb + vc));
  if (i < n) {
    int rest = (int)(n - i);
    F(store_tail)
    (dx + i, F(load_tail)(dy + i, rest, 0) * va + (F(load_tail)(x + i, rest, 0) * vb + vc), rest);
  }
}

#define AT(pointer, i, otherwise) ((pointer) ? (double)((const S *)(pointer))[i] : (otherwise))

// The statistics that normalise channel c: of the batch (mean, m2 over n elements), or the running ones.
static void N(statistics)(const forward_job *j, int64_t c, double mean, double m2, double *a, double *b) {
  const double n = (double)(j->batch * j->inner);
  double variance = m2 / n;
  S *running_mean = j->running_mean, *running_var = j->running_var;
  if (!j->training) {
    mean = (double)running_mean[c], variance = (double)running_var[c];
  } else {
    if (running_mean) running_mean[c] = (S)((1 - j->momentum) * (double)running_mean[c] + j->momentum * mean);
    if (running_var)
      running_var[c] =
          (S)((1 - j->momentum) * (double)running_var[c] + j->momentum * (n > 1 ? m2 / (n - 1) : NAN));
  }
  const double scale = 1 / sqrt(variance + j->eps);
  ((S *)j->mean)[c] = (S)mean, ((S *)j->scale)[c] = (S)scale;
  *a = scale * AT(j->gamma, c, 1);
  *b = AT(j->beta, c, 0) - mean * *a;
}

static void N(batch_norm)(void *context, int64_t begin, int64_t end, int32_t part) {
  const forward_job *j = context;
  const int64_t stride = j->channels * j->inner;
  (void)part;
  for (int64_t c = begin; c < end; c++) {
    const S *x = (const S *)j->x + c * j->inner;
    S *y = (S *)j->y + c * j->inner;
    double mean = 0, m2 = 0, a, b;
    for (int64_t k = 0; k < j->batch && j->training; k++) {
      double row_mean, row_m2, n = (double)(k + 1);
      N(row_moments)(x + k * stride, j->inner, &row_mean, &row_m2);
      double delta = row_mean - mean;
      mean += delta / n;
      m2 += row_m2 + delta * delta * (double)j->inner * (double)k / n;
    }
    N(statistics)(j, c, mean, m2, &a, &b);
    for (int64_t k = 0; k < j->batch; k++) N(affine)(y + k * stride, x + k * stride, j->inner, (S)a, (S)b);
  }
}

static void N(batch_norm_columns)(void *context, int64_t begin, int64_t end, int32_t part) {
  const forward_job *j = context;
  const int64_t inner = j->channels;
  (void)part;
  for (int64_t c = begin * COLUMNS; c < end * COLUMNS && c < inner; c += COLUMNS) {
    const int64_t columns = inner - c < COLUMNS ? inner - c : COLUMNS;
    const S *x = (const S *)j->x + c;
    S *y = (S *)j->y + c;
    double mean[COLUMNS] = {0}, m2[COLUMNS] = {0}, a, b;
    S scale[COLUMNS], shift[COLUMNS];
    if (j->training) {
      for (int64_t r = 0; r < j->batch; r++)
        for (int64_t k = 0; k < columns; k++) mean[k] += (double)x[r * inner + k];
      for (int64_t k = 0; k < columns; k++) mean[k] /= (double)j->batch;
      for (int64_t r = 0; r < j->batch; r++)
        for (int64_t k = 0; k < columns; k++) {
          double d = (double)x[r * inner + k] - mean[k];
          m2[k] += d * d;
        }
    }
    for (int64_t k = 0; k < columns; k++) {
      N(statistics)(j, c + k, mean[k], m2[k], &a, &b);
      scale[k] = (S)a, shift[k] = (S)b;
    }
    for (int64_t r = 0; r < j->batch; r++)
      for (int64_t k = 0; k < columns; k++) y[r * inner + k] = x[r * inner + k] * scale[k] + shift[k];
  }
}

// dx = gamma scale (dy - mean(dy) - (x - mean) scale^2 mean(dy (x - mean))) in training, gamma scale dy in
// evaluation.
static void N(coefficients)(const backward_job *j, int64_t c, double sum, double dot, double *a, double *b,
                            double *shift) {
  const double n = (double)(j->batch * j->inner), mean = AT(j->mean, c, 0), scale = AT(j->scale, c, 1);
  *a = AT(j->gamma, c, 1) * scale;
  *b = j->training ? -*a * dot * scale * scale / n : 0;
  *shift = j->training ? -*a * sum / n - *b * mean : 0;
  if (j->dgamma) ((S *)j->dgamma)[c] = (S)(dot * scale);
  if (j->dbeta) ((S *)j->dbeta)[c] = (S)sum;
}

static void N(batch_norm_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  const backward_job *j = context;
  const int64_t stride = j->channels * j->inner;
  (void)part;
  for (int64_t c = begin; c < end; c++) {
    const S *x = (const S *)j->x + c * j->inner, *dy = (const S *)j->dy + c * j->inner;
    S *dx = (S *)j->dx + c * j->inner;
    double sum = 0, dot = 0, a, b, shift;
    for (int64_t k = 0; k < j->batch; k++)
      N(gradient_sums)(dy + k * stride, x + k * stride, j->inner, (S)AT(j->mean, c, 0), &sum, &dot);
    N(coefficients)(j, c, sum, dot, &a, &b, &shift);
    for (int64_t k = 0; k < j->batch && j->dx; k++)
      N(combine)(dx + k * stride, dy + k * stride, x + k * stride, j->inner, (S)a, (S)b, (S)shift);
  }
}

static void N(batch_norm_backward_columns)(void *context, int64_t begin, int64_t end, int32_t part) {
  const backward_job *j = context;
  const int64_t inner = j->channels;
  (void)part;
  for (int64_t c = begin * COLUMNS; c < end * COLUMNS && c < inner; c += COLUMNS) {
    const int64_t columns = inner - c < COLUMNS ? inner - c : COLUMNS;
    const S *x = (const S *)j->x + c, *dy = (const S *)j->dy + c, *mean = (const S *)j->mean + c;
    double sum[COLUMNS] = {0}, dot[COLUMNS] = {0}, a, b, shift;
    S va[COLUMNS], vb[COLUMNS], vc[COLUMNS];
    for (int64_t r = 0; r < j->batch; r++)
      for (int64_t k = 0; k < columns; k++) {
        double g = (double)dy[r * inner + k];
        sum[k] += g, dot[k] += g * (double)(x[r * inner + k] - mean[k]);
      }
    for (int64_t k = 0; k < columns; k++) {
      N(coefficients)(j, c + k, sum[k], dot[k], &a, &b, &shift);
      va[k] = (S)a, vb[k] = (S)b, vc[k] = (S)shift;
    }
    for (int64_t r = 0; r < j->batch && j->dx; r++)
      for (int64_t k = 0; k < columns; k++)
        ((S *)j->dx)[r * inner + c + k] = dy[r * inner + k] * va[k] + (x[r * inner + k] * vb[k] + vc[k]);
  }
}

// y = (x - mean) scale gamma + beta over a row
static void N(row_affine)(S *y, const S *x, const S *gamma, const S *beta, int64_t n, S mean, S scale) {
  const V m = F(set)(mean), s = F(set)(scale);
  for (int64_t i = 0; i < n; i += LANES) {
    if (n - i >= LANES) {
      V v = (F(load)(x + i) - m) * s;
      if (gamma) v *= F(load)(gamma + i);
      if (beta) v += F(load)(beta + i);
      F(store)(y + i, v);
    } else {
      int rest = (int)(n - i);
      V v = (F(load_tail)(x + i, rest, 0) - m) * s;
      if (gamma) v *= F(load_tail)(gamma + i, rest, 0);
      if (beta) v += F(load_tail)(beta + i, rest, 0);
      F(store_tail)(y + i, v, rest);
    }
  }
}

static void N(layer_norm)(void *context, int64_t begin, int64_t end, int32_t part) {
  const forward_job *j = context;
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    const S *x = (const S *)j->x + r * j->cols;
    double mean, m2;
    N(row_moments)(x, j->cols, &mean, &m2);
    double scale = 1 / sqrt(m2 / (double)j->cols + j->eps);
    ((S *)j->mean)[r] = (S)mean, ((S *)j->scale)[r] = (S)scale;
    N(row_affine)((S *)j->y + r * j->cols, x, j->gamma, j->beta, j->cols, (S)mean, (S)scale);
  }
}

static void N(rms_norm)(void *context, int64_t begin, int64_t end, int32_t part) {
  const forward_job *j = context;
  (void)part;
  for (int64_t r = begin; r < end; r++) {
    const S *x = (const S *)j->x + r * j->cols;
    double scale = 1 / sqrt(N(row_deviation)(x, j->cols, F(set)(0)) / (double)j->cols + j->eps);
    ((S *)j->scale)[r] = (S)scale;
    N(row_affine)((S *)j->y + r * j->cols, x, j->gamma, 0, j->cols, 0, (S)scale);
  }
}

// With g = dy gamma and h = (x - mean) scale: dx = scale (g - mean(g) - h mean(g h)); without mean(g) for
// RMS. dgamma and dbeta: float sums of FLUSH rows, added in double.
static void N(row_norm_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  enum { FLUSH = 32 };
  const backward_job *j = context;
  const int64_t n = j->cols;
  const S *gamma = j->gamma;
  double *dgamma = j->partial ? j->partial + part * 2 * n : 0, *dbeta = dgamma + n;
  S *sums = dgamma ? rap_scratch(2, 2 * n * (int64_t)sizeof(S)) : 0;
  if (sums) memset(sums, 0, (size_t)(2 * n) * sizeof(S));
  for (int64_t r = begin; r < end; r++) {
    const S *x = (const S *)j->x + r * n, *dy = (const S *)j->dy + r * n;
    S *dx = (S *)j->dx + r * n;
    const S mean = (S)AT(j->mean, r, 0), scale = ((const S *)j->scale)[r];
    const V m = F(set)(mean), s = F(set)(scale);
    double sum = 0, dot = 0;
    for (int64_t i = 0; i < n;) {
      V g_sum = F(set)(0), g_dot = F(set)(0);
      int64_t stop = n - i < ROW_BLOCK ? n : i + ROW_BLOCK;
      for (; i < stop; i += LANES) {
        int count = n - i < LANES ? (int)(n - i) : LANES;
        V g = LOAD(dy + i, count), h = (LOAD(x + i, count) - m) * s;
        if (sums) {
          STORE(sums + i, LOAD(sums + i, count) + g * h, count);
          STORE(sums + n + i, LOAD(sums + n + i, count) + g, count);
        }
        if (gamma) g *= LOAD(gamma + i, count);
        g_sum += g, g_dot += g * h;
      }
      sum += N(lanes)(g_sum), dot += N(lanes)(g_dot);
    }
    if (j->dx) {
      const V a = F(set)((S)(j->rms ? 0 : sum / (double)n)), b = F(set)((S)(dot / (double)n));
      for (int64_t i = 0; i < n; i += LANES) {
        int count = n - i < LANES ? (int)(n - i) : LANES;
        V g = LOAD(dy + i, count), h = (LOAD(x + i, count) - m) * s;
        if (gamma) g *= LOAD(gamma + i, count);
        STORE(dx + i, s * (g - a - h * b), count);
      }
    }
    if (sums && ((r - begin) % FLUSH == FLUSH - 1 || r == end - 1)) {
      for (int64_t i = 0; i < n; i++) dgamma[i] += (double)sums[i], dbeta[i] += (double)sums[n + i];
      memset(sums, 0, (size_t)(2 * n) * sizeof(S));
    }
  }
}

// Item i is group i % groups of image i / groups: neighbouring channels, so one row.
static void N(group_norm)(void *context, int64_t begin, int64_t end, int32_t part) {
  const forward_job *j = context;
  const int64_t channels = j->channels / j->groups, n = channels * j->inner;
  (void)part;
  for (int64_t i = begin; i < end; i++) {
    const S *x = (const S *)j->x + i * n;
    S *y = (S *)j->y + i * n;
    double mean, m2;
    N(row_moments)(x, n, &mean, &m2);
    double scale = 1 / sqrt(m2 / (double)n + j->eps);
    ((S *)j->mean)[i] = (S)mean, ((S *)j->scale)[i] = (S)scale;
    for (int64_t k = 0; k < channels; k++) {
      const int64_t c = i % j->groups * channels + k;
      double a = scale * AT(j->gamma, c, 1), b = AT(j->beta, c, 0) - mean * a;
      N(affine)(y + k * j->inner, x + k * j->inner, j->inner, (S)a, (S)b);
    }
  }
}

// Item: one group over all images, so that dgamma and dbeta have one owner.
static void N(group_norm_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  const backward_job *j = context;
  const int64_t channels = j->channels / j->groups, n = channels * j->inner;
  (void)part;
  for (int64_t g = begin; g < end; g++) {
    S *dgamma = (S *)j->dgamma + g * channels, *dbeta = (S *)j->dbeta + g * channels;
    for (int64_t k = 0; k < channels; k++) {
      if (j->dgamma) dgamma[k] = 0;
      if (j->dbeta) dbeta[k] = 0;
    }
    for (int64_t image = 0; image < j->batch; image++) {
      const int64_t i = image * j->groups + g;
      const S *x = (const S *)j->x + i * n, *dy = (const S *)j->dy + i * n;
      S *dx = (S *)j->dx + i * n;
      const double mean = AT(j->mean, i, 0), scale = AT(j->scale, i, 1);
      double sum = 0, dot = 0;
      for (int64_t k = 0; k < channels; k++) {
        double channel_sum = 0, channel_dot = 0, weight = AT(j->gamma, g * channels + k, 1);
        N(gradient_sums)(dy + k * j->inner, x + k * j->inner, j->inner, (S)mean, &channel_sum, &channel_dot);
        sum += weight * channel_sum, dot += weight * channel_dot;
        if (j->dgamma) dgamma[k] += (S)(channel_dot * scale);
        if (j->dbeta) dbeta[k] += (S)channel_sum;
      }
      const double b = -dot * scale * scale * scale / (double)n, shift = -sum * scale / (double)n - b * mean;
      for (int64_t k = 0; k < channels && j->dx; k++) N(combine)
      (dx + k * j->inner, dy + k * j->inner, x + k * j->inner, j->inner,
       (S)(AT(j->gamma, g * channels + k, 1) * scale), (S)b, (S)shift);
    }
  }
}
#undef AT
#undef LOAD
#undef STORE
#endif
