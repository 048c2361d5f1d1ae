// Factorisations of small dense matrices, row-major, in batches: a block a matrix, in double (eigenvalues and
// singular values: a thread). Triangular systems: a thread a column of the right-hand side.
#include "../decompose_eigh.h"
#include "../decompose_svd.h"
#include "lines.cuh"
#include "math.cuh"

namespace {

// Outer products: column k is scaled, then subtracted from the triangle right of it.
template <typename T>
__global__ void __launch_bounds__(kBlock, 1) cholesky(T *out, int *info, const T *a, double *work, int n) {
  const int64_t at = static_cast<int64_t>(blockIdx.x) * n * n;
  double *w = work + at;
  for (int i = threadIdx.x; i < n * n; i += kBlock) w[i] = static_cast<double>(a[at + i]);
  __syncthreads();
  int failed = 0;
  for (int k = 0; k < n && !failed; k++) {
    const double pivot = w[static_cast<int64_t>(k) * n + k], root = sqrt(pivot);
    if (!(pivot > 0)) {
      failed = k + 1; // the same in every thread
      continue;
    }
    __syncthreads(); // everyone has read the pivot
    for (int i = k + static_cast<int>(threadIdx.x); i < n; i += kBlock) {
      double &v = w[static_cast<int64_t>(i) * n + k];
      v = i == k ? root : v / root;
    }
    __syncthreads();
    const int rest = n - k - 1;
    for (int e = threadIdx.x; e < rest * rest; e += kBlock) {
      const int i = k + 1 + e / rest, j = k + 1 + e % rest;
      if (j <= i)
        w[static_cast<int64_t>(i) * n + j] -=
            w[static_cast<int64_t>(i) * n + k] * w[static_cast<int64_t>(j) * n + k];
    }
    __syncthreads();
  }
  for (int i = threadIdx.x; i < n * n; i += kBlock)
    out[at + i] = i % n <= i / n ? static_cast<T>(w[i]) : T(0);
  if (threadIdx.x == 0) info[blockIdx.x] = failed;
}

enum { UPPER = 1, TRANSPOSED = 2, UNIT = 4 };

template <typename T>
__global__ void __launch_bounds__(kBlock, 1) solve_triangular(T *out, const T *a, const T *b, double *work,
                                                              int total, int n, Divider columns, int flags) {
  const int64_t down = flags & TRANSPOSED ? 1 : n, across = flags & TRANSPOSED ? n : 1;
  const bool forward = !(flags & UPPER) == !(flags & TRANSPOSED); // lower triangular after the transposition
  const int m = columns.divisor;
  GRID_STRIDE(column, total) {
    const uint32_t batch = columns.divide(column);
    const T *t = a + static_cast<int64_t>(batch) * n * n;
    const int64_t at = static_cast<int64_t>(batch) * n * m + (column - batch * m);
    double *x = work + at;
    for (int step = 0; step < n; step++) {
      const int i = forward ? step : n - 1 - step;
      double v = static_cast<double>(b[at + static_cast<int64_t>(i) * m]);
      for (int s = 0; s < step; s++) {
        const int k = forward ? s : n - 1 - s;
        v -= static_cast<double>(t[i * down + k * across]) * x[static_cast<int64_t>(k) * m];
      }
      if (!(flags & UNIT)) v /= static_cast<double>(t[i * (down + across)]);
      x[static_cast<int64_t>(i) * m] = v;
      out[at + static_cast<int64_t>(i) * m] = static_cast<T>(v);
    }
  }
}

// I - tau v vᵀ from the left on columns [from, columns) of x [rows, columns]; a thread a column.
DEVICE void reflect(double *x, const double *v, double tau, int k, int rows, int columns, int from) {
  for (int j = from + static_cast<int>(threadIdx.x); j < columns; j += kBlock) {
    double dot = 0;
    for (int i = k; i < rows; i++) dot += v[i] * x[static_cast<int64_t>(i) * columns + j];
    for (int i = k; i < rows; i++) x[static_cast<int64_t>(i) * columns + j] -= tau * v[i] * dot;
  }
  __syncthreads();
}

// Householder reflections with LAPACK's signs. work: x [m, n], y [m, width], vs [steps, m], taus [steps] of
// each matrix.
template <typename T>
__global__ void __launch_bounds__(kBlock, 1)
    qr(T *q, T *r, const T *a, double *work, int64_t work_size, int m, int n, int width) {
  const int steps = m < n ? m : n;
  double *x = work + blockIdx.x * work_size, *y = x + static_cast<int64_t>(m) * n,
         *vs = y + static_cast<int64_t>(m) * width;
  double *taus = vs + static_cast<int64_t>(m) * steps;
  for (int i = threadIdx.x; i < m * n; i += kBlock)
    x[i] = static_cast<double>(a[static_cast<int64_t>(blockIdx.x) * m * n + i]);
  for (int i = threadIdx.x; i < m * width; i += kBlock) y[i] = i / width == i % width;
  __syncthreads();
  for (int k = 0; k < steps; k++) {
    double *v = vs + static_cast<int64_t>(k) * m;
    double rest = 0;
    for (int i = k + 1 + static_cast<int>(threadIdx.x); i < m; i += kBlock)
      rest += x[static_cast<int64_t>(i) * n + k] * x[static_cast<int64_t>(i) * n + k];
    rest = line_join<kBlock>(rest, Plus{});
    const double head = x[static_cast<int64_t>(k) * n + k], beta = -copysign(sqrt(head * head + rest), head);
    const double tau = rest == 0 ? 0 : (beta - head) / beta;
    for (int i = k + static_cast<int>(threadIdx.x); i < m; i += kBlock)
      v[i] = i == k ? 1 : rest == 0 ? 0 : x[static_cast<int64_t>(i) * n + k] / (head - beta);
    if (threadIdx.x == 0) taus[k] = tau;
    __syncthreads();
    if (rest != 0) reflect(x, v, tau, k, m, n, k);
  }
  for (int i = threadIdx.x; i < width * n; i += kBlock)
    r[static_cast<int64_t>(blockIdx.x) * width * n + i] = i % n < i / n ? T(0) : static_cast<T>(x[i]);
  for (int k = steps - 1; k >= 0; k--)
    if (taus[k] != 0) reflect(y, vs + static_cast<int64_t>(k) * m, taus[k], k, m, width, 0);
  for (int i = threadIdx.x; i < m * width; i += kBlock)
    q[static_cast<int64_t>(blockIdx.x) * m * width + i] = static_cast<T>(y[i]);
}

// A column's largest pivot so far; of equals the first row's.
struct Pivot {
  double size;
  int64_t row;
};
struct LargerPivot {
  DEVICE Pivot operator()(Pivot a, Pivot b) const {
    return b.size > a.size || (b.size == a.size && b.row < a.row) ? b : a;
  }
};

// Gaussian elimination with rap_decompose_lu's choice of pivots; a block a matrix. work: x [n, n] of each.
template <typename T>
__global__ void __launch_bounds__(kBlock, 1)
    lu(T *out, int64_t *order, int32_t *info, const T *a, double *work, int n) {
  const int64_t size = static_cast<int64_t>(n) * n, at = blockIdx.x * size;
  double *x = work + at;
  order += static_cast<int64_t>(blockIdx.x) * n;
  for (int64_t i = threadIdx.x; i < size; i += kBlock) x[i] = static_cast<double>(a[at + i]);
  for (int i = threadIdx.x; i < n; i += kBlock) order[i] = i;
  int failed = 0, sign = 1; // the same in every thread
  __syncthreads();
  for (int k = 0; k < n; k++) {
    double *row = x + static_cast<int64_t>(k) * n;
    // The diagonal stays unless something is larger than it: so does a NaN there, and a NaN below is never
    // larger.
    Pivot best{fabs(row[k]), k};
    if (best.size == best.size)
      for (int i = k + 1 + static_cast<int>(threadIdx.x); i < n; i += kBlock)
        best = LargerPivot{}(best, Pivot{fabs(x[static_cast<int64_t>(i) * n + k]), i});
    best = line_join<kBlock>(best, LargerPivot{});
    if (best.row != k) {
      double *other = x + best.row * n;
      for (int j = threadIdx.x; j < n; j += kBlock) {
        const double v = row[j];
        row[j] = other[j], other[j] = v;
      }
      if (threadIdx.x == 0) {
        const int64_t from = order[k];
        order[k] = order[best.row], order[best.row] = from;
      }
      sign = -sign;
    }
    __syncthreads();
    const double pivot = row[k];
    if (pivot == 0) {
      if (!failed) failed = k + 1;
      continue; // the column is zero from here on: nothing to subtract, and nobody writes before the next
                // barrier
    }
    for (int i = k + 1 + static_cast<int>(threadIdx.x); i < n; i += kBlock)
      x[static_cast<int64_t>(i) * n + k] /= pivot;
    __syncthreads();
    // A warp to each row below, so that neighbours take neighbouring columns.
    for (int i = k + 1 + static_cast<int>(threadIdx.x) / 32; i < n; i += kBlock / 32) {
      double *below = x + static_cast<int64_t>(i) * n;
      const double s = below[k];
      if (s == 0) continue;
      for (int j = k + 1 + static_cast<int>(threadIdx.x) % 32; j < n; j += 32) below[j] -= s * row[j];
    }
    __syncthreads();
  }
  for (int64_t i = threadIdx.x; i < size; i += kBlock) out[at + i] = static_cast<T>(x[i]);
  if (threadIdx.x == 0)
    info[2 * static_cast<int64_t>(blockIdx.x)] = failed,
             info[2 * static_cast<int64_t>(blockIdx.x) + 1] = sign;
}

// The rest is for small matrices: a thread a matrix. work: x, then what each needs, for each matrix.
template <typename T>
__global__ void __launch_bounds__(kBlock, 1)
    eigh(T *values, T *vectors, const T *a, double *work, int batch, int n, int upper) {
  const int64_t size = static_cast<int64_t>(n) * n;
  GRID_STRIDE(b, batch) {
    double *v = work + b * (size + 4 * n), *w = v + size;
    for (int64_t i = 0; i < size; i++) v[i] = static_cast<double>(a[b * size + i]);
    rap_decompose_eigh(v, w, w + n, upper, sizeof(T) == 4 ? 0x1p-24 : 0x1p-53, n);
    for (int i = 0; i < n; i++) values[static_cast<int64_t>(b) * n + i] = static_cast<T>(w[i]);
    for (int64_t i = 0; i < size; i++) vectors[b * size + i] = static_cast<T>(v[i]);
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock, 1)
    svd(T *u, T *s, T *v, const T *a, double *work, int batch, int m, int n, int width, int wide) {
  const int64_t size = static_cast<int64_t>(m) * n, u_size = static_cast<int64_t>(m) * width,
                v_size = static_cast<int64_t>(n) * n;
  GRID_STRIDE(b, batch) {
    double *x = work + b * (u_size + size + 4 * v_size + 8 * n), *y = x + u_size, *w = y + v_size;
    for (int64_t i = 0; i < size; i++) x[i] = static_cast<double>(a[b * size + i]);
    rap_decompose_svd(x, w, y, w + n, wide, sizeof(T) == 4 ? 0x1p-24 : 0x1p-53, m, n, width);
    for (int64_t i = 0; i < u_size; i++) u[b * u_size + i] = static_cast<T>(x[i]);
    for (int i = 0; i < n; i++) s[static_cast<int64_t>(b) * n + i] = static_cast<T>(w[i]);
    for (int64_t i = 0; i < v_size; i++) v[b * v_size + i] = static_cast<T>(y[i]);
  }
}

} // namespace

int32_t rap_cholesky(int32_t dtype, void *out, void *info, const void *a, int32_t batch, int32_t n) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (batch == 0) return;
    const Scratch work(static_cast<size_t>(batch) * n * n * sizeof(double) + 1);
    if (work.as<double>())
      RUN((cholesky<T>), batch, kBlock, static_cast<T *>(out), static_cast<int *>(info),
          static_cast<const T *>(a), work.as<double>(), n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_solve_triangular(int32_t dtype, void *out, const void *a, const void *b, int32_t batch, int32_t n,
                             int32_t m, int32_t flags) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int total = batch * m;
    if (total == 0 || n == 0) return;
    const Scratch work(static_cast<size_t>(total) * n * sizeof(double));
    if (work.as<double>())
      RUN((solve_triangular<T>), blocks_for(total), kBlock, static_cast<T *>(out), static_cast<const T *>(a),
          static_cast<const T *>(b), work.as<double>(), total, n, Divider(static_cast<uint32_t>(m)), flags);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_qr(int32_t dtype, void *q, void *r, const void *a, int32_t batch, int32_t m, int32_t n,
               int32_t complete) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (batch == 0 || m == 0) return;
    const int steps = m < n ? m : n, width = complete ? m : steps;
    const int64_t size = static_cast<int64_t>(m) * (n + width + steps) + steps;
    const Scratch work(static_cast<size_t>(batch * size) * sizeof(double) + 1);
    if (work.as<double>())
      RUN((qr<T>), batch, kBlock, static_cast<T *>(q), static_cast<T *>(r), static_cast<const T *>(a),
          work.as<double>(), size, m, n, width);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_lu(int32_t dtype, void *out, void *order, void *info, const void *a, int32_t batch, int32_t n) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (batch == 0) return;
    const Scratch work(static_cast<size_t>(batch) * n * n * sizeof(double) + 1);
    if (work.as<double>())
      RUN((lu<T>), batch, kBlock, static_cast<T *>(out), static_cast<int64_t *>(order),
          static_cast<int32_t *>(info), static_cast<const T *>(a), work.as<double>(), n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_eigh(int32_t dtype, void *values, void *vectors, const void *a, int32_t batch, int32_t n,
                 int32_t upper) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (batch == 0) return;
    const Scratch work(static_cast<size_t>(batch) * n * (n + 4) * sizeof(double) + 1);
    if (work.as<double>())
      RUN((eigh<T>), blocks_for(batch), kBlock, static_cast<T *>(values), static_cast<T *>(vectors),
          static_cast<const T *>(a), work.as<double>(), batch, n, upper);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_svd(int32_t dtype, void *u, void *s, void *v, const void *a, int32_t batch, int32_t m, int32_t n,
                int32_t width, int32_t wide) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (batch == 0) return;
    const int64_t size = static_cast<int64_t>(m) * (width + n) + 4 * static_cast<int64_t>(n) * n + 8 * n;
    const Scratch work(static_cast<size_t>(batch * size) * sizeof(double) + 1);
    if (work.as<double>())
      RUN((svd<T>), blocks_for(batch), kBlock, static_cast<T *>(u), static_cast<T *>(s), static_cast<T *>(v),
          static_cast<const T *>(a), work.as<double>(), batch, m, n, width, wide);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
