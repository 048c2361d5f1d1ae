// Losses: cross entropy from logits or log-probabilities, and the pointwise losses of pointwise.h, each with
// its reduction in one pass and its gradient in another.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

// The most parts rap_parallel makes.
#define MAX_PARTS 64
// Elements worth handing to another thread.
#define GRAIN 8192

typedef struct {
  void *out, *saved;
  const void *dloss, *x, *weight;
  const int64_t *target;
  int64_t rows, classes, inner; // rows = batch * inner
  int32_t ignore_index, reduction, log_probs;
  double smoothing;
  struct {
    double loss, smooth, weight;
    int32_t wrong;
  } part[MAX_PARTS];
} entropy_job;

typedef struct {
  void *out;
  const void *dloss, *x, *target, *weight;
  int64_t n;
  int32_t kind, reduction;
  double p;
  double part[MAX_PARTS];
} loss_job;

#define REAL_BITS 32
#define M(f)      f32_##f
#define K(c)      f32_set((float)(c))
#include "loss.c"
#undef REAL_BITS
#undef M
#undef K
#define REAL_BITS 64
#define M(f)      f64_##f
#define K(c)      f64_set((double)(c))
#include "loss.c"
#undef REAL_BITS
#undef M
#undef K

static int64_t row_grain(int64_t classes) { return 1 + GRAIN / (classes + 1); }

int32_t rap_cross_entropy(int32_t dtype, void *loss, void *saved, const void *x, const void *target,
                          const void *weight, int32_t batch, int32_t classes, int32_t inner,
                          int32_t ignore_index, int32_t reduction, int32_t log_probs, double smoothing) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  entropy_job j = {
      loss,  saved,        0,         x,         weight,    target,        (int64_t)batch * inner, classes,
      inner, ignore_index, reduction, log_probs, smoothing, {{0, 0, 0, 0}}};
  rap_parallel(j.rows, row_grain(classes), dtype == RAP_FLOAT32 ? entropy_f32 : entropy_f64, &j);
  double total = 0, smooth = 0, sum = 0;
  for (int i = 0; i < MAX_PARTS; i++) {
    if (j.part[i].wrong) return 2;
    total += j.part[i].weight, smooth += j.part[i].smooth, sum += j.part[i].loss;
  }
  sum = (1 - smoothing) * sum + smooth * smoothing / classes;
  if (reduction == RAP_REDUCTION_MEAN) sum /= total;
  if (reduction != RAP_REDUCTION_NONE) rap_cast(dtype, RAP_FLOAT64, loss, &sum, 1);
  if (dtype == RAP_FLOAT32)
    ((float *)saved)[j.rows] = (float)total;
  else
    ((double *)saved)[j.rows] = total;
  return RAP_OK;
}

int32_t rap_cross_entropy_backward(int32_t dtype, void *dx, const void *dloss, const void *saved,
                                   const void *x, const void *target, const void *weight, int32_t batch,
                                   int32_t classes, int32_t inner, int32_t ignore_index, int32_t reduction,
                                   int32_t log_probs, double smoothing) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  entropy_job j = {dx,
                   (void *)(uintptr_t)saved,
                   dloss,
                   x,
                   weight,
                   target,
                   (int64_t)batch * inner,
                   classes,
                   inner,
                   ignore_index,
                   reduction,
                   log_probs,
                   smoothing,
                   {{0, 0, 0, 0}}};
  rap_parallel(j.rows, row_grain(classes), dtype == RAP_FLOAT32 ? entropy_backward_f32 : entropy_backward_f64,
               &j);
  return RAP_OK;
}

int32_t rap_loss(int32_t kind, int32_t dtype, void *loss, const void *x, const void *target,
                 const void *weight, int32_t n, int32_t reduction, double p) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  loss_job j = {loss, 0, x, target, weight, n, kind, reduction, p, {0}};
  rap_parallel(n, GRAIN, dtype == RAP_FLOAT32 ? loss_f32 : loss_f64, &j);
  if (reduction == RAP_REDUCTION_NONE) return RAP_OK;
  double sum = 0;
  for (int i = 0; i < MAX_PARTS; i++) sum += j.part[i];
  if (reduction == RAP_REDUCTION_MEAN) sum /= n;
  if (dtype == RAP_FLOAT32)
    *(float *)loss = (float)sum;
  else
    *(double *)loss = sum;
  return RAP_OK;
}

int32_t rap_loss_backward(int32_t kind, int32_t dtype, void *dx, const void *dloss, const void *x,
                          const void *target, const void *weight, int32_t n, int32_t reduction, double p) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  loss_job j = {dx, dloss, x, target, weight, n, kind, reduction, p, {0}};
  rap_parallel(n, GRAIN, dtype == RAP_FLOAT32 ? loss_backward_f32 : loss_backward_f64, &j);
  return RAP_OK;
}

#else
#include "softmax_rows.h"

// Row r's first element, and the distance between its classes.
static const S *N(row_of)(const entropy_job *j, int64_t r) {
  return (const S *)j->x + r / j->inner * j->classes * j->inner + r % j->inner;
}

// Of a row of at most two vectors.
static S N(short_log_sum)(const S *x, int n) {
  const int n0 = n < LANES ? n : LANES, n1 = n - n0;
  V a = F(load_tail)(x, n0, -(S)INFINITY),
    b = n1 ? F(load_tail)(x + LANES, n1, -(S)INFINITY) : F(set)(-(S)INFINITY);
  S m = F(largest)(F(greater)(a, b));
  V e = F(exp_below)(a - F(set)(m));
  if (n1) e += F(exp_below)(b - F(set)(m));
  return m + F(log)(F(set)(F(sum)(e)))[0];
}

// Log-sum-exp of rows [begin, begin + count) of one image's positions, or of one row; into saved.
static void N(log_sums)(const entropy_job *j, int64_t r, int count) {
  S *saved = (S *)j->saved + r;
  if (j->log_probs) {
    for (int k = 0; k < count; k++) saved[k] = 0;
  } else if (j->inner == 1) {
    const S *x = N(row_of)(j, r);
    if (j->classes <= 2 * LANES) {
      saved[0] = N(short_log_sum)(x, (int)j->classes);
      return;
    }
    S m = N(row_largest)(x, j->classes);
    saved[0] = (S)((double)m + log(N(row_exp_sum)(0, x, j->classes, m)));
  } else {
    V m, sum;
    N(column_exp_sum)(0, N(row_of)(j, r), j->classes, j->inner, count, &m, &sum);
    F(store_tail)(saved, m + F(log)(sum), count);
  }
}

static void N(entropy)(void *context, int64_t begin, int64_t end, int32_t part) {
  entropy_job *j = context;
  const S *weight = j->weight, *saved = j->saved;
  double loss = 0, smooth = 0, total = 0;
  for (int64_t r = begin, count; r < end; r += count) {
    count = j->inner == 1 ? 1 : j->inner - r % j->inner < LANES ? j->inner - r % j->inner : LANES;
    if (count > end - r) count = end - r;
    N(log_sums)(j, r, (int)count);
    for (int64_t i = r; i < r + count; i++) {
      int64_t t = j->target[i];
      double nll = 0, even = 0;
      if (t != j->ignore_index) {
        if (t < 0 || t >= j->classes) {
          j->part[part].wrong = 1;
          return;
        }
        const S *x = N(row_of)(j, i);
        double w = weight ? (double)weight[t] : 1;
        nll = w * ((double)saved[i] - (double)x[t * j->inner]);
        total += w;
        if (j->smoothing > 0)
          for (int64_t c = 0; c < j->classes; c++)
            even += ((double)saved[i] - (double)x[c * j->inner]) * (weight ? (double)weight[c] : 1);
      }
      loss += nll, smooth += even;
      if (j->reduction == RAP_REDUCTION_NONE)
        ((S *)j->out)[i] = (S)((1 - j->smoothing) * nll + j->smoothing / (double)j->classes * even);
    }
  }
  j->part[part].loss = loss, j->part[part].smooth = smooth, j->part[part].weight = total;
}

// d/dx_c: softmax_c times all the weight that the row's terms carry, less the weight of class c's own terms.
// Rows come as in the forward: one, or as many neighbouring positions of an image as a vector holds.
static void N(entropy_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  const entropy_job *j = context;
  const S *weight = j->weight, *saved = j->saved, *dloss = j->dloss;
  const int64_t classes = j->classes, inner = j->inner;
  double weights = (double)classes;
  (void)part;
  if (weight) weights = N(row_sum)(weight, classes, F(set)(0));
  for (int64_t r = begin, count; r < end; r += count) {
    count = inner == 1 ? 1 : inner - r % inner < LANES ? inner - r % inner : LANES;
    if (count > end - r) count = end - r;
    const S *x = N(row_of)(j, r);
    S *dx = (S *)j->out + (x - (const S *)j->x), own[LANES] = {0}, even[LANES] = {0}, all[LANES] = {0};
    for (int64_t k = 0; k < count; k++) {
      const int64_t t = j->target[r + k];
      if (t == j->ignore_index) continue;
      double scale = (double)dloss[j->reduction == RAP_REDUCTION_NONE ? r + k : 0];
      if (j->reduction == RAP_REDUCTION_MEAN) scale /= (double)saved[j->rows];
      own[k] = (S)(scale * (1 - j->smoothing) * (weight ? (double)weight[t] : 1));
      even[k] = (S)(scale * j->smoothing / (double)classes);
      if (!j->log_probs) all[k] = (S)((double)own[k] + (double)even[k] * weights);
    }
    // An ignored row may hold infinities: its zeros are written, not computed.
    if (j->log_probs || (inner == 1 && j->target[r] == j->ignore_index)) {
      for (int64_t c = 0; c < classes; c++) memset(dx + c * inner, 0, (size_t)count * sizeof(S));
    } else if (inner == 1) {
      const V shift = F(set)(saved[r]), factor = F(set)(all[0]);
      int64_t c = 0;
      for (; c + LANES <= classes; c += LANES) F(store)(dx + c, factor * F(exp)(F(load)(x + c) - shift));
      if (c < classes) {
        int rest = (int)(classes - c);
        F(store_tail)(dx + c, factor * F(exp)(F(load_tail)(x + c, rest, 0) - shift), rest);
      }
    } else {
      const V shift = F(load_tail)(saved + r, (int)count, 0), factor = F(load)(all), zero = F(set)(0);
      for (int64_t c = 0; c < classes; c++) {
        V e = factor * F(exp)(F(load_tail)(x + c * inner, (int)count, 0) - shift);
        F(store_tail)(dx + c * inner, F(select)((MASK)(factor == zero), zero, e), (int)count);
      }
    }
    if (j->smoothing > 0)
      for (int64_t c = 0; c < classes; c++)
        for (int64_t k = 0; k < count; k++) dx[c * inner + k] -= even[k] * (weight ? weight[c] : 1);
    for (int64_t k = 0; k < count; k++)
      if (j->target[r + k] != j->ignore_index) dx[j->target[r + k] * inner + k] -= own[k];
  }
}

// out is null where only the sum is wanted.
#define LOSS(name, value, slope)                                                                             \
  static double N(value_##name)(S * out, const S *x0, const S *t0, const S *w0, int64_t n, S p0) {           \
    const V p = F(set)(p0);                                                                                  \
    double total = 0;                                                                                        \
    (void)p;                                                                                                 \
    for (int64_t i = 0; i < n;) {                                                                            \
      V sum = F(set)(0);                                                                                     \
      int64_t end = n - i < ROW_BLOCK ? n : i + ROW_BLOCK;                                                   \
      for (; i + LANES <= end; i += LANES) {                                                                 \
        V x = F(load)(x0 + i), t = F(load)(t0 + i), v = value;                                               \
        if (w0) v *= F(load)(w0 + i);                                                                        \
        if (out) F(store)(out + i, v);                                                                       \
        sum += v;                                                                                            \
      }                                                                                                      \
      total += N(lanes)(sum);                                                                                \
      if (i < end) {                                                                                         \
        int rest = (int)(end - i);                                                                           \
        V x = F(load_tail)(x0 + i, rest, 0), t = F(load_tail)(t0 + i, rest, 0), v = value;                   \
        if (w0) v *= F(load_tail)(w0 + i, rest, 0);                                                          \
        if (out) F(store_tail)(out + i, v, rest);                                                            \
        for (int k = 0; k < rest; k++) total += (double)v[k];                                                \
        i = end;                                                                                             \
      }                                                                                                      \
    }                                                                                                        \
    return total;                                                                                            \
  }                                                                                                          \
  /* dy: one number, or with each n */                                                                       \
  static void N(slope_##name)(S * dx, const S *dy, const S *x0, const S *t0, const S *w0, int64_t n, S p0,   \
                              S scale, int each) {                                                           \
    const V p = F(set)(p0), factor = F(set)(each ? scale : scale * dy[0]);                                   \
    (void)p;                                                                                                 \
    for (int64_t i = 0; i < n; i += LANES) {                                                                 \
      int count = n - i < LANES ? (int)(n - i) : LANES;                                                      \
      V x = count == LANES ? F(load)(x0 + i) : F(load_tail)(x0 + i, count, 0);                               \
      V t = count == LANES ? F(load)(t0 + i) : F(load_tail)(t0 + i, count, 0);                               \
      (void)x, (void)t;                                                                                      \
      V v = factor * (slope);                                                                                \
      if (each) v *= F(load_tail)(dy + i, count, 0);                                                         \
      if (w0) v *= F(load_tail)(w0 + i, count, 0);                                                           \
      if (count == LANES)                                                                                    \
        F(store)(dx + i, v);                                                                                 \
      else                                                                                                   \
        F(store_tail)(dx + i, v, count);                                                                     \
    }                                                                                                        \
  }
RAP_LOSS_FLOAT(LOSS)
#undef LOSS

static void N(loss)(void *context, int64_t begin, int64_t end, int32_t part) {
  static double (*const values[RAP_LOSS_COUNT])(S *, const S *, const S *, const S *, int64_t, S) = {
#define ENTRY(name, value, slope) N(value_##name),
      RAP_LOSS_FLOAT(ENTRY)
#undef ENTRY
  };
  loss_job *j = context;
  const S *w = j->weight ? (const S *)j->weight + begin : 0;
  S *out = j->reduction == RAP_REDUCTION_NONE ? (S *)j->out + begin : 0;
  j->part[part] =
      values[j->kind](out, (const S *)j->x + begin, (const S *)j->target + begin, w, end - begin, (S)j->p);
}

static void N(loss_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  static void (*const slopes[RAP_LOSS_COUNT])(S *, const S *, const S *, const S *, const S *, int64_t, S, S,
                                              int) = {
#define ENTRY(name, value, slope) N(slope_##name),
      RAP_LOSS_FLOAT(ENTRY)
#undef ENTRY
  };
  const loss_job *j = context;
  const int each = j->reduction == RAP_REDUCTION_NONE;
  const S scale = j->reduction == RAP_REDUCTION_MEAN ? (S)(1 / (double)j->n) : 1;
  const S *w = j->weight ? (const S *)j->weight + begin : 0;
  (void)part;
  slopes[j->kind]((S *)j->out + begin, (const S *)j->dloss + (each ? begin : 0), (const S *)j->x + begin,
                  (const S *)j->target + begin, w, end - begin, (S)j->p, scale, each);
}
#endif
