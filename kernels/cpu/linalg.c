// Factorisations of small dense matrices, row-major, in batches. Everything is computed in double: float32
// input is widened first; eigenvalues and singular values are then sought until they are right for the type.
#include "../decompose_eigh.h"
#include "../decompose_svd.h"
#include "../raptorch.h"
#include "threads.h"
#include <math.h>
#include <string.h>

static void load(int32_t dtype, double *to, const void *from, int64_t at, int64_t count) {
  for (int64_t i = 0; i < count; i++)
    to[i] = dtype == RAP_FLOAT32 ? ((const float *)from)[at + i] : ((const double *)from)[at + i];
}

static void store(int32_t dtype, void *to, int64_t at, const double *from, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (dtype == RAP_FLOAT32)
      ((float *)to)[at + i] = (float)from[i];
    else
      ((double *)to)[at + i] = from[i];
  }
}

// y -= s x
static void subtract(double *restrict y, const double *restrict x, double s, int32_t n) {
  for (int32_t i = 0; i < n; i++) y[i] -= s * x[i];
}

// u [n, n] holds the matrix in its upper triangle, which becomes Lᵀ. Returns 0, or the order of the first
// leading minor that is not positive.
static int32_t factor_cholesky(double *u, int32_t n) {
  for (int32_t k = 0; k < n; k++) {
    double *row = u + (int64_t)k * n;
    if (!(row[k] > 0)) return k + 1;
    double root = sqrt(row[k]);
    for (int32_t j = k; j < n; j++) row[j] /= root;
    row[k] = root;
    for (int32_t i = k + 1; i < n; i++) subtract(u + (int64_t)i * n + i, row + i, row[i], n - i);
  }
  return 0;
}

int32_t rap_cholesky(int32_t dtype, void *out, void *info, const void *a, int32_t batch, int32_t n) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t size = (int64_t)n * n;
  double *u = rap_scratch(3, 2 * size * (int64_t)sizeof(double) + 64), *l = u + size;
  for (int32_t b = 0; b < batch; b++) {
    load(dtype, l, a, b * size, size);
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = i; j < n; j++) u[(int64_t)i * n + j] = l[(int64_t)j * n + i];
    ((int32_t *)info)[b] = factor_cholesky(u, n);
    memset(l, 0, (size_t)size * sizeof(double));
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = i; j < n; j++) l[(int64_t)j * n + i] = u[(int64_t)i * n + j];
    store(dtype, out, b * size, l, size);
  }
  return RAP_OK;
}

int32_t rap_solve_triangular(int32_t dtype, void *out, const void *a, const void *b, int32_t batch, int32_t n,
                             int32_t m, int32_t flags) {
  enum { UPPER = 1, TRANSPOSED = 2, UNIT = 4 };
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t size = (int64_t)n * n, width = (int64_t)n * m;
  const int64_t down = flags & TRANSPOSED ? 1 : n, across = flags & TRANSPOSED ? n : 1;
  const int forward = !(flags & UPPER) == !(flags & TRANSPOSED); // lower triangular after the transposition
  double *t = rap_scratch(3, (size + width) * (int64_t)sizeof(double) + 64), *x = t + size;
  for (int32_t at = 0; at < batch; at++) {
    load(dtype, t, a, at * size, size);
    load(dtype, x, b, at * width, width);
    for (int32_t step = 0; step < n; step++) {
      int32_t i = forward ? step : n - 1 - step;
      double *row = x + (int64_t)i * m;
      for (int32_t s = 0; s < step; s++) {
        int32_t k = forward ? s : n - 1 - s;
        subtract(row, x + (int64_t)k * m, t[i * down + k * across], m);
      }
      if (flags & UNIT) continue;
      for (int32_t j = 0; j < m; j++) row[j] /= t[i * (down + across)];
    }
    store(dtype, out, at * width, x, width);
  }
  return RAP_OK;
}

// Applies I - tau v vᵀ from the left to the columns [from, columns) of x [rows, columns]; v[k] is v's first
// nonzero.
static void reflect(double *x, const double *v, double tau, int32_t k, int32_t rows, int32_t columns,
                    int32_t from, double *w) {
  const int32_t n = columns - from;
  memset(w, 0, (size_t)n * sizeof(double));
  for (int32_t i = k; i < rows; i++) subtract(w, x + (int64_t)i * columns + from, -v[i], n);
  for (int32_t i = k; i < rows; i++) subtract(x + (int64_t)i * columns + from, w, tau * v[i], n);
}

int32_t rap_qr(int32_t dtype, void *q, void *r, const void *a, int32_t batch, int32_t m, int32_t n,
               int32_t complete) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int32_t steps = m < n ? m : n, width = complete ? m : steps;
  const int64_t size = (int64_t)m * n, q_size = (int64_t)m * width;
  double *x =
      rap_scratch(3, (size + q_size + (int64_t)m * steps + 2 * steps + m + n) * (int64_t)sizeof(double) + 64);
  double *y = x + size, *vs = y + q_size, *taus = vs + (int64_t)m * steps, *w = taus + steps;
  for (int32_t b = 0; b < batch; b++) {
    load(dtype, x, a, b * size, size);
    for (int32_t k = 0; k < steps; k++) { // Householder reflections with LAPACK's signs
      double *v = vs + (int64_t)k * m, head = x[(int64_t)k * n + k], rest = 0;
      for (int32_t i = k + 1; i < m; i++) rest = hypot(rest, x[(int64_t)i * n + k]);
      taus[k] = 0;
      if (rest == 0) continue;
      double beta = -copysign(hypot(head, rest), head);
      taus[k] = (beta - head) / beta;
      v[k] = 1;
      for (int32_t i = k + 1; i < m; i++) v[i] = x[(int64_t)i * n + k] / (head - beta);
      reflect(x, v, taus[k], k, m, n, k, w);
    }
    for (int32_t i = 0; i < width; i++)
      for (int32_t j = 0; j < i && j < n; j++) x[(int64_t)i * n + j] = 0;
    store(dtype, r, (int64_t)b * width * n, x, (int64_t)width * n);
    memset(y, 0, (size_t)q_size * sizeof(double));
    for (int32_t i = 0; i < width; i++) y[(int64_t)i * width + i] = 1;
    for (int32_t k = steps; k-- > 0;)
      if (taus[k] != 0) reflect(y, vs + (int64_t)k * m, taus[k], k, m, width, 0, w);
    store(dtype, q, b * q_size, y, q_size);
  }
  return RAP_OK;
}

int32_t rap_lu(int32_t dtype, void *out, void *order, void *info, const void *a, int32_t batch, int32_t n) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t size = (int64_t)n * n;
  double *x = rap_scratch(3, size * (int64_t)sizeof(double) + 64);
  for (int32_t b = 0; b < batch; b++) {
    load(dtype, x, a, b * size, size);
    rap_decompose_lu(x, (int64_t *)order + (int64_t)b * n, (int32_t *)info + 2 * (int64_t)b, n);
    store(dtype, out, b * size, x, size);
  }
  return RAP_OK;
}

int32_t rap_eigh(int32_t dtype, void *values, void *vectors, const void *a, int32_t batch, int32_t n,
                 int32_t upper) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int64_t size = (int64_t)n * n;
  const double precision = dtype == RAP_FLOAT32 ? 0x1p-24 : 0x1p-53;
  double *v = rap_scratch(3, (size + 4 * n) * (int64_t)sizeof(double) + 64), *w = v + size;
  for (int32_t b = 0; b < batch; b++) {
    load(dtype, v, a, b * size, size);
    rap_decompose_eigh(v, w, w + n, upper, precision, n);
    store(dtype, values, (int64_t)b * n, w, n);
    store(dtype, vectors, b * size, v, size);
  }
  return RAP_OK;
}

int32_t rap_svd(int32_t dtype, void *u, void *s, void *v, const void *a, int32_t batch, int32_t m, int32_t n,
                int32_t width, int32_t wide) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const double precision = dtype == RAP_FLOAT32 ? 0x1p-24 : 0x1p-53;
  const int64_t size = (int64_t)m * n, u_size = (int64_t)m * width, v_size = (int64_t)n * n;
  double *x = rap_scratch(3, (u_size + size + 4 * v_size + 8 * n) * (int64_t)sizeof(double) + 64);
  double *y = x + u_size, *w = y + v_size;
  for (int32_t b = 0; b < batch; b++) {
    load(dtype, x, a, b * size, size);
    rap_decompose_svd(x, w, y, w + n, wide, precision, m, n, width);
    store(dtype, u, b * u_size, x, u_size);
    store(dtype, s, (int64_t)b * n, w, n);
    store(dtype, v, b * v_size, y, v_size);
  }
  return RAP_OK;
}
