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
  int32_t take_log;
} job;

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
  job j = {y, x, 0, dim, inner, 0, take_log};
  return run(&j, dtype, outer, softmax_f32, softmax_f64);
}

int32_t rap_softmax_backward(int32_t dtype, void *dx, const void *dy, const void *y, int32_t outer,
                             int32_t dim, int32_t inner, int32_t take_log) {
  job j = {dx, dy, y, dim, inner, 0, take_log};
  return run(&j, dtype, outer, softmax_backward_f32, softmax_backward_f64);
}

#else
#include "softmax_rows.h"

// y = (x - a) - b, or x * a
static void N(row_subtract)(S *y, const S *x, int64_t n, S a, S b) {
  const V va = F(set)(a), vb = F(set)(b);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) F(store)(y + i, F(load)(x + i) - va - vb);
  if (i < n) F(store_tail)(y + i, F(load_tail)(x + i, (int)(n - i), 0) - va - vb, (int)(n - i));
}
static void N(row_scale)(S *y, const S *x, int64_t n, S a) {
  const V va = F(set)(a);
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) F(store)(y + i, F(load)(x + i) * va);
  if (i < n) F(store_tail)(y + i, F(load_tail)(x + i, (int)(n - i), 0) * va, (int)(n - i));
}

// A row of at most two vectors stays in registers.
static void N(short_softmax)(S *y, const S *x, int n, int take_log) {
  const int n0 = n < LANES ? n : LANES, n1 = n - n0;
  V a = F(load_tail)(x, n0, -(S)INFINITY),
    b = n1 ? F(load_tail)(x + LANES, n1, -(S)INFINITY) : F(set)(-(S)INFINITY);
  V m = F(set)(N(largest)(F(select)((MASK)(a > b), a, b)));
  V ea = F(exp)(a - m), eb = n1 ? F(exp)(b - m) : F(set)(0);
  S sum = N(total)(ea + eb);
  if (take_log) {
    V shift = F(log)(F(set)(sum));
    ea = a - m - shift, eb = b - m - shift;
  } else {
    V scale = F(set)(1 / sum);
    ea *= scale, eb *= scale;
  }
  F(store_tail)(y, ea, n0);
  if (n1) F(store_tail)(y + LANES, eb, n1);
}

// Item i is row i, or a group of LANES columns.
static void N(softmax)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const int64_t dim = j->dim, inner = j->inner;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    if (inner == 1) {
      const S *x = (const S *)j->a + i * dim;
      S *y = (S *)j->out + i * dim;
      if (dim <= 2 * LANES) {
        N(short_softmax)(y, x, (int)dim, j->take_log);
        continue;
      }
      int nan;
      S m = N(row_max)(x, dim, &nan);
      double sum = N(row_exp_sum)(j->take_log ? 0 : y, x, dim, m);
      if (j->take_log)
        N(row_subtract)(y, x, dim, m, (S)log(sum));
      else
        N(row_scale)(y, y, dim, (S)(1 / sum));
    } else {
      const int64_t c = i % j->groups * LANES, at = i / j->groups * dim * inner + c;
      const int count = inner - c < LANES ? (int)(inner - c) : LANES;
      const S *x = (const S *)j->a + at;
      S *y = (S *)j->out + at;
      V m, sum;
      N(column_exp_sum)(j->take_log ? 0 : y, x, dim, inner, count, &m, &sum);
      if (j->take_log) {
        V shift = F(log)(sum);
        for (int64_t d = 0; d < dim; d++)
          F(store_tail)(y + d * inner, F(load_tail)(x + d * inner, count, 0) - m - shift, count);
      } else {
        V scale = F(set)(1) / sum;
        for (int64_t d = 0; d < dim; d++)
          F(store_tail)(y + d * inner, F(load_tail)(y + d * inner, count, 0) * scale, count);
      }
    }
  }
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
