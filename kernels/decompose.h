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

// ---- reflections and rotations ---------------------------------------------------------------------------
//
// Whatever has a choice of sign follows LAPACK (its reference's sytd2, steqr, gebd2, bdsqr and what they
// call), so that vectors have the signs that users of it know. `precision` is half of the spacing at 1 of the
// type that the matrix came from: it decides after how many steps a number counts as found, and with that the
// signs.

// A reflection I − tau [1 x] [1 x]ᵀ takes [alpha x] to [beta 0]: x [n], every `step`-th number, becomes the
// reflection's; *alpha becomes beta. Returns tau.
RAP_PORTABLE double rap_decompose_reflection(double *alpha, double *x, int32_t n, int64_t step) {
  double square = 0;
  for (int32_t i = 0; i < n; i++) square += x[i * step] * x[i * step];
  if (square == 0) return 0;
  const double beta = *alpha < 0 ? hypot(*alpha, sqrt(square)) : -hypot(*alpha, sqrt(square));
  const double tau = (beta - *alpha) / beta;
  for (int32_t i = 0; i < n; i++) x[i * step] /= *alpha - beta;
  *alpha = beta;
  return tau;
}

// The rotation that takes [f g] to [r 0]: r, with *c and *s.
RAP_PORTABLE double rap_decompose_rotation(double f, double g, double *c, double *s) {
  if (g == 0) return *c = 1, *s = 0, f;
  if (f == 0) return *c = 0, *s = 1, g;
  double r = hypot(f, g);
  if (fabs(f) > fabs(g) && f < 0) r = -r;
  *c = f / r, *s = g / r;
  return r;
}

// Numbers x and y in two rows or columns of n, every `step`-th: y = c y − s x, x = s y + c x.
RAP_PORTABLE void rap_decompose_rotate(double *x, double *y, double c, double s, int32_t n, int64_t step) {
  for (int64_t i = 0; i < n * step; i += step) {
    const double t = y[i];
    y[i] = c * t - s * x[i];
    x[i] = s * t + c * x[i];
  }
}

RAP_PORTABLE void rap_decompose_reverse(double *x, int64_t n) {
  for (int64_t i = 0; i < n / 2; i++) {
    const double t = x[i];
    x[i] = x[n - 1 - i], x[n - 1 - i] = t;
  }
}

#endif
