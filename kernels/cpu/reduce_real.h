// The float32 and float64 halves of reduce.c: rows and columns of numbers into states.
#include "real.h"

#if REAL_BITS == 32
// A running log-sum-exp is exp(f - maximum) summed; the maximum lives in the bits of `index`.
static double maximum_of(state s) {
  double m;
  memcpy(&m, &s.index, sizeof m);
  return m;
}
static state logsumexp_state(double maximum, double sum) {
  state s = {.f = sum};
  memcpy(&s.index, &maximum, sizeof maximum);
  return s;
}
static state logsumexp_empty(void) { return logsumexp_state(-INFINITY, 0); }
static state logsumexp_merge(state a, state b) {
  double ma = maximum_of(a), mb = maximum_of(b), m = ma > mb || ma != ma ? ma : mb;
  if (isinf(m) || m != m) return logsumexp_state(m, 1);
  return logsumexp_state(m, (isinf(ma) ? 0 : a.f * exp(ma - m)) + (isinf(mb) ? 0 : b.f * exp(mb - m)));
}
static double logsumexp_value(state s) {
  double m = maximum_of(s);
  return isinf(m) || m != m ? m : m + log(s.f);
}
#endif

// name(x, n, t): sums of a function of v = x[i], in double by halves.
#define ROW_SUM(name, value)                                                                                 \
  static double N(name)(const S *x, int64_t n, V t) {                                                        \
    if (n > ROW_BLOCK) {                                                                                     \
      int64_t half = (n / 2 + ROW_BLOCK - 1) / ROW_BLOCK * ROW_BLOCK;                                        \
      return N(name)(x, half, t) + N(name)(x + half, n - half, t);                                           \
    }                                                                                                        \
    V s[4] = {{0}};                                                                                          \
    int64_t i = 0;                                                                                           \
    (void)t;                                                                                                 \
    for (; i + 4 * LANES <= n; i += 4 * LANES)                                                               \
      for (int k = 0; k < 4; k++) {                                                                          \
        V v = F(load)(x + i + k * LANES);                                                                    \
        s[k] += value;                                                                                       \
      }                                                                                                      \
    double rest = 0;                                                                                         \
    for (; i < n; i += LANES) {                                                                              \
      int count = n - i < LANES ? (int)(n - i) : LANES;                                                      \
      V v = F(load_tail)(x + i, count, 0);                                                                   \
      v = value;                                                                                             \
      for (int k = 0; k < count; k++) rest += (double)v[k];                                                  \
    }                                                                                                        \
    return N(lanes)((s[0] + s[1]) + (s[2] + s[3])) + rest;                                                   \
  }
ROW_SUM(row_nansum, F(select)(v == v, v, F(set)(0)))
ROW_SUM(row_square, v *v)
ROW_SUM(row_absolute, F(abs)(v))
ROW_SUM(row_nonzero, F(select)(v == F(set)(0), F(set)(0), F(set)(1)))
ROW_SUM(row_power, F(pow)(F(abs)(v), t))
ROW_SUM(row_exp, F(exp)(v - t))
#undef ROW_SUM

static double N(row_product)(const S *x, int64_t n) {
  double product = 1;
  for (int64_t i = 0; i < n; i++) product *= (double)x[i];
  return product;
}

INLINE void N(take_extreme)(state *best, S v, int nan, int64_t at, int greatest) {
  if (best->f != best->f) return;
  if (nan)
    best->f = NAN, best->index = at;
  else if (best->index < 0 || (greatest ? (double)v > best->f : (double)v < best->f))
    best->f = (double)v, best->index = at;
}

// Block by block, so that the extreme is then looked for within its block; the halves of a long row side by
// side.
static state N(row_extreme)(const S *x, int64_t n, int greatest, int indexed) {
  enum { BLOCK = 4096, APART = 1 << 17 };
  state best = {.f = 0, .index = -1}, second = best;
  const int64_t half = n >= APART ? n / 2 / BLOCK * BLOCK : 0;
  for (int64_t i = 0; i < half; i += BLOCK) {
    S v[2];
    int nan[2];
    (greatest ? N(row_max_pair) : N(row_min_pair))(x + i, x + half + i, BLOCK, v, nan);
    N(take_extreme)(&best, v[0], nan[0], i, greatest);
    N(take_extreme)(&second, v[1], nan[1], half + i, greatest);
  }
  for (int64_t i = 2 * half; i < n; i += BLOCK) {
    const int64_t count = n - i < BLOCK ? n - i : BLOCK;
    int nan;
    S v = (greatest ? N(row_max) : N(row_min))(x + i, count, &nan);
    N(take_extreme)(half ? &second : &best, v, nan, i, greatest);
  }
  if (half && best.f == best.f && !(greatest ? second.f <= best.f : second.f >= best.f)) best = second;
  if (best.f != best.f) {
    while (x[best.index] == x[best.index]) best.index++;
    best.f = (double)x[best.index];
    return best;
  }
#if REAL_BITS == 32
  for (const f32v v = f32_set((float)best.f); indexed && best.index + 2 * LANES <= n;
       best.index += 2 * LANES) {
    const S *at = x + best.index;
    if (i32_any((f32_load(at) == v) | (f32_load(at + LANES) == v))) break;
  }
#endif
  while (indexed && (double)x[best.index] != best.f) best.index++;
  return best;
}

static void N(part_columns)(state *s, const S *x, int64_t rows, int64_t inner, int64_t columns, how h);

static void N(part)(state *s, const void *x0, int64_t begin, int64_t end, int64_t inner, int64_t columns,
                    how h) {
  const S *x = (const S *)x0 + begin * inner;
  const int64_t n = end - begin;
  const V zero = F(set)(0);
  if (inner > 1) {
    N(part_columns)(s, x, n, inner, columns, h);
    for (int64_t c = 0; c < columns && h.op >= RAP_REDUCE_MAX && h.op <= RAP_REDUCE_ARGMIN; c++)
      s[c].index += begin;
    return;
  }
  switch (h.op) {
  case RAP_REDUCE_SUM:
  case RAP_REDUCE_MEAN: s->f = N(row_sum)(x, n, zero); break;
  case RAP_REDUCE_PROD: s->f = N(row_product)(x, n); break;
  case RAP_REDUCE_NANSUM: s->f = N(row_nansum)(x, n, zero); break;
  case RAP_REDUCE_NORM: {
    int nan = 0;
    if (h.p == 2) {
      s->f = N(row_square)(x, n, zero);
      // Squares that overflow or vanish in float32 are summed again in double.
      if (REAL_BITS == 32 && !(s->f < 1e37 && s->f > 1e-30)) {
        s->f = 0;
        for (int64_t i = 0; i < n; i++) s->f += (double)x[i] * (double)x[i];
      }
    } else if (h.p == 1)
      s->f = N(row_absolute)(x, n, zero);
    else if (h.p == 0)
      s->f = N(row_nonzero)(x, n, zero);
    else if (isinf(h.p)) {
      double high = (double)N(row_max)(x, n, &nan), low = (double)N(row_min)(x, n, &nan);
      if (h.p > 0)
        s->f = nan ? NAN : fabs(high) > fabs(low) ? fabs(high) : fabs(low);
      else {
        double least = INFINITY;
        for (int64_t i = 0; i < n; i++)
          if (!(fabs((double)x[i]) >= least)) least = fabs((double)x[i]);
        s->f = nan ? NAN : least;
      }
    } else
      s->f = N(row_power)(x, n, F(set)((S)h.p));
    break;
  }
  case RAP_REDUCE_LOGSUMEXP: {
    int nan;
    S m = N(row_max)(x, n, &nan);
    *s = nan        ? logsumexp_state(NAN, 1)
         : isinf(m) ? logsumexp_state((double)m, 1)
                    : logsumexp_state((double)m, N(row_exp)(x, n, F(set)(m)));
    break;
  }
  case RAP_REDUCE_MAX:
  case RAP_REDUCE_ARGMAX:
    *s = N(row_extreme)(x, n, 1, 1);
    s->index += begin;
    break;
  case RAP_REDUCE_MIN:
  case RAP_REDUCE_ARGMIN:
    *s = N(row_extreme)(x, n, 0, 1);
    s->index += begin;
    break;
  default: s->i = (int64_t)N(row_nonzero)(x, n, zero);
  }
}

// Several rows at a time into double accumulators.
#define COLUMN_SUM(value)                                                                                    \
  {                                                                                                          \
    double sum[COLUMNS];                                                                                     \
    for (int64_t c = 0; c < columns; c++) sum[c] = 0;                                                        \
    int64_t r = 0;                                                                                           \
    for (; r + 4 <= rows; r += 4, x += 4 * inner)                                                            \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        double total = 0;                                                                                    \
        for (int k = 0; k < 4; k++) {                                                                        \
          double v = (double)x[k * inner + c];                                                               \
          total += value;                                                                                    \
        }                                                                                                    \
        sum[c] += total;                                                                                     \
      }                                                                                                      \
    for (; r < rows; r++, x += inner)                                                                        \
      for (int64_t c = 0; c < columns; c++) {                                                                \
        double v = (double)x[c];                                                                             \
        sum[c] += value;                                                                                     \
      }                                                                                                      \
    for (int64_t c = 0; c < columns; c++) s[c].f = sum[c];                                                   \
  }

// The same in S, as long as that is as good: blocks of rows, whose sums are added in double.
#define COLUMN_SUM_BLOCKS(value)                                                                             \
  {                                                                                                          \
    enum { BLOCK = 32 };                                                                                     \
    double sum[COLUMNS];                                                                                     \
    S block[COLUMNS];                                                                                        \
    for (int64_t c = 0; c < columns; c++) sum[c] = 0;                                                        \
    for (int64_t r = 0; r < rows; r += BLOCK) {                                                              \
      int64_t count = rows - r < BLOCK ? rows - r : BLOCK;                                                   \
      for (int64_t c = 0; c < columns; c++) block[c] = 0;                                                    \
      for (; count >= 4; count -= 4, x += 4 * inner)                                                         \
        for (int64_t c = 0; c < columns; c++) {                                                              \
          S four[4];                                                                                         \
          for (int k = 0; k < 4; k++) {                                                                      \
            S v = x[k * inner + c];                                                                          \
            four[k] = value;                                                                                 \
          }                                                                                                  \
          block[c] += (four[0] + four[1]) + (four[2] + four[3]);                                             \
        }                                                                                                    \
      for (; count > 0; count--, x += inner)                                                                 \
        for (int64_t c = 0; c < columns; c++) {                                                              \
          S v = x[c];                                                                                        \
          block[c] += value;                                                                                 \
        }                                                                                                    \
      for (int64_t c = 0; c < columns; c++) sum[c] += (double)block[c];                                      \
    }                                                                                                        \
    for (int64_t c = 0; c < columns; c++) s[c].f = sum[c];                                                   \
  }

static void N(column_extreme)(state *s, const S *x, int64_t rows, int64_t inner, int64_t columns,
                              int greatest) {
  S best[COLUMNS];
#if REAL_BITS == 32
  int32_t at[COLUMNS];
#else
  int64_t at[COLUMNS];
#endif
  memcpy(best, x, (size_t)columns * sizeof(S));
  for (int64_t c = 0; c < columns; c++) at[c] = 0;
  for (int64_t r = 1; r < rows; r++) {
    const S *row = x + r * inner;
    if (greatest)
      for (int64_t c = 0; c < columns; c++) {
        int take = (row[c] > best[c]) | ((row[c] != row[c]) & (best[c] == best[c]));
        best[c] = take ? row[c] : best[c];
        at[c] = take ? (__typeof__(at[0]))r : at[c];
      }
    else
      for (int64_t c = 0; c < columns; c++) {
        int take = (row[c] < best[c]) | ((row[c] != row[c]) & (best[c] == best[c]));
        best[c] = take ? row[c] : best[c];
        at[c] = take ? (__typeof__(at[0]))r : at[c];
      }
  }
  for (int64_t c = 0; c < columns; c++) s[c].f = (double)best[c], s[c].index = at[c];
}

static void N(part_columns)(state *s, const S *x, int64_t rows, int64_t inner, int64_t columns, how h) {
  switch (h.op) {
  case RAP_REDUCE_SUM:
  case RAP_REDUCE_MEAN: COLUMN_SUM_BLOCKS(v) break;
  case RAP_REDUCE_NANSUM: COLUMN_SUM_BLOCKS(v == v ? v : 0) break;
  case RAP_REDUCE_PROD: {
    for (int64_t c = 0; c < columns; c++) s[c].f = 1;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < columns; c++) s[c].f *= (double)x[r * inner + c];
    break;
  }
  case RAP_REDUCE_NORM:
    if (h.p == 2)
      COLUMN_SUM(v * v)
    else if (h.p == 1)
      COLUMN_SUM(fabs(v))
    else if (h.p == 0)
      COLUMN_SUM((v != 0 ? 1.0 : 0.0))
    else if (isinf(h.p)) {
      for (int64_t c = 0; c < columns; c++) s[c].f = h.p > 0 ? 0 : INFINITY;
      for (int64_t r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns; c++) {
          double v = fabs((double)x[r * inner + c]);
          if (v != v || (h.p > 0 ? v > s[c].f : v < s[c].f)) s[c].f = v;
        }
    } else
      COLUMN_SUM(pow(fabs(v), h.p))
    break;
  case RAP_REDUCE_LOGSUMEXP:
    N(column_extreme)(s, x, rows, inner, columns, 1);
    for (int64_t c = 0; c < columns; c++) {
      double m = s[c].f, sum = 0;
      if (!isinf(m) && m == m)
        for (int64_t r = 0; r < rows; r++) sum += exp((double)x[r * inner + c] - m);
      s[c] = logsumexp_state(m, sum);
    }
    break;
  case RAP_REDUCE_MAX:
  case RAP_REDUCE_ARGMAX: N(column_extreme)(s, x, rows, inner, columns, 1); break;
  case RAP_REDUCE_MIN:
  case RAP_REDUCE_ARGMIN: N(column_extreme)(s, x, rows, inner, columns, 0); break;
  default:
    for (int64_t c = 0; c < columns; c++) s[c].i = 0;
    for (int64_t r = 0; r < rows; r++)
      for (int64_t c = 0; c < columns; c++) s[c].i += x[r * inner + c] != 0;
  }
}
#undef COLUMN_SUM
#undef COLUMN_SUM_BLOCKS

// y = factor times the sum of each column, at most FEW_ROWS long: blocks of 32 rows, then their sums.
static void N(sum_columns)(S *y, const S *x, int64_t rows, int64_t inner, int64_t columns, double factor) {
  enum { BLOCK = 32, WIDE = 4 };
  const V scale = F(set)((S)factor);
  int64_t c = 0;
  for (; c + WIDE * LANES <= columns; c += WIDE * LANES) {
    V total[WIDE] = {{0}};
    for (int64_t r = 0; r < rows;) {
      const int64_t end = rows - r < BLOCK ? rows : r + BLOCK;
      V sum[WIDE] = {{0}};
      for (; r < end; r++)
        for (int k = 0; k < WIDE; k++) sum[k] += F(load)(x + r * inner + c + k * LANES);
      for (int k = 0; k < WIDE; k++) total[k] += sum[k];
    }
    for (int k = 0; k < WIDE; k++) F(store)(y + c + k * LANES, total[k] * scale);
  }
  for (; c < columns; c += LANES) {
    const int count = columns - c < LANES ? (int)(columns - c) : LANES;
    V total = {0};
    for (int64_t r = 0; r < rows;) {
      const int64_t end = rows - r < BLOCK ? rows : r + BLOCK;
      V sum = {0};
      for (; r < end; r++) sum += F(load_tail)(x + r * inner + c, count, 0);
      total += sum;
    }
    F(store_tail)(y + c, total * scale, count);
  }
}
static void N(sum_rows)(S *y, const S *x, int64_t n, int64_t rows, double factor) {
  for (int64_t r = 0; r < rows; r++) y[r] = (S)(N(row_sum)(x + r * n, n, F(set)(0)) * factor);
}

// Means and sums of squared deviations of columns: blocks of rows, each twice while it is in the cache.
static void N(moments)(const S *x, int64_t rows, int64_t inner, int64_t columns, double *mean, double *m2) {
  enum { BLOCK = 32 };
  if (inner == 1) {
    N(row_moments)(x, rows, mean, m2);
    return;
  }
  S sum[COLUMNS], shift[COLUMNS], squares[COLUMNS];
  for (int64_t c = 0; c < columns; c++) mean[c] = m2[c] = 0;
  for (int64_t r = 0; r < rows; r += BLOCK) {
    int64_t count = rows - r < BLOCK ? rows - r : BLOCK;
    const S *block = x + r * inner;
    const double before = (double)r, total = (double)(r + count), share = (double)count / total;
    for (int64_t c = 0; c < columns; c++) sum[c] = squares[c] = 0;
    for (int64_t k = 0; k < count; k++)
      for (int64_t c = 0; c < columns; c++) sum[c] += block[k * inner + c];
    // Deviations from the mean as S has it; what their sum is not 0 by makes up for its rounding.
    for (int64_t c = 0; c < columns; c++) shift[c] = sum[c] / (S)count, sum[c] = 0;
    for (int64_t k = 0; k < count; k++)
      for (int64_t c = 0; c < columns; c++) {
        S d = block[k * inner + c] - shift[c];
        sum[c] += d, squares[c] += d * d;
      }
    for (int64_t c = 0; c < columns; c++) {
      double off = (double)sum[c] / (double)count, delta = (double)shift[c] + off - mean[c];
      mean[c] += delta * share;
      m2[c] += (double)squares[c] - off * (double)sum[c] + delta * delta * before * share;
    }
  }
}
