// Factorisations of one small dense matrix, row-major, in double: the same text for the CPU and, a matrix a
// thread, for CUDA.
#ifndef RAP_DECOMPOSE_H
#define RAP_DECOMPOSE_H
#include "portable.h"

#define RAP_PRECISION 2.220446049250313e-16 // 2⁻⁵², double's spacing at 1

// ---- P A = L U -------------------------------------------------------------------------------------------

// a [n, n] becomes L below its diagonal, which is 1, and U. order [n]: the row of A that each row came from.
// info: the order of the first pivot that is 0 (0 if there is none), and the determinant of P.
RAP_PORTABLE void rap_decompose_lu(double *a, int64_t *order, int32_t *info, int32_t n) {
  info[0] = 0, info[1] = 1;
  for (int32_t i = 0; i < n; i++) order[i] = i;
  for (int32_t k = 0; k < n; k++) {
    double *row = a + (int64_t)k * n;
    int32_t best = k;
    for (int32_t i = k + 1; i < n; i++)
      if (fabs(a[(int64_t)i * n + k]) > fabs(a[(int64_t)best * n + k])) best = i;
    if (best != k) {
      double *other = a + (int64_t)best * n;
      for (int32_t j = 0; j < n; j++) {
        const double x = row[j];
        row[j] = other[j], other[j] = x;
      }
      const int64_t from = order[k];
      order[k] = order[best], order[best] = from;
      info[1] = -info[1];
    }
    if (row[k] == 0) {
      if (info[0] == 0) info[0] = k + 1;
      continue;
    }
    for (int32_t i = k + 1; i < n; i++) {
      double *below = a + (int64_t)i * n;
      const double s = below[k] / row[k];
      below[k] = s;
      if (s == 0) continue;
      for (int32_t j = k + 1; j < n; j++) below[j] -= s * row[j];
    }
  }
}

// ---- A = V diag(w) Vᵀ ------------------------------------------------------------------------------------

// Householder reflections make the symmetric v [n, n] tridiagonal, with diagonal d and e[1 …] beside it; v
// becomes their product. After EISPACK's tred2 (Bowdler, Martin, Reinsch and Wilkinson, Handbook for
// Automatic Computation II, 1971).
RAP_PORTABLE void rap_decompose_tridiagonal(double *v, double *d, double *e, int32_t n) {
  for (int32_t j = 0; j < n; j++) d[j] = v[(int64_t)(n - 1) * n + j];
  for (int32_t i = n - 1; i > 0; i--) {
    double scale = 0, h = 0;
    for (int32_t k = 0; k < i; k++) scale += fabs(d[k]);
    if (scale == 0) {
      e[i] = d[i - 1];
      for (int32_t j = 0; j < i; j++) {
        d[j] = v[(int64_t)(i - 1) * n + j];
        v[(int64_t)i * n + j] = v[(int64_t)j * n + i] = 0;
      }
      d[i] = 0;
      continue;
    }
    for (int32_t k = 0; k < i; k++) {
      d[k] /= scale;
      h += d[k] * d[k];
    }
    double f = d[i - 1], g = f > 0 ? -sqrt(h) : sqrt(h);
    e[i] = scale * g;
    h -= f * g;
    d[i - 1] = f - g;
    for (int32_t j = 0; j < i; j++) e[j] = 0;
    for (int32_t j = 0; j < i; j++) {
      f = d[j];
      v[(int64_t)j * n + i] = f;
      g = e[j] + v[(int64_t)j * n + j] * f;
      for (int32_t k = j + 1; k < i; k++) {
        g += v[(int64_t)k * n + j] * d[k];
        e[k] += v[(int64_t)k * n + j] * f;
      }
      e[j] = g;
    }
    f = 0;
    for (int32_t j = 0; j < i; j++) {
      e[j] /= h;
      f += e[j] * d[j];
    }
    const double hh = f / (h + h);
    for (int32_t j = 0; j < i; j++) e[j] -= hh * d[j];
    for (int32_t j = 0; j < i; j++) {
      f = d[j], g = e[j];
      for (int32_t k = j; k < i; k++) v[(int64_t)k * n + j] -= f * e[k] + g * d[k];
      d[j] = v[(int64_t)(i - 1) * n + j];
      v[(int64_t)i * n + j] = 0;
    }
    d[i] = h;
  }
  for (int32_t i = 0; i < n - 1; i++) { // the product of the reflections
    v[(int64_t)(n - 1) * n + i] = v[(int64_t)i * n + i];
    v[(int64_t)i * n + i] = 1;
    const double h = d[i + 1];
    if (h != 0) {
      for (int32_t k = 0; k <= i; k++) d[k] = v[(int64_t)k * n + i + 1] / h;
      for (int32_t j = 0; j <= i; j++) {
        double g = 0;
        for (int32_t k = 0; k <= i; k++) g += v[(int64_t)k * n + i + 1] * v[(int64_t)k * n + j];
        for (int32_t k = 0; k <= i; k++) v[(int64_t)k * n + j] -= g * d[k];
      }
    }
    for (int32_t k = 0; k <= i; k++) v[(int64_t)k * n + i + 1] = 0;
  }
  for (int32_t j = 0; j < n; j++) {
    d[j] = v[(int64_t)(n - 1) * n + j];
    v[(int64_t)(n - 1) * n + j] = 0;
  }
  if (n > 0) v[(int64_t)n * n - 1] = 1, e[0] = 0;
}

// One implicit QL step from row m up to l; v's columns turn with it. After EISPACK's tql2.
RAP_PORTABLE void rap_decompose_ql_step(double *v, double *d, double *e, int32_t l, int32_t m, double *shift,
                                        int32_t n) {
  double g = d[l], p = (d[l + 1] - g) / (2 * e[l]);
  const double r0 = p < 0 ? -hypot(p, 1.0) : hypot(p, 1.0);
  d[l] = e[l] / (p + r0);
  d[l + 1] = e[l] * (p + r0);
  const double next = d[l + 1], h0 = g - d[l], beside = e[l + 1];
  for (int32_t i = l + 2; i < n; i++) d[i] -= h0;
  *shift += h0;
  p = d[m];
  double c = 1, c2 = 1, c3 = 1, s = 0, s2 = 0;
  for (int32_t i = m - 1; i >= l; i--) {
    c3 = c2, c2 = c, s2 = s;
    g = c * e[i];
    const double h = c * p, r = hypot(p, e[i]);
    e[i + 1] = s * r;
    s = e[i] / r, c = p / r;
    p = c * d[i] - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]);
    for (int32_t k = 0; k < n; k++) {
      double *x = v + (int64_t)k * n + i;
      const double y = x[1];
      x[1] = s * x[0] + c * y;
      x[0] = c * x[0] - s * y;
    }
  }
  p = -s * s2 * c3 * beside * e[l] / next;
  e[l] = s * p;
  d[l] = c * p;
}

// The symmetric v [n, n] becomes its eigenvectors, as columns; w [n] the eigenvalues, ascending. work [n].
RAP_PORTABLE void rap_decompose_eigh(double *v, double *w, double *work, int32_t n) {
  double *e = work, shift = 0, largest = 0;
  rap_decompose_tridiagonal(v, w, e, n);
  for (int32_t i = 1; i < n; i++) e[i - 1] = e[i];
  if (n > 0) e[n - 1] = 0;
  for (int32_t l = 0; l < n; l++) {
    const double size = fabs(w[l]) + fabs(e[l]);
    largest = size > largest ? size : largest;
    int32_t m = l;
    while (m < n - 1 && fabs(e[m]) > RAP_PRECISION * largest) m++;
    // 60 steps are far more than any number needs (tql2 gives up at 30); NaN ends here as well.
    for (int32_t step = 0; m > l && step < 60; step++) {
      rap_decompose_ql_step(v, w, e, l, m, &shift, n);
      if (!(fabs(e[l]) > RAP_PRECISION * largest)) break;
    }
    w[l] += shift;
    e[l] = 0;
  }
  for (int32_t i = 0; i < n - 1; i++) {
    int32_t least = i;
    for (int32_t j = i + 1; j < n; j++)
      if (w[j] < w[least]) least = j;
    if (least == i) continue;
    const double value = w[i];
    w[i] = w[least], w[least] = value;
    for (int32_t k = 0; k < n; k++) {
      double *row = v + (int64_t)k * n;
      const double x = row[i];
      row[i] = row[least], row[least] = x;
    }
  }
}

// ---- A = U diag(s) Vᵀ ------------------------------------------------------------------------------------

RAP_PORTABLE double rap_decompose_dot(const double *x, const double *y, int32_t n) {
  double sum = 0;
  for (int32_t i = 0; i < n; i++) sum += x[i] * y[i];
  return sum;
}

RAP_PORTABLE void rap_decompose_turn(double *x, double *y, double c, double s, int32_t n) {
  for (int32_t i = 0; i < n; i++) {
    const double t = x[i];
    x[i] = c * t - s * y[i];
    y[i] = s * t + c * y[i];
  }
}

// The rows from `known` on of u [count, m] become unit vectors at right angles to those before.
RAP_PORTABLE void rap_decompose_complete(double *u, int32_t known, int32_t count, int32_t m) {
  for (int32_t j = known; j < count; j++) {
    double *x = u + (int64_t)j * m, least = 2;
    int32_t axis = 0; // the one that lies farthest from the rows so far
    for (int32_t i = 0; i < m; i++) {
      double inside = 0;
      for (int32_t k = 0; k < j; k++) inside += u[(int64_t)k * m + i] * u[(int64_t)k * m + i];
      if (inside < least) least = inside, axis = i;
    }
    for (int32_t i = 0; i < m; i++) x[i] = i == axis;
    for (int32_t twice = 0; twice < 2; twice++) {
      for (int32_t k = 0; k < j; k++) {
        const double *y = u + (int64_t)k * m, s = rap_decompose_dot(x, y, m);
        for (int32_t i = 0; i < m; i++) x[i] -= s * y[i];
      }
      const double length = sqrt(rap_decompose_dot(x, x, m));
      for (int32_t i = 0; i < m; i++) x[i] /= length;
    }
  }
}

// u [width, m] holds Aᵀ in its first n rows, n <= m, and becomes Uᵀ; v [n, n] becomes Vᵀ; s [n] the singular
// values, descending. One-sided Jacobi (Hestenes 1958): rows of Aᵀ are turned in pairs until all stand at
// right angles.
RAP_PORTABLE void rap_decompose_svd(double *u, double *s, double *v, int32_t m, int32_t n, int32_t width) {
  for (int64_t i = 0; i < (int64_t)n * n; i++) v[i] = i % (n + 1) == 0;
  int32_t turned = 1;
  for (int32_t sweep = 0; turned && sweep < 60; sweep++) { // some ten are enough; NaN never turns
    turned = 0;
    double largest = 0;
    for (int32_t i = 0; i < n; i++) {
      const double *x = u + (int64_t)i * m, square = rap_decompose_dot(x, x, m);
      largest = square > largest ? square : largest;
    }
    const double nothing = largest * RAP_PRECISION * RAP_PRECISION;
    for (int32_t i = 0; i < n; i++) {
      for (int32_t j = i + 1; j < n; j++) {
        double *x = u + (int64_t)i * m, *y = u + (int64_t)j * m;
        const double xx = rap_decompose_dot(x, x, m), yy = rap_decompose_dot(y, y, m),
                     xy = rap_decompose_dot(x, y, m);
        if (!(fabs(xy) > RAP_PRECISION * sqrt(xx * yy)) || !(fabs(xy) > nothing)) continue;
        turned = 1;
        const double zeta = (yy - xx) / (2 * xy), size = 1 / (fabs(zeta) + hypot(1.0, zeta));
        const double t = zeta < 0 ? -size : size, c = 1 / hypot(1.0, t);
        rap_decompose_turn(x, y, c, c * t, m);
        rap_decompose_turn(v + (int64_t)i * n, v + (int64_t)j * n, c, c * t, n);
      }
    }
  }
  int32_t known = 0;
  for (int32_t i = 0; i < n; i++) s[i] = sqrt(rap_decompose_dot(u + (int64_t)i * m, u + (int64_t)i * m, m));
  for (int32_t i = 0; i < n; i++) {
    int32_t best = i;
    for (int32_t j = i + 1; j < n; j++)
      if (s[j] > s[best]) best = j;
    const double value = s[best];
    s[best] = s[i], s[i] = value;
    if (best != i) {
      rap_decompose_turn(u + (int64_t)i * m, u + (int64_t)best * m, 0, -1, m);
      rap_decompose_turn(v + (int64_t)i * n, v + (int64_t)best * n, 0, -1, n);
    }
    // What is left of a row that depends on the others has no direction of its own.
    if (value != value || value > s[0] * m * RAP_PRECISION) {
      for (int32_t k = 0; k < m; k++) u[(int64_t)i * m + k] /= value;
      known = i + 1;
    }
  }
  rap_decompose_complete(u, known, width, m);
}

#endif
