// Distances between the rows of one matrix: a thread a pair of rows, and a thread an element of the gradient.
#include "../distance.h"
#include "common.cuh"
#include "math.cuh"

namespace {

template <typename T>
__global__ void __launch_bounds__(kBlock) pdist(T *y, const T *x, int pairs, int rows, int cols, double p) {
  GRID_STRIDE(pair, pairs) {
    // The row of a pair by the quadratic formula, then exactly.
    const double half = rows - 0.5;
    int64_t i = static_cast<int64_t>(half - sqrt(half * half - 2.0 * pair));
    while (i > 0 && rap_first_pair(i, rows) > static_cast<int64_t>(pair)) i--;
    while (rap_first_pair(i + 1, rows) <= static_cast<int64_t>(pair)) i++;
    const int64_t k = i + 1 + (static_cast<int64_t>(pair) - rap_first_pair(i, rows));
    double sum = 0;
    for (int c = 0; c < cols; c++)
      sum = rap_distance_add(sum, static_cast<double>(x[i * cols + c]) - static_cast<double>(x[k * cols + c]),
                             p);
    y[pair] = static_cast<T>(rap_distance_root(sum, p));
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    pdist_backward(T *dx, const T *dy, const T *x, const T *y, int rows, Divider cols, double p) {
  GRID_STRIDE(at, rows * cols.divisor) {
    const int64_t i = cols.divide(at);
    const T *column = x + (at - i * cols.divisor);
    const double own = static_cast<double>(x[at]);
    double sum = 0;
    for (int64_t k = 0; k < rows; k++) {
      if (k == i) continue;
      const int64_t pair = rap_pair(i, k, rows);
      // The forward has rounded the distance: the largest difference must be compared as rounded too.
      const double d =
          static_cast<double>(static_cast<T>(own - static_cast<double>(column[k * cols.divisor])));
      sum += static_cast<double>(dy[pair]) * rap_distance_slope(d, static_cast<double>(y[pair]), p);
    }
    dx[at] = static_cast<T>(sum);
  }
}

} // namespace

int32_t rap_pdist(int32_t dtype, void *y, const void *x, int32_t rows, int32_t cols, double p) {
  const int pairs = static_cast<int>(static_cast<int64_t>(rows) * (rows - 1) / 2);
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (pairs > 0)
      RUN(pdist<T>, blocks_for(pairs), kBlock, static_cast<T *>(y), static_cast<const T *>(x), pairs, rows,
          cols, p);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_pdist_backward(int32_t dtype, void *dx, const void *dy, const void *x, const void *y,
                           int32_t rows, int32_t cols, double p) {
  const int n = rows * cols;
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (n)
      RUN(pdist_backward<T>, blocks_for(n), kBlock, static_cast<T *>(dx), static_cast<const T *>(dy),
          static_cast<const T *>(x), static_cast<const T *>(y), rows, Divider(cols), p);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}
