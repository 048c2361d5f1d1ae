// Reductions of one contiguous row, float32 and float64: the sums behind reduce.c, norm.c, softmax.c and
// loss.c. Sums are taken in eight vectors over blocks of ROW_BLOCK elements, and the blocks are added in
// double.
#include "real.h"

#ifndef ROW_BLOCK
#define ROW_BLOCK 2048
// From this length on a row is read in four streams.
#define ROW_STREAMED 4096
#endif

INLINE double N(lanes)(V x) {
#if REAL_BITS == 32
  f64pair halves = f64_widen(x);
  return f64_sum(halves.low + halves.high);
#else
  return f64_sum(x);
#endif
}

// name(x, n, t): the sum of `value` over v = x[i]; t is a vector parameter. Lanes past the end are excluded.
#define ROW_SUM(name, value)                                                                                 \
  static double N(name##_block)(const S *x, int64_t n, V t) {                                                \
    V s[8] = {{0}};                                                                                          \
    int64_t i = 0;                                                                                           \
    (void)t;                                                                                                 \
    for (; i + 8 * LANES <= n; i += 8 * LANES)                                                               \
      for (int k = 0; k < 8; k++) {                                                                          \
        V v = F(load)(x + i + k * LANES);                                                                    \
        s[k] += value;                                                                                       \
      }                                                                                                      \
    for (; i + LANES <= n; i += LANES) {                                                                     \
      V v = F(load)(x + i);                                                                                  \
      s[0] += value;                                                                                         \
    }                                                                                                        \
    V sum = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));                               \
    double rest = 0;                                                                                         \
    if (i < n) {                                                                                             \
      V v = F(load_tail)(x + i, (int)(n - i), 0);                                                            \
      v = value;                                                                                             \
      for (int k = 0; k < (int)(n - i); k++) rest += (double)v[k];                                           \
    }                                                                                                        \
    return n < LANES ? rest : N(lanes)(sum) + rest;                                                          \
  }                                                                                                          \
  static double N(name##_short)(const S *x, int64_t n, V t) {                                                \
    double total = 0;                                                                                        \
    for (int64_t i = 0; i < n; i += ROW_BLOCK)                                                               \
      total += N(name##_block)(x + i, n - i < ROW_BLOCK ? n - i : ROW_BLOCK, t);                             \
    return total;                                                                                            \
  }                                                                                                          \
  __attribute__((unused)) static double N(name)(const S *x, int64_t n, V t) {                                \
    if (n < ROW_STREAMED) return N(name##_short)(x, n, t);                                                   \
    /* Four quarters side by side: the memory serves several streams faster than one. */                     \
    const int64_t quarter = n / 4 & ~(int64_t)(2 * LANES - 1);                                               \
    double total = 0;                                                                                        \
    for (int64_t i = 0; i < quarter;) {                                                                      \
      V s[8] = {{0}};                                                                                        \
      const int64_t end = quarter - i < ROW_BLOCK / 4 ? quarter : i + ROW_BLOCK / 4;                         \
      for (; i < end; i += 2 * LANES)                                                                        \
        for (int k = 0; k < 4; k++) {                                                                        \
          V v = F(load)(x + k * quarter + i);                                                                \
          s[2 * k] += value;                                                                                 \
          v = F(load)(x + k * quarter + i + LANES);                                                          \
          s[2 * k + 1] += value;                                                                             \
        }                                                                                                    \
      total += N(lanes)(((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7])));                  \
    }                                                                                                        \
    return total + N(name##_short)(x + 4 * quarter, n - 4 * quarter, t);                                     \
  }
ROW_SUM(row_sum, v)
ROW_SUM(row_deviation, (v - t) * (v - t))
#undef ROW_SUM

// The extreme of a row as numbers go, and whether there was a NaN. The `pair` takes rows x and y side by
// side, of n elements each, a multiple of 2 LANES: two streams come faster from main memory.
#define EXTREME(name, better, compare, start)                                                                \
  INLINE S N(name##_lane)(V best, MASK odd, int *nan) {                                                      \
    S result = best[0];                                                                                      \
    MASK any = odd;                                                                                          \
    for (int k = 0; k < LANES; k++) {                                                                        \
      if (best[k] compare result) result = best[k];                                                          \
      any[0] |= odd[k];                                                                                      \
    }                                                                                                        \
    *nan = any[0] != 0;                                                                                      \
    return result;                                                                                           \
  }                                                                                                          \
  __attribute__((unused)) static S N(name)(const S *x, int64_t n, int *nan) {                                \
    V best[4];                                                                                               \
    MASK odd[4] = {{0}};                                                                                     \
    for (int k = 0; k < 4; k++) best[k] = F(set)(start);                                                     \
    int64_t i = 0;                                                                                           \
    for (; i + 4 * LANES <= n; i += 4 * LANES)                                                               \
      for (int k = 0; k < 4; k++) {                                                                          \
        V v = F(load)(x + i + k * LANES);                                                                    \
        odd[k] |= (MASK)(v != v);                                                                            \
        best[k] = F(better)(v, best[k]);                                                                     \
      }                                                                                                      \
    for (; i < n; i += LANES) {                                                                              \
      V v = F(load_tail)(x + i, n - i < LANES ? (int)(n - i) : LANES, start);                                \
      odd[0] |= (MASK)(v != v);                                                                              \
      best[0] = F(better)(v, best[0]);                                                                       \
    }                                                                                                        \
    for (int k = 1; k < 4; k++) odd[0] |= odd[k], best[0] = F(better)(best[k], best[0]);                     \
    return N(name##_lane)(best[0], odd[0], nan);                                                             \
  }                                                                                                          \
  __attribute__((unused)) static void N(name##_pair)(const S *x, const S *y, int64_t n, S *extreme,          \
                                                     int *nan) {                                             \
    V best[4];                                                                                               \
    MASK odd[4] = {{0}};                                                                                     \
    for (int k = 0; k < 4; k++) best[k] = F(set)(start);                                                     \
    for (int64_t i = 0; i < n; i += 2 * LANES)                                                               \
      for (int k = 0; k < 4; k++) {                                                                          \
        V v = F(load)((k < 2 ? x : y) + i + k % 2 * LANES);                                                  \
        odd[k] |= (MASK)(v != v);                                                                            \
        best[k] = F(better)(v, best[k]);                                                                     \
      }                                                                                                      \
    for (int k = 0; k < 2; k++)                                                                              \
      extreme[k] =                                                                                           \
          N(name##_lane)(F(better)(best[2 * k], best[2 * k + 1]), odd[2 * k] | odd[2 * k + 1], nan + k);     \
  }
EXTREME(row_max, greater, >, -(S)INFINITY)
EXTREME(row_min, lesser, <, (S)INFINITY)
#undef EXTREME

// to[n, LANES] = LANES rows of n elements, transposed.
__attribute__((unused)) static void N(turn_rows)(S *to, int64_t to_row, const S *x, int64_t n) {
#if REAL_BITS == 32
  if (n >= 4) {
    int64_t c = 0;
    for (; c + 4 <= n; c += 4) f32_transpose(to + c * to_row, to_row, x + c, n);
    if (c < n) f32_transpose(to + (n - 4) * to_row, to_row, x + n - 4, n);
    return;
  }
#endif
  for (int64_t c = 0; c < n; c++)
    for (int r = 0; r < LANES; r++) to[c * to_row + r] = x[r * n + c];
}

// mean, and the sum of squared deviations from it. Long rows go block by block, each twice while it is in the
// cache, and are put together by Chan's formula.
__attribute__((unused)) static void N(row_moments)(const S *x, int64_t n, double *mean, double *m2) {
  enum { BLOCK = 4 * ROW_BLOCK };
  double m = 0, s = 0;
  for (int64_t i = 0; i < n; i += BLOCK) {
    int64_t count = n - i < BLOCK ? n - i : BLOCK;
    double block_mean = N(row_sum)(x + i, count, F(set)(0)) / (double)count;
    S shift = (S)block_mean;
    double off = block_mean - (double)shift; // of the mean rounded to S
    double block_m2 = N(row_deviation)(x + i, count, F(set)(shift)) - off * off * (double)count;
    double delta = block_mean - m, total = (double)(i + count);
    m += delta * (double)count / total;
    s += block_m2 + (i ? delta * delta * (double)i * (double)count / total : 0);
  }
  *mean = m, *m2 = s;
}
