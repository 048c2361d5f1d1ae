// Reductions over the middle dimension of [outer, reduce, inner]. A part of an output column's work leaves a
// `state`; states of several parts merge, so that a long reduction can be shared between threads.
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

typedef struct {
  union {
    double f;
    int64_t i;
  };
  int64_t index;
} state;

// Columns that one call works on: their states stay in the L1 cache.
#define COLUMNS 512
// Rows of floats up to SHORT_ROW long are reduced GROUP at a time.
#define SHORT_ROW 48
#define GROUP     64
// Up to an eighth of so many columns are widened to so many.
#define NARROW 64
// Sums of columns of at most FEW_ROWS numbers need neither doubles nor states, where rows are so NEAR each
// other that a walk down a column stays in few pages; FEW_COLUMNS make a thread's portion.
#define FEW_ROWS    1024
#define NEAR        2048
#define FEW_COLUMNS 1024

typedef struct {
  int32_t op;
  double p;
} how;

// Takes rows [begin, end) of columns [0, columns) into s; x is at row 0 of the first column.
typedef void (*part)(state *s, const void *x, int64_t begin, int64_t end, int64_t inner, int64_t columns,
                     how h);

#define REAL_BITS 32
#include "rows.h"
#include "reduce_real.h"
#undef REAL_BITS
#define REAL_BITS 64
#include "rows.h"
#include "reduce_real.h"
#undef REAL_BITS

#define INT_PARTS(T, name)                                                                                   \
  static void part_##name(state *s, const void *x0, int64_t begin, int64_t end, int64_t inner,               \
                          int64_t columns, how h) {                                                          \
    const T *x = (const T *)x0 + begin * inner;                                                              \
    const int64_t rows = end - begin;                                                                        \
    switch (h.op) {                                                                                          \
    case RAP_REDUCE_SUM:                                                                                     \
    case RAP_REDUCE_NANSUM:                                                                                  \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        uint64_t sum = 0;                                                                                    \
        for (int64_t r = 0; r < rows; r++) sum += (uint64_t)x[r * inner + c];                                \
        s[c].i = (int64_t)sum;                                                                               \
      }                                                                                                      \
      break;                                                                                                 \
    case RAP_REDUCE_PROD:                                                                                    \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        uint64_t product = 1;                                                                                \
        for (int64_t r = 0; r < rows; r++) product *= (uint64_t)x[r * inner + c];                            \
        s[c].i = (int64_t)product;                                                                           \
      }                                                                                                      \
      break;                                                                                                 \
    case RAP_REDUCE_MAX:                                                                                     \
    case RAP_REDUCE_ARGMAX:                                                                                  \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        T best = x[c];                                                                                       \
        int64_t at = 0;                                                                                      \
        for (int64_t r = 1; r < rows; r++)                                                                   \
          if (x[r * inner + c] > best) best = x[r * inner + c], at = r;                                      \
        s[c].i = best, s[c].index = at + begin;                                                              \
      }                                                                                                      \
      break;                                                                                                 \
    case RAP_REDUCE_MIN:                                                                                     \
    case RAP_REDUCE_ARGMIN:                                                                                  \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        T best = x[c];                                                                                       \
        int64_t at = 0;                                                                                      \
        for (int64_t r = 1; r < rows; r++)                                                                   \
          if (x[r * inner + c] < best) best = x[r * inner + c], at = r;                                      \
        s[c].i = best, s[c].index = at + begin;                                                              \
      }                                                                                                      \
      break;                                                                                                 \
    default: /* ANY, ALL, COUNT_NONZERO: how many are not 0 */                                               \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        int64_t count = 0;                                                                                   \
        for (int64_t r = 0; r < rows; r++) count += x[r * inner + c] != 0;                                   \
        s[c].i = count;                                                                                      \
      }                                                                                                      \
    }                                                                                                        \
  }
INT_PARTS(int64_t, int64)
INT_PARTS(int32_t, int32)
INT_PARTS(uint8_t, uint8)

static const part parts[6] = {part_f32, part_f64, part_int64, part_int32, part_uint8, part_uint8};

// What of an int64 sum, an integer maximum or a count, or a double, the state holds.
static int holds_int(int32_t dtype, int32_t op) { return dtype >= RAP_INT64 || op >= RAP_REDUCE_ANY; }

// b follows a in the row.
static state merge(state a, state b, int32_t dtype, how h) {
  const int ints = holds_int(dtype, h.op);
  switch (h.op) {
  case RAP_REDUCE_PROD:
    if (ints)
      a.i = (int64_t)((uint64_t)a.i * (uint64_t)b.i);
    else
      a.f *= b.f;
    return a;
  case RAP_REDUCE_MAX:
  case RAP_REDUCE_ARGMAX: return ints ? (b.i > a.i ? b : a) : a.f == a.f && !(b.f <= a.f) ? b : a;
  case RAP_REDUCE_MIN:
  case RAP_REDUCE_ARGMIN: return ints ? (b.i < a.i ? b : a) : a.f == a.f && !(b.f >= a.f) ? b : a;
  case RAP_REDUCE_NORM:
    if (isinf(h.p)) {
      if (a.f != a.f || b.f != b.f)
        a.f = NAN;
      else if (h.p > 0 ? b.f > a.f : b.f < a.f)
        a.f = b.f;
      return a;
    }
    a.f += b.f;
    return a;
  case RAP_REDUCE_LOGSUMEXP: return logsumexp_merge(a, b);
  default:
    if (ints)
      a.i = (int64_t)((uint64_t)a.i + (uint64_t)b.i);
    else
      a.f += b.f;
    return a;
  }
}

static void finish(const state *s, int32_t dtype, how h, int64_t rows, void *y, void *indices, int64_t at,
                   int64_t columns) {
  for (int64_t c = 0; c < columns; c++, at++) {
    double f = s[c].f;
    switch (h.op) {
    case RAP_REDUCE_SUM:
    case RAP_REDUCE_PROD:
    case RAP_REDUCE_NANSUM:
      if (dtype >= RAP_INT64) {
        ((int64_t *)y)[at] = s[c].i;
        continue;
      }
      break;
    case RAP_REDUCE_MEAN: f /= (double)rows; break;
    case RAP_REDUCE_NORM:
      if (h.p == 2)
        f = sqrt(f);
      else if (h.p != 0 && h.p != 1 && !isinf(h.p))
        f = pow(f, 1 / h.p);
      break;
    case RAP_REDUCE_LOGSUMEXP: f = logsumexp_value(s[c]); break;
    case RAP_REDUCE_MAX:
    case RAP_REDUCE_MIN:
      if (indices) ((int64_t *)indices)[at] = s[c].index;
      if (dtype == RAP_INT64) ((int64_t *)y)[at] = s[c].i;
      if (dtype == RAP_INT32) ((int32_t *)y)[at] = (int32_t)s[c].i;
      if (dtype >= RAP_UINT8) ((uint8_t *)y)[at] = (uint8_t)s[c].i;
      if (dtype >= RAP_INT64) continue;
      break;
    case RAP_REDUCE_ARGMAX:
    case RAP_REDUCE_ARGMIN: ((int64_t *)y)[at] = s[c].index; continue;
    case RAP_REDUCE_ANY: ((uint8_t *)y)[at] = s[c].i != 0; continue;
    case RAP_REDUCE_ALL: ((uint8_t *)y)[at] = s[c].i == rows; continue;
    default: ((int64_t *)y)[at] = s[c].i; continue;
    }
    if (dtype == RAP_FLOAT32)
      ((float *)y)[at] = (float)f;
    else
      ((double *)y)[at] = f;
  }
}

typedef struct {
  part run;
  how h;
  int32_t dtype, size, splits;
  void *y, *indices;
  const char *x;
  int64_t reduce, inner, columns, chunks;
  state *states; // [chunk][split][COLUMNS] where a column is split
} job;

// Chunk i is columns [c, c + columns) of outer index o.
static void reduce_chunks(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  state s[COLUMNS];
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    int64_t o = i / j->chunks, c = i % j->chunks * j->columns;
    int64_t columns = j->inner - c < j->columns ? j->inner - c : j->columns;
    j->run(s, j->x + (o * j->reduce * j->inner + c) * j->size, 0, j->reduce, j->inner, columns, j->h);
    finish(s, j->dtype, j->h, j->reduce, j->y, j->indices, o * j->inner + c, columns);
  }
}

// Sums and means of rows, or of columns of at most FEW_ROWS: item i is row i, or chunk i of columns.
static void reduce_sums(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const double factor = j->h.op == RAP_REDUCE_MEAN ? 1 / (double)j->reduce : 1;
  (void)thread;
  if (j->inner == 1) {
    if (j->dtype == RAP_FLOAT32)
      sum_rows_f32((float *)j->y + begin, (const float *)j->x + begin * j->reduce, j->reduce, end - begin,
                   factor);
    else
      sum_rows_f64((double *)j->y + begin, (const double *)j->x + begin * j->reduce, j->reduce, end - begin,
                   factor);
    return;
  }
  for (int64_t i = begin; i < end; i++) {
    const int64_t o = i / j->chunks, c = i % j->chunks * j->columns;
    const int64_t columns = j->inner - c < j->columns ? j->inner - c : j->columns;
    const int64_t to = o * j->inner + c, from = o * j->reduce * j->inner + c;
    if (j->dtype == RAP_FLOAT32)
      sum_columns_f32((float *)j->y + to, (const float *)j->x + from, j->reduce, j->inner, columns, factor);
    else
      sum_columns_f64((double *)j->y + to, (const double *)j->x + from, j->reduce, j->inner, columns, factor);
  }
}

// A few columns: neighbouring rows side by side are as many more columns of fewer rows, which then merge.
static void reduce_narrow(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const int64_t inner = j->inner, wide = NARROW / inner, rows = j->reduce / wide;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    state s[2 * NARROW], *rest = s + wide * inner;
    const char *x = j->x + i * j->reduce * inner * j->size;
    j->run(s, x, 0, rows, wide * inner, wide * inner, j->h);
    const int left = rows * wide < j->reduce;
    if (left) j->run(rest, x, rows * wide, j->reduce, inner, inner, j->h);
    for (int64_t k = inner; k < (wide + left) * inner; k++)
      s[k % inner] = merge(s[k % inner], s[k], j->dtype, j->h);
    finish(s, j->dtype, j->h, j->reduce, j->y, j->indices, i * inner, inner);
  }
}

// Short rows, turned: GROUP of them are the columns of a matrix.
static void reduce_short(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  (void)thread;
  for (int64_t i = begin; i < end; i += GROUP) {
    state s[GROUP];
    const int64_t rows = end - i < GROUP ? end - i : GROUP, n = j->reduce;
    const char *x = j->x + i * n * j->size;
    if (rows < GROUP) {
      for (int64_t r = 0; r < rows; r++) j->run(s + r, x + r * n * j->size, 0, n, 1, 1, j->h);
    } else if (j->dtype == RAP_FLOAT32) {
      float turned[SHORT_ROW * GROUP];
      for (int r = 0; r < GROUP; r += F32_LANES)
        turn_rows_f32(turned + r, GROUP, (const float *)x + r * n, n);
      j->run(s, turned, 0, n, GROUP, GROUP, j->h);
    } else {
      double turned[SHORT_ROW * GROUP];
      for (int r = 0; r < GROUP; r += F64_LANES)
        turn_rows_f64(turned + r, GROUP, (const double *)x + r * n, n);
      j->run(s, turned, 0, n, GROUP, GROUP, j->h);
    }
    finish(s, j->dtype, j->h, n, j->y, j->indices, i, rows);
  }
}

static void reduce_splits(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    int64_t chunk = i / j->splits, split = i % j->splits, o = chunk / j->chunks,
            c = chunk % j->chunks * j->columns;
    int64_t columns = j->inner - c < j->columns ? j->inner - c : j->columns;
    j->run(j->states + i * j->columns, j->x + (o * j->reduce * j->inner + c) * j->size,
           j->reduce * split / j->splits, j->reduce * (split + 1) / j->splits, j->inner, columns, j->h);
  }
}

int32_t rap_reduce(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer,
                   int32_t reduce, int32_t inner, double p) {
  static const int32_t size[6] = {4, 8, 8, 4, 1, 1};
  // Elements worth handing to another thread.
  const int64_t grain = 32768;
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  if (dtype >= RAP_INT64 && op >= RAP_REDUCE_MEAN && op <= RAP_REDUCE_LOGSUMEXP) return RAP_UNSUPPORTED;
  job j = {parts[dtype], {op, p}, dtype, size[dtype], 1, y, indices, x, reduce, inner, COLUMNS, 1, 0};
  const int64_t total = (int64_t)outer * reduce * inner;
  if (!outer || !inner) return RAP_OK;
  if (reduce == 0) {
    // Sums are 0, products 1, "all" is true; the caller refuses an empty maximum.
    state s = {.f = 0};
    if (op == RAP_REDUCE_PROD && holds_int(dtype, op))
      s.i = 1;
    else if (op == RAP_REDUCE_PROD)
      s.f = 1;
    if (op == RAP_REDUCE_LOGSUMEXP) s = logsumexp_empty();
    for (int64_t i = 0; i < (int64_t)outer * inner; i++) finish(&s, dtype, j.h, 0, y, indices, i, 1);
    return RAP_OK;
  }
  if (inner == 1 && reduce <= SHORT_ROW && outer >= GROUP && dtype <= RAP_FLOAT64) {
    rap_parallel(outer, (grain + reduce - 1) / reduce, reduce_short, &j);
    return RAP_OK;
  }
  if (dtype <= RAP_FLOAT64 && (op == RAP_REDUCE_SUM || op == RAP_REDUCE_MEAN) &&
      outer * (int64_t)inner >= GROUP &&
      (inner == 1 || (inner >= GROUP && reduce <= (inner <= NEAR ? FEW_ROWS : 32)))) {
    j.columns = inner < FEW_COLUMNS ? inner : FEW_COLUMNS;
    for (const int64_t most = rap_parts(total, grain);
         j.columns > GROUP && outer * (inner / j.columns) < most;)
      j.columns = (j.columns / 2 + GROUP - 1) / GROUP * GROUP;
    j.chunks = inner == 1 ? 1 : (inner + j.columns - 1) / j.columns;
    const int64_t item = (int64_t)reduce * j.columns;
    rap_parallel(outer * j.chunks, (grain + item - 1) / item, reduce_sums, &j);
    return RAP_OK;
  }
  // What depends on where an element is keeps its rows.
  if (inner > 1 && inner <= NARROW / 8 && reduce * inner >= 4 * NARROW && outer >= rap_get_num_threads() &&
      (op < RAP_REDUCE_MAX || op > RAP_REDUCE_ARGMIN)) {
    const int64_t item = (int64_t)reduce * inner;
    rap_parallel(outer, (grain + item - 1) / item, reduce_narrow, &j);
    return RAP_OK;
  }
  if (j.columns > inner) j.columns = inner;
  int64_t parallelism = rap_parts(total, grain);
  // Narrower chunks where there would be too few for the threads, down to a few cache lines.
  while (parallelism > 1 && outer * ((inner + j.columns - 1) / j.columns) < 2 * parallelism && j.columns > 64)
    j.columns = (j.columns + 1) / 2;
  j.chunks = (inner + j.columns - 1) / j.columns;
  int64_t items = outer * j.chunks;
  if (items < parallelism) {
    j.splits = (int32_t)parallelism;
    j.states = rap_scratch(3, items * j.splits * j.columns * (int64_t)sizeof(state));
    rap_parallel(items * j.splits, 1, reduce_splits, &j);
    for (int64_t i = 0; i < items; i++) {
      state *s = j.states + i * j.splits * j.columns;
      int64_t c = i % j.chunks * j.columns, columns = inner - c < j.columns ? inner - c : j.columns;
      for (int32_t split = 1; split < j.splits; split++)
        for (int64_t k = 0; k < columns; k++) s[k] = merge(s[k], s[split * j.columns + k], dtype, j.h);
      finish(s, dtype, j.h, reduce, y, indices, i / j.chunks * inner + c, columns);
    }
    return RAP_OK;
  }
  int64_t per_item = total / items;
  rap_parallel(items, per_item ? (grain + per_item - 1) / per_item : grain, reduce_chunks, &j);
  return RAP_OK;
}

// ---- variance --------------------------------------------------------------------------------------------

typedef struct {
  int32_t dtype, take_root;
  void *var, *mean;
  const void *x;
  int64_t reduce, inner, columns, chunks;
  double correction;
} var_job;

static void var_chunks(void *context, int64_t begin, int64_t end, int32_t thread) {
  const var_job *j = context;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    double mean[COLUMNS], m2[COLUMNS];
    int64_t o = i / j->chunks, c = i % j->chunks * j->columns;
    int64_t columns = j->inner - c < j->columns ? j->inner - c : j->columns,
            at = o * j->reduce * j->inner + c;
    if (j->dtype == RAP_FLOAT32)
      moments_f32((const float *)j->x + at, j->reduce, j->inner, columns, mean, m2);
    else
      moments_f64((const double *)j->x + at, j->reduce, j->inner, columns, mean, m2);
    double divisor = (double)j->reduce - j->correction;
    for (int64_t k = 0; k < columns; k++) {
      double v = m2[k] / (divisor > 0 ? divisor : 0);
      if (j->take_root) v = sqrt(v);
      int64_t out = o * j->inner + c + k;
      if (j->dtype == RAP_FLOAT32) {
        ((float *)j->var)[out] = (float)v;
        if (j->mean) ((float *)j->mean)[out] = (float)mean[k];
      } else {
        ((double *)j->var)[out] = v;
        if (j->mean) ((double *)j->mean)[out] = mean[k];
      }
    }
  }
}

typedef struct {
  int32_t dtype, splits;
  const void *x;
  int64_t n;
  double (*states)[2]; // mean, m2
} var_split_job;

static int64_t split_at(const var_split_job *j, int64_t i) { return j->n * i / j->splits; }
static void var_splits(void *context, int64_t begin, int64_t end, int32_t thread) {
  const var_split_job *j = context;
  (void)thread;
  for (int64_t i = begin; i < end; i++) {
    int64_t at = split_at(j, i), count = split_at(j, i + 1) - at;
    if (j->dtype == RAP_FLOAT32)
      row_moments_f32((const float *)j->x + at, count, &j->states[i][0], &j->states[i][1]);
    else
      row_moments_f64((const double *)j->x + at, count, &j->states[i][0], &j->states[i][1]);
  }
}

int32_t rap_var(int32_t dtype, void *var, void *mean, const void *x, int32_t outer, int32_t reduce,
                int32_t inner, int32_t take_root, double correction) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t total = (int64_t)outer * reduce * inner, grain = 16384;
  var_job j = {dtype, take_root, var, mean, x, reduce, inner, 128, 1, correction};
  if (!outer || !inner) return RAP_OK;
  int64_t parallelism = rap_parts(total, grain);
  if (outer * (int64_t)inner == 1 && parallelism > 1) {
    enum { MOST = 64 };
    double states[MOST][2];
    if (parallelism > MOST) parallelism = MOST;
    var_split_job split = {dtype, (int32_t)parallelism, x, reduce, states};
    rap_parallel(parallelism, 1, var_splits, &split);
    double m = 0, s = 0;
    for (int64_t i = 0; i < parallelism; i++) {
      double before = (double)split_at(&split, i), after = (double)split_at(&split, i + 1),
             count = after - before;
      double delta = states[i][0] - m;
      m += delta * count / after;
      s += states[i][1] + delta * delta * before * count / after;
    }
    double divisor = (double)reduce - correction, v = s / (divisor > 0 ? divisor : 0);
    if (take_root) v = sqrt(v);
    rap_cast(dtype, RAP_FLOAT64, var, &v, 1);
    if (mean) rap_cast(dtype, RAP_FLOAT64, mean, &m, 1);
    return RAP_OK;
  }
  if (j.columns > inner) j.columns = inner;
  j.chunks = (inner + j.columns - 1) / j.columns;
  int64_t items = outer * j.chunks, per_item = total / items;
  rap_parallel(items, per_item ? (grain + per_item - 1) / per_item : grain, var_chunks, &j);
  return RAP_OK;
}
