// A = U diag(s) Vᵀ of one small matrix, for the CPU and for CUDA.
#ifndef RAP_DECOMPOSE_SVD_H
#define RAP_DECOMPOSE_SVD_H
#include "decompose.h"

// The singular values of [f g; 0 h], larger size first, with signs, and the rotations that find them.
RAP_PORTABLE void rap_decompose_triangle(double f, double g, double h, double *s, double *left,
                                         double *right) {
  const int32_t swapped = fabs(h) > fabs(f);
  const double ft = swapped ? h : f, ht = swapped ? f : h, fa = fabs(ft), ha = fabs(ht), ga = fabs(g);
  double clt = 1, slt = 0, crt = 1, srt = 0, least = ha, most = fa;
  int32_t largest = swapped ? 3 : 1;
  if (g != 0) {
    if (ga > fa) largest = 2;
    if (ga > fa && fa / ga < RAP_PRECISION / 2) {
      most = ga, least = ha > 1 ? fa / (ga / ha) : fa / ga * ha;
      slt = ht / g, srt = 1, crt = ft / g;
    } else {
      const double d = fa - ha, m = g / ft, t0 = 2 - d / fa;
      double l = d / fa, t = t0;
      const double root = sqrt(t * t + m * m), r = l == 0 ? fabs(m) : sqrt(l * l + m * m);
      const double a = 0.5 * (root + r);
      least = ha / a, most = fa * a;
      if (m * m != 0)
        t = (m / (root + t) + m / (r + l)) * (1 + a);
      else if (l == 0)
        t = copysign(2.0, ft) * copysign(1.0, g);
      else
        t = g / copysign(d, ft) + m / t;
      l = sqrt(t * t + 4);
      crt = 2 / l, srt = t / l;
      clt = (crt + srt * m) / a, slt = ht / ft * srt / a;
    }
  }
  left[0] = swapped ? srt : clt, left[1] = swapped ? crt : slt;
  right[0] = swapped ? slt : crt, right[1] = swapped ? clt : srt;
  const double sign = largest == 1   ? copysign(1.0, right[0]) * copysign(1.0, left[0]) * copysign(1.0, f)
                      : largest == 2 ? copysign(1.0, right[1]) * copysign(1.0, left[0]) * copysign(1.0, g)
                                     : copysign(1.0, right[1]) * copysign(1.0, left[1]) * copysign(1.0, h);
  s[0] = copysign(most, sign);
  s[1] = copysign(least, sign * copysign(1.0, f) * copysign(1.0, h));
}

// The smaller singular value of [f g; 0 h].
RAP_PORTABLE double rap_decompose_least(double f, double g, double h) {
  const double fa = fabs(f), ga = fabs(g), ha = fabs(h), low = fa < ha ? fa : ha, high = fa < ha ? ha : fa;
  if (low == 0) return 0;
  const double as = 1 + low / high, at = (high - low) / high;
  if (ga < high) {
    const double au = ga / high * (ga / high);
    return low * (2 / (sqrt(as * as + au) + sqrt(at * at + au)));
  }
  const double au = high / ga;
  if (au == 0) return low * high / ga;
  return 2 * (low * (1 / (sqrt(1 + as * au * (as * au)) + sqrt(1 + at * au * (at * au)))) * au);
}

// rap_decompose_rotation with the signs of LAPACK from 3.10 on, with which bdsqr's are the known ones.
RAP_PORTABLE double rap_decompose_rotation_up(double f, double g, double *c, double *s) {
  if (g == 0) return *c = 1, *s = 0, f;
  if (f == 0) return *c = 0, *s = copysign(1.0, g), fabs(g);
  const double r = copysign(hypot(f, g), f);
  *c = fabs(f) / fabs(r), *s = g / r;
  return r;
}

// What bdsqr's steps share: the bidiagonal's diagonal and what is above it, the vectors as rows of v and u.
typedef struct {
  double *d, *e, *v, *u;
  int32_t n;
} rap_bidiagonal;

// Turns the vectors i and i + 1 of v, or of u.
RAP_PORTABLE void rap_decompose_pair(double *rows, int32_t i, double c, double s, int32_t n) {
  rap_decompose_rotate(rows + (int64_t)i * n, rows + (int64_t)(i + 1) * n, c, s, n, 1);
}

// One QR step without shift (Demmel and Kahan 1990), which keeps small values exact.
RAP_PORTABLE void rap_decompose_zero_shift(const rap_bidiagonal *b, int32_t low, int32_t high, int32_t down) {
  double *d = b->d, *e = b->e, c = 1, s = 0, before_c = 1, before_s = 0;
  const int32_t from = down ? low : high, to = down ? high : low, step = down ? 1 : -1;
  for (int32_t i = from; i != to; i += step) {
    const int32_t first = down ? i : i - 1;
    const double r = rap_decompose_rotation_up(d[i] * c, e[first], &c, &s);
    if (i != from) e[down ? i - 1 : i] = before_s * r;
    d[i] = rap_decompose_rotation_up(before_c * r, d[i + step] * s, &before_c, &before_s);
    rap_decompose_pair(b->v, first, down ? c : before_c, down ? s : -before_s, b->n);
    rap_decompose_pair(b->u, first, down ? before_c : c, down ? before_s : -s, b->n);
  }
  const double h = d[to] * c;
  d[to] = h * before_c;
  e[down ? high - 1 : low] = h * before_s;
}

RAP_PORTABLE void rap_decompose_shifted(const rap_bidiagonal *b, int32_t low, int32_t high, int32_t down,
                                        double shift) {
  double *d = b->d, *e = b->e, c, s, lc, ls;
  const int32_t from = down ? low : high, to = down ? high : low, step = down ? 1 : -1;
  double f = (fabs(d[from]) - shift) * (copysign(1.0, d[from]) + shift / d[from]);
  double g = e[down ? low : high - 1];
  for (int32_t i = from; i != to; i += step) {
    const int32_t first = down ? i : i - 1;
    const double r = rap_decompose_rotation_up(f, g, &c, &s);
    if (i != from) e[down ? i - 1 : i] = r;
    f = c * d[i] + s * e[first];
    e[first] = c * e[first] - s * d[i];
    g = s * d[i + step];
    d[i + step] = c * d[i + step];
    d[i] = rap_decompose_rotation_up(f, g, &lc, &ls);
    f = lc * e[first] + ls * d[i + step];
    d[i + step] = lc * d[i + step] - ls * e[first];
    if (i + step != to) {
      double *next = &e[first + step];
      g = ls * *next;
      *next = lc * *next;
    }
    rap_decompose_pair(b->v, first, down ? c : lc, down ? s : -ls, b->n);
    rap_decompose_pair(b->u, first, down ? lc : c, down ? ls : -s, b->n);
  }
  e[down ? high - 1 : low] = f;
}

// Whether a number of e between low and high is negligible, which becomes 0; else *least is a bound below the
// singular values.
RAP_PORTABLE int32_t rap_decompose_splits(const rap_bidiagonal *b, int32_t low, int32_t high, int32_t down,
                                          double tolerance, double *least) {
  double *d = b->d, *e = b->e;
  const int32_t last = down ? high - 1 : low;
  if (fabs(e[last]) <= tolerance * fabs(d[down ? high : low])) return e[last] = 0, 1;
  double mu = fabs(d[down ? low : high]);
  *least = mu;
  for (int32_t k = 0; k < high - low; k++) {
    const int32_t i = down ? low + k : high - 1 - k;
    if (fabs(e[i]) <= tolerance * mu) return e[i] = 0, 1;
    mu = fabs(d[down ? i + 1 : i]) * (mu / (mu + fabs(e[i])));
    *least = mu < *least ? mu : *least;
  }
  return 0;
}

// The bidiagonal becomes diagonal by implicit QR steps. 6 n² of them are far more than it needs; NaN ends
// there as well.
RAP_PORTABLE void rap_decompose_bidiagonal_qr(const rap_bidiagonal *b, double precision) {
  double *d = b->d, *e = b->e;
  const int32_t n = b->n;
  double factor = pow(precision, -0.125);
  factor = factor < 10 ? 10 : factor > 100 ? 100 : factor;
  const double tolerance = factor * precision;
  double bound = fabs(d[0]), mu = bound;
  for (int32_t i = 1; i < n && bound > 0; i++) {
    mu = fabs(d[i]) * (mu / (mu + fabs(e[i - 1])));
    bound = mu < bound ? mu : bound;
  }
  double threshold = tolerance * (bound / sqrt((double)n));
  if (threshold < 6.0 * n * n * 2.3e-308) threshold = 6.0 * n * n * 2.3e-308; // the smallest normal number
  int64_t steps = 6 * (int64_t)n * n;
  int32_t old_low = -1, old_high = -1, down = 1;
  for (int32_t high = n - 1; high > 0;) {
    double most = fabs(d[high]), least = 0, shift = 0;
    int32_t low = high;
    while (low > 0 && !(fabs(e[low - 1]) <= threshold)) {
      low--;
      most = fmax(most, fmax(fabs(d[low]), fabs(e[low])));
    }
    if (low > 0) e[low - 1] = 0;
    if (low == high) {
      high--;
      continue;
    }
    if (low == high - 1) {
      double s[2], left[2], right[2];
      rap_decompose_triangle(d[low], e[low], d[high], s, left, right);
      d[low] = s[0], e[low] = 0, d[high] = s[1];
      rap_decompose_pair(b->v, low, right[0], right[1], n);
      rap_decompose_pair(b->u, low, left[0], left[1], n);
      high -= 2;
      continue;
    }
    if (low > old_high || high < old_low) down = fabs(d[low]) >= fabs(d[high]);
    if (rap_decompose_splits(b, low, high, down, tolerance, &least)) continue;
    old_low = low, old_high = high;
    if (n * tolerance * (least / most) > fmax(precision, 0.01 * tolerance)) {
      const int32_t end = down ? high - 1 : low;
      const double side = fabs(d[down ? low : high]);
      shift = rap_decompose_least(d[end], e[end], d[end + 1]);
      if (side > 0 && shift / side * (shift / side) < precision) shift = 0;
    }
    steps -= high - low;
    if (steps < 0) return;
    if (shift == 0)
      rap_decompose_zero_shift(b, low, high, down);
    else
      rap_decompose_shifted(b, low, high, down, shift);
    double *last = &e[down ? high - 1 : low];
    if (fabs(*last) <= threshold) *last = 0;
  }
}

// The bidiagonal's singular values, descending, into d; u and v [n, n] become their vectors, as rows.
// `lower`: e lies below the diagonal.
RAP_PORTABLE void rap_decompose_bidiagonal_svd(const rap_bidiagonal *b, double *turns, int32_t lower,
                                               double precision) {
  double *d = b->d, *e = b->e;
  const int32_t n = b->n;
  for (int64_t i = 0; i < (int64_t)n * n; i++) b->u[i] = b->v[i] = i % (n + 1) == 0;
  if (n == 0) return;
  if (n == 1) {
    b->u[0] = d[0] < 0 ? -1 : 1;
    d[0] = fabs(d[0]);
    return;
  }
  for (int32_t i = 0; lower && i < n - 1; i++) {
    double c, s;
    d[i] = rap_decompose_rotation_up(d[i], e[i], &c, &s);
    e[i] = s * d[i + 1], d[i + 1] = c * d[i + 1];
    turns[2 * i] = c, turns[2 * i + 1] = -s;
  }
  rap_decompose_bidiagonal_qr(b, precision);
  for (int32_t i = 0; i < n; i++) {
    if (!(d[i] < 0)) continue;
    d[i] = -d[i];
    for (int32_t k = 0; k < n; k++) b->v[(int64_t)i * n + k] *= -1;
  }
  for (int32_t end = n - 1; end > 0; end--) { // the least goes to the end
    int32_t least = 0;
    for (int32_t j = 1; j <= end; j++)
      if (d[j] <= d[least]) least = j;
    if (least == end) continue;
    const double value = d[end];
    d[end] = d[least], d[least] = value;
    for (int32_t k = 0; k < n; k++) {
      double *x = b->u + k, *y = b->v + k;
      const int64_t p = (int64_t)least * n, q = (int64_t)end * n;
      const double s = x[p], t = y[p];
      x[p] = x[q], x[q] = s, y[p] = y[q], y[q] = t;
    }
  }
  for (int32_t i = n - 2; lower && i >= 0; i--)
    rap_decompose_rotate(b->u + i, b->u + i + 1, turns[2 * i], turns[2 * i + 1], n, n);
}

// Numbers `at` to n of x, every `step`-th, are reflected by the vector in v, every `v_step`-th, whose first
// number is 1.
RAP_PORTABLE void rap_decompose_reflect(double *x, int64_t step, const double *v, int64_t v_step, double tau,
                                        int32_t n) {
  double inner = x[0];
  for (int32_t i = 1; i < n; i++) inner += x[i * step] * v[i * v_step];
  inner *= tau;
  x[0] -= inner;
  for (int32_t i = 1; i < n; i++) x[i * step] -= inner * v[i * v_step];
}

// x [n, m] holds a matrix by columns, n <= m. Reflections of its columns make it triangular, and if
// `row_taus` those of its rows bidiagonal, which leaves their vectors in x, diagonal d and e beside it.
RAP_PORTABLE void rap_decompose_reflections(double *x, double *d, double *e, double *taus, double *row_taus,
                                            int32_t m, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    double *own = x + (int64_t)i * m + i;
    taus[i] = rap_decompose_reflection(own, own + 1, m - i - 1, 1);
    d[i] = *own;
    for (int32_t j = i + 1; j < n; j++)
      rap_decompose_reflect(x + (int64_t)j * m + i, 1, own, 1, taus[i], m - i);
    if (!row_taus || i == n - 1) continue;
    double *row = own + m;
    row_taus[i] = rap_decompose_reflection(row, row + m, n - i - 2, m);
    e[i] = *row;
    for (int32_t k = 1; k < m - i; k++) rap_decompose_reflect(row + k, m, row, m, row_taus[i], n - i - 1);
  }
}

// u [width, m] holds Aᵀ in its first n rows, n <= m, and becomes Uᵀ; v [n, n] becomes Vᵀ; s [n] the singular
// values, descending. `wide`: A is the transpose of the matrix whose signs are wanted. A slender one is
// reflected to a triangle first, as in gesdd. work [n m + 3 n² + 7 n].
RAP_PORTABLE void rap_decompose_svd(double *u, double *s, double *v, double *work, int32_t wide,
                                    double precision, int32_t m, int32_t n, int32_t width) {
  const int32_t slender = !wide && n > 0 && m >= (int64_t)n * 8 / 5, inner = slender ? n : m;
  double *x = work, *small = x + (int64_t)n * m, *p = small + (int64_t)n * n, *q = p + (int64_t)n * n;
  double *e = q + (int64_t)n * n, *taus = e + n, *row_taus = taus + n, *turns = row_taus + n;
  double *inner_taus = slender ? turns + 2 * n : taus, *middle = slender ? small : x, largest = 0, scale = 1;
  for (int64_t i = 0; i < (int64_t)n * m; i++) largest = fabs(u[i]) > largest ? fabs(u[i]) : largest;
  if (largest > 1e100 || (largest > 0 && largest < 1e-100)) scale = largest; // Squares shall be numbers.
  for (int64_t i = 0; i < (int64_t)n * m; i++) x[i] = u[i] / scale;
  if (slender) {
    rap_decompose_reflections(x, s, e, taus, 0, m, n);
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) small[(int64_t)i * n + j] = j > i ? 0 : x[(int64_t)i * m + j];
  }
  rap_decompose_reflections(middle, s, e, inner_taus, row_taus, inner, n);
  // Of a wide matrix the bidiagonal is transposed too: what turns its columns belongs to the rows of A.
  const rap_bidiagonal b = {s, e, wide ? q : p, wide ? p : q, n};
  rap_decompose_bidiagonal_svd(&b, turns, wide, precision);
  for (int32_t j = 0; j < n; j++) {
    double *row = p + (int64_t)j * n, *column = q + (int64_t)j * n;
    s[j] *= scale;
    for (int32_t i = n - 2; i >= 0; i--)
      rap_decompose_reflect(row + i + 1, 1, middle + (int64_t)(i + 1) * inner + i, inner, row_taus[i],
                            n - i - 1);
    for (int32_t i = n - 1; slender && i >= 0; i--)
      rap_decompose_reflect(column + i, 1, small + (int64_t)i * n + i, 1, inner_taus[i], n - i);
  }
  for (int64_t i = 0; i < (int64_t)n * n; i++) v[i] = p[i];
  for (int32_t j = 0; j < width; j++) {
    double *y = u + (int64_t)j * m;
    for (int32_t i = 0; i < m; i++) y[i] = j < n && i < n ? q[(int64_t)j * n + i] : i == j;
    for (int32_t i = n - 1; i >= 0; i--)
      rap_decompose_reflect(y + i, 1, x + (int64_t)i * m + i, 1, taus[i], m - i);
  }
}

#endif
