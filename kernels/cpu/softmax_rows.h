// The maximum and the sum of exponentials of rows and of columns: what softmax.c and loss.c share.
#include "rows.h"

// A row's maximum; whatever where there is a NaN, which then is in every exponential.
__attribute__((unused)) static S N(row_largest)(const S *x, int64_t n) {
  V best[4];
  for (int k = 0; k < 4; k++) best[k] = F(set)(-(S)INFINITY);
  int64_t i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES)
    for (int k = 0; k < 4; k++) best[k] = F(greater)(F(load)(x + i + k * LANES), best[k]);
  for (; i + LANES <= n; i += LANES) best[0] = F(greater)(F(load)(x + i), best[0]);
  if (i < n) best[1] = F(greater)(F(load_tail)(x + i, (int)(n - i), -(S)INFINITY), best[1]);
  return F(largest)(F(greater)(F(greater)(best[0], best[1]), F(greater)(best[2], best[3])));
}

// sum exp(x - m) over a row, m its maximum; with y, also y = exp(x - m). The sum is taken in blocks, added in
// double.
static double N(row_exp_sum)(S *y, const S *x, int64_t n, S m) {
  const V shift = F(set)(m);
  double total = 0;
  int64_t i = 0;
  while (n - i >= LANES) {
    V s[4] = {{0}};
    int64_t end = n - i < ROW_BLOCK ? n : i + ROW_BLOCK;
    for (; i + 4 * LANES <= end; i += 4 * LANES)
      for (int k = 0; k < 4; k++) {
        V e = F(exp_below)(F(load)(x + i + k * LANES) - shift);
        if (y) F(store)(y + i + k * LANES, e);
        s[k] += e;
      }
    for (; i + LANES <= end; i += LANES) {
      V e = F(exp_below)(F(load)(x + i) - shift);
      if (y) F(store)(y + i, e);
      s[0] += e;
    }
    total += N(lanes)((s[0] + s[1]) + (s[2] + s[3]));
  }
  if (i < n) {
    int rest = (int)(n - i);
    V e = F(exp_below)(F(load_tail)(x + i, rest, -(S)INFINITY) - shift);
    if (y) F(store_tail)(y + i, e, rest);
    total += N(lanes)(e); // lanes past the end are exp of minus infinity
  }
  return total;
}

// The same for `count` <= LANES neighbouring columns of [dim, inner].
__attribute__((unused)) static void N(column_exp_sum)(S *y, const S *x, int64_t dim, int64_t inner, int count,
                                                      V *maximum, V *sum) {
  V m = F(set)(-(S)INFINITY), s = F(set)(0), lost = F(set)(0);
  for (int64_t d = 0; d < dim; d++) {
    V v = F(load_tail)(x + d * inner, count, 0);
    m = F(greater)(v, m);
  }
  for (int64_t d = 0; d < dim; d++) {
    V e = F(exp_below)(F(load_tail)(x + d * inner, count, 0) - m);
    if (y) F(store_tail)(y + d * inner, e, count);
    // Kahan's sum: the column may be long, and there is one accumulator.
    V term = e - lost, next = s + term;
    lost = (next - s) - term;
    s = next;
  }
  *maximum = m, *sum = s;
}
