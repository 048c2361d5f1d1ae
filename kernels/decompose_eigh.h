// A = V diag(w) Vᵀ of one small symmetric matrix, for the CPU and for CUDA.
#ifndef RAP_DECOMPOSE_EIGH_H
#define RAP_DECOMPOSE_EIGH_H
#include "decompose.h"

// Reflections from the left column on make the symmetric v [n, n] tridiagonal, with diagonal d and e[0 … n−2]
// below it; v becomes their product. work [2 n].
RAP_PORTABLE void rap_decompose_tridiagonal(double *v, double *d, double *e, double *work, int32_t n) {
  double *tau = work, *p = work + n;
  for (int32_t i = 0; i < n; i++) {
    d[i] = v[(int64_t)i * n + i];
    if (i == n - 1) break;
    double *x = v + (int64_t)(i + 1) * n + i; // below the diagonal; its first number stands for 1
    tau[i] = rap_decompose_reflection(x, x + n, n - i - 2, n);
    e[i] = *x, *x = 1;
    if (tau[i] == 0) continue;
    double inner = 0;
    for (int32_t j = i + 1; j < n; j++) {
      const double *row = v + (int64_t)j * n;
      p[j] = 0;
      for (int32_t k = i + 1; k < n; k++) p[j] += row[k] * v[(int64_t)k * n + i];
      p[j] *= tau[i];
      inner += p[j] * row[i];
    }
    for (int32_t j = i + 1; j < n; j++) p[j] -= tau[i] / 2 * inner * v[(int64_t)j * n + i];
    for (int32_t j = i + 1; j < n; j++) {
      double *row = v + (int64_t)j * n;
      for (int32_t k = i + 1; k < n; k++) row[k] -= row[i] * p[k] + p[j] * v[(int64_t)k * n + i];
    }
  }
  for (int32_t i = n - 1; i >= 0; i--) { // the product, which grows from the last corner
    for (int32_t j = i; j < n; j++) v[(int64_t)i * n + j] = v[(int64_t)j * n + i] = j == i;
    if (i == 0 || tau[i - 1] == 0) continue;
    for (int32_t j = i; j < n; j++) {
      double inner = 0;
      for (int32_t k = i; k < n; k++) inner += v[(int64_t)k * n + i - 1] * v[(int64_t)k * n + j];
      for (int32_t k = i; k < n; k++) v[(int64_t)k * n + j] -= tau[i - 1] * inner * v[(int64_t)k * n + i - 1];
    }
  }
}

// The eigenvalues of [a b; b c], the one of larger size first, and the first one's vector [*cs *sn].
RAP_PORTABLE void rap_decompose_two(double a, double b, double c, double *first, double *second, double *cs,
                                    double *sn) {
  const double sum = a + c, difference = a - c, tb = b + b, root = hypot(difference, tb);
  const double larger = fabs(a) > fabs(c) ? a : c, smaller = fabs(a) > fabs(c) ? c : a;
  const int32_t negative = sum < 0;
  *first = 0.5 * (negative ? sum - root : sum + root);
  *second = sum == 0 ? -0.5 * root : larger / *first * smaller - b / *first * b;
  const double side = difference >= 0 ? difference + root : difference - root;
  if (fabs(side) > fabs(tb)) {
    const double t = -tb / side;
    *sn = 1 / sqrt(1 + t * t), *cs = t * *sn;
  } else if (tb == 0) {
    *cs = 1, *sn = 0;
  } else {
    const double t = -side / tb;
    *cs = 1 / sqrt(1 + t * t), *sn = t * *cs;
  }
  if (negative == (difference < 0)) {
    const double t = *cs;
    *cs = -*sn, *sn = t;
  }
}

// One implicit step on the numbers from l to m: QL with from < to, QR mirrored. z's columns turn with it.
RAP_PORTABLE void rap_decompose_implicit(double *d, double *e, double *z, int32_t l, int32_t m, int32_t n) {
  const int32_t down = m > l ? 1 : -1, at = down > 0 ? 0 : -1; // e[i + at] lies between i and i + down
  double g = (d[l + down] - d[l]) / (2 * e[l + at]), r = hypot(g, 1.0), s = 1, c = 1, p = 0;
  g = d[m] - d[l] + e[l + at] / (g + (g < 0 ? -r : r));
  for (int32_t i = m - down; i != l - down; i -= down) {
    const double f = s * e[i + at], b = c * e[i + at];
    r = rap_decompose_rotation(g, f, &c, &s);
    if (i != m - down) e[i + down + at] = r;
    g = d[i + down] - p;
    r = (d[i] - g) * s + 2 * c * b;
    p = s * r;
    d[i + down] = g + p;
    g = c * r - b;
    const int32_t first = down > 0 ? i : i - 1;
    rap_decompose_rotate(z + first, z + first + 1, c, down > 0 ? -s : s, n, n);
  }
  d[l] -= p;
  e[l + at] = g;
}

// Whether e beside x and y is so small that they have nothing to do with each other.
RAP_PORTABLE int32_t rap_decompose_small(double e, double x, double y, double precision) {
  return fabs(e) <= precision * sqrt(fabs(x)) * sqrt(fabs(y));
}

// The tridiagonal of d and e becomes diagonal, z's columns turn with it. 30 steps for each number are far
// more than it needs; NaN ends there as well.
RAP_PORTABLE void rap_decompose_ql(double *d, double *e, double *z, double precision, int32_t n) {
  int32_t steps = 30 * n;
  for (int32_t next = 0; next < n;) {
    int32_t end = next;
    while (end < n - 1 && !rap_decompose_small(e[end], d[end], d[end + 1], precision)) end++;
    if (end < n - 1) e[end] = 0;
    int32_t l = next;
    next = end + 1;
    if (fabs(d[end]) < fabs(d[l])) end = l, l = next - 1;
    const int32_t down = end >= l ? 1 : -1, at = down > 0 ? 0 : -1;
    while (down > 0 ? l <= end : l >= end) {
      int32_t m = l;
      while (m != end && !rap_decompose_small(e[m + at], d[m], d[m + down], precision)) m += down;
      if (m != end) e[m + at] = 0;
      if (m == l) {
        l += down;
      } else if (m == l + down) {
        const int32_t i = down > 0 ? l : m;
        double first, second, c, s;
        rap_decompose_two(d[i], e[i], d[i + 1], &first, &second, &c, &s);
        rap_decompose_rotate(z + i, z + i + 1, c, s, n, n);
        d[i] = first, d[i + 1] = second, e[i] = 0;
        l += 2 * down;
      } else {
        if (steps-- == 0) return;
        rap_decompose_implicit(d, e, z, l, m, n);
      }
    }
  }
}

// The symmetric v [n, n], of which `upper` names the triangle that LAPACK would read, becomes its
// eigenvectors, as columns; w [n] the eigenvalues, ascending. work [3 n].
RAP_PORTABLE void rap_decompose_eigh(double *v, double *w, double *work, int32_t upper, double precision,
                                     int32_t n) {
  double *e = work, largest = 0, scale = 1;
  for (int64_t i = 0; i < (int64_t)n * n; i++) largest = fabs(v[i]) > largest ? fabs(v[i]) : largest;
  if (largest > 1e100 || (largest > 0 && largest < 1e-100)) scale = largest; // Squares shall be numbers.
  if (scale != 1)
    for (int64_t i = 0; i < (int64_t)n * n; i++) v[i] /= scale;
  // The upper triangle is taken apart from its end.
  if (upper) rap_decompose_reverse(v, (int64_t)n * n);
  rap_decompose_tridiagonal(v, w, e, work + n, n);
  if (upper) {
    rap_decompose_reverse(v, (int64_t)n * n);
    rap_decompose_reverse(w, n);
    rap_decompose_reverse(e, n - 1);
  }
  rap_decompose_ql(w, e, v, precision, n);
  for (int32_t i = 0; i < n; i++) {
    int32_t least = i;
    for (int32_t j = i + 1; j < n; j++)
      if (w[j] < w[least]) least = j;
    const double value = w[least] * scale;
    w[least] = w[i], w[i] = value;
    for (int32_t k = 0; least != i && k < n; k++) {
      double *row = v + (int64_t)k * n;
      const double x = row[i];
      row[i] = row[least], row[least] = x;
    }
  }
}

#endif
