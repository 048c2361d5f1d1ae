// Softmax and its logarithm over the middle dimension of [outer, dim, inner], each row while it is in the
// cache.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

typedef struct {
  void *out;
  const void *a, *b; // x, or dy and y
  int64_t dim, inner, groups;
  int32_t take_log, stream;
} job;

// Rows up to this length are taken several at a time.
#define SHORT_ROW 64
// Outputs from STREAM_BYTES on are stored past the caches, if a row of exponentials stays in L1.
#define STREAMED_ROW 4096
#define STREAM_BYTES ((int64_t)8 << 20)

#define REAL_BITS 32
#include "softmax.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "softmax.c"
#undef REAL_BITS

// Elements worth handing to another thread.
#define GRAIN 8192

static int32_t run(job *j, int32_t dtype, int64_t outer, rap_range f32, rap_range f64) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int lanes = dtype == RAP_FLOAT32 ? F32_LANES : F64_LANES;
  j->groups = j->inner == 1 ? 1 : (j->inner + lanes - 1) / lanes;
  int64_t per_item = j->inner == 1 ? j->dim : j->dim * lanes;
  if (per_item)
    rap_parallel(outer * j->groups, (GRAIN + per_item - 1) / per_item, dtype == RAP_FLOAT32 ? f32 : f64, j);
  return RAP_OK;
}

int32_t rap_softmax(int32_t dtype, void *y, const void *x, int32_t outer, int32_t dim, int32_t inner,
                    int32_t take_log) {
  job j = {y, x, 0, dim, inner, 0, take_log, 0};
  // y may be x.
  j.stream =
      inner == 1 && dim >= 64 && dim <= STREAMED_ROW && y != x && (int64_t)outer * dim * 4 >= STREAM_BYTES;
  return run(&j, dtype, outer, softmax_f32, softmax_f64);
}

int32_t rap_softmax_backward(int32_t dtype, void *dx, const void *dy, const void *y, int32_t outer,
                             int32_t dim, int32_t inner, int32_t take_log) {
  job j = {dx, dy, y, dim, inner, 0, take_log, 0};
  return run(&j, dtype, outer, softmax_backward_f32, softmax_backward_f64);
}

#else
#include "softmax_rows.h"

INLINE void N(put)(S *y, V v, int stream) {
  if (stream)
    f32_stream((float *)y, (f32v)v);
  else
    F(store)(y, v);
}
// y = (x - a) - b, and y = x * a; past the caches with `stream`.
#define ROW_MAP(name, value)                                                                                 \
  static void N(name)(S * y, const S *x, int64_t n, S a, S b, int stream) {                                  \
    const V va = F(set)(a), vb = F(set)(b);                                                                  \
    int64_t i = 0;                                                                                           \
    (void)vb;                                                                                                \
    if (stream && (i = (-(intptr_t)y & (RAP_VBYTES - 1)) / (int64_t)sizeof(S))) {                            \
      V v = F(load)(x);                                                                                      \
      F(store_tail)(y, value, (int)i);                                                                       \
    }                                                                                                        \
    for (; i + LANES <= n; i += LANES) {                                                                     \
      V v = F(load)(x + i);                                                                                  \
      N(put)(y + i, value, stream);                                                                          \
    }                                                                                                        \
    if (i < n) {                                                                                             \
      V v = F(load_tail)(x + i, (int)(n - i), 0);                                                            \
      F(store_tail)(y + i, value, (int)(n - i));                                                             \
    }                                                                                                        \
  }
ROW_MAP(row_subtract, v - va - vb)
ROW_MAP(row_scale, v *va)
#undef ROW_MAP

// LANES columns, or the `count` that there are, of [dim, inner]; y may be x.
static void N(softmax_columns)(S *y, const S *x, int64_t dim, int64_t inner, int count, int take_log) {
  V m, sum;
  N(column_exp_sum)(take_log ? 0 : y, x, dim, inner, count, &m, &sum);
  if (take_log) {
    const V shift = F(log)(sum);
    for (int64_t d = 0; d < dim; d++)
      F(store_tail)(y + d * inner, F(load_tail)(x + d * inner, count, 0) - m - shift, count);
  } else {
    const V scale = F(set)(1) / sum;
    for (int64_t d = 0; d < dim; d++)
      F(store_tail)(y + d * inner, F(load_tail)(y + d * inner, count, 0) * scale, count);
  }
}

// LANES short rows: side by side as columns, since what goes across a vector costs more than the rest of a
// short row.
static void N(softmax_short)(S *y, const S *x, int64_t dim, int take_log) {
  S turned[SHORT_ROW * LANES];
  if (dim < 1) return;
  N(turn_rows)(turned, LANES, x, dim);
  N(softmax_columns)(turned, turned, dim, LANES, LANES, take_log);
  for (int r = 0; r < LANES; r++, y += dim)
    for (int64_t d = 0; d < dim; d++) y[d] = turned[d * LANES + r];
}

static void N(softmax_row)(S *y, const S *x, int64_t dim, int take_log, int stream) {
  S cached[STREAMED_ROW];
  S m = N(row_largest)(x, dim), *e = stream ? cached : y;
  double sum = N(row_exp_sum)(take_log ? 0 : e, x, dim, m);
  if (take_log)
    N(row_subtract)(y, x, dim, m, (S)log(sum), stream);
  else
    N(row_scale)(y, e, dim, (S)(1 / sum), 0, stream);
}

// Item i is row i, or a group of LANES columns.
static void N(softmax)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const int64_t dim = j->dim, inner = j->inner;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    if (inner > 1) {
      const int64_t c = i % j->groups * LANES, at = i / j->groups * dim * inner + c;
      const int count = inner - c < LANES ? (int)(inner - c) : LANES;
      N(softmax_columns)((S *)j->out + at, (const S *)j->a + at, dim, inner, count, j->take_log);
      continue;
    }
    const S *x = (const S *)j->a + i * dim;
    S *y = (S *)j->out + i * dim;
    if (dim <= SHORT_ROW && i + LANES <= end) {
      N(softmax_short)(y, x, dim, j->take_log);
      i += LANES - 1;
    } else
      N(softmax_row)(y, x, dim, j->take_log, j->stream);
  }
  if (j->stream) stream_end();
}

static void N(softmax_backward)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const int64_t dim = j->dim, inner = j->inner;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    // A row's elements are next to each other; so are those of a group of columns, for each d.
    const int64_t c = inner == 1 ? 0 : i % j->groups * LANES,
                  at = inner == 1 ? i * dim : i / j->groups * dim * inner + c;
    const S *dy = (const S *)j->a + at, *y = (const S *)j->b + at;
    S *dx = (S *)j->out + at;
    const int count = inner - c < LANES ? (int)(inner - c) : LANES;
    V s[4] = {{0}}, sum;
    if (inner == 1) {
      int64_t k = 0;
      double total = 0;
      if (j->take_log)
        total = N(row_sum)(dy, dim, F(set)(0));
      else {
        for (; k + 4 * LANES <= dim; k += 4 * LANES)
          for (int u = 0; u < 4; u++) s[u] += F(load)(dy + k + u * LANES) * F(load)(y + k + u * LANES);
        for (; k + LANES <= dim; k += LANES) s[0] += F(load)(dy + k) * F(load)(y + k);
        if (k < dim) s[1] += F(load_tail)(dy + k, (int)(dim - k), 0) * F(load_tail)(y + k, (int)(dim - k), 0);
        total = N(lanes)((s[0] + s[1]) + (s[2] + s[3]));
      }
      sum = F(set)((S)total);
    } else {
      for (int64_t d = 0; d < dim; d++) {
        V g = F(load_tail)(dy + d * inner, count, 0);
        s[0] += j->take_log ? g : g * F(load_tail)(y + d * inner, count, 0);
      }
      sum = s[0];
    }
    const int64_t step = inner == 1 ? LANES : inner, last = inner == 1 ? dim : dim * inner;
    int64_t k = 0;
    if (inner == 1 && j->take_log)
      for (; k + LANES <= dim; k += LANES) F(store)(dx + k, F(load)(dy + k) - F(exp)(F(load)(y + k)) * sum);
    else if (inner == 1)
      for (; k + LANES <= dim; k += LANES) F(store)(dx + k, (F(load)(dy + k) - sum) * F(load)(y + k));
    for (; k < last; k += step) {
      int n = inner > 1 ? count : last - k < LANES ? (int)(last - k) : LANES;
      V g = F(load_tail)(dy + k, n, 0), v = F(load_tail)(y + k, n, 0);
      F(store_tail)(dx + k, j->take_log ? g - F(exp)(v) * sum : (g - sum) * v, n);
    }
  }
}
#endif
