// Softmax and its logarithm over the middle dimension of [outer, dim, inner].
#include "lines.cuh"
#include "math.cuh"

template <typename T, int L>
__global__ void __launch_bounds__(kBlock) softmax(T *y, const T *x, Lines l, int take_log) {
  int64_t at = 0;
  if (l.mine<L>(at) < 0) return;
  x += at, y += at;
  const int first = threadIdx.x % L;
  T top = -INFINITY;
  for (int i = first; i < l.dim; i += L) {
    const T v = x[static_cast<int64_t>(i) * l.inner];
    top = Largest{}(top, v);
  }
  top = line_join<L>(top, Largest{});
  T sum = 0;
  for (int i = first; i < l.dim; i += L) sum += op_exp(x[static_cast<int64_t>(i) * l.inner] - top);
  sum = line_join<L>(sum, Plus{});
  const T log_sum = op_log(sum), scale = T(1) / sum;
  for (int i = first; i < l.dim; i += L) {
    const int64_t k = static_cast<int64_t>(i) * l.inner;
    const T v = x[k] - top;
    y[k] = take_log ? v - log_sum : op_exp(v) * scale;
  }
}

template <typename T, int L>
__global__ void __launch_bounds__(kBlock)
    softmax_backward(T *dx, const T *dy, const T *y, Lines l, int take_log) {
  int64_t at = 0;
  if (l.mine<L>(at) < 0) return;
  dx += at, dy += at, y += at;
  const int first = threadIdx.x % L;
  T sum = 0;
  for (int i = first; i < l.dim; i += L) {
    const int64_t k = static_cast<int64_t>(i) * l.inner;
    sum += take_log ? dy[k] : dy[k] * y[k];
  }
  sum = line_join<L>(sum, Plus{});
  for (int i = first; i < l.dim; i += L) {
    const int64_t k = static_cast<int64_t>(i) * l.inner;
    dx[k] = take_log ? dy[k] - op_exp(y[k]) * sum : y[k] * (dy[k] - sum);
  }
}

int32_t rap_softmax(int32_t dtype, void *y, const void *x, int32_t outer, int32_t dim, int32_t inner,
                    int32_t take_log) {
  const Lines l(outer, dim, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (l.lines == 0 || dim == 0) return;
    with_line_threads(l, [&](auto threads) {
      constexpr int L = decltype(threads)::value;
      RUN((softmax<T, L>), line_blocks(l, L), kBlock, static_cast<T *>(y), static_cast<const T *>(x), l,
          take_log);
    });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_softmax_backward(int32_t dtype, void *dx, const void *dy, const void *y, int32_t outer,
                             int32_t dim, int32_t inner, int32_t take_log) {
  const Lines l(outer, dim, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (l.lines == 0 || dim == 0) return;
    with_line_threads(l, [&](auto threads) {
      constexpr int L = decltype(threads)::value;
      RUN((softmax_backward<T, L>), line_blocks(l, L), kBlock, static_cast<T *>(dx),
          static_cast<const T *>(dy), static_cast<const T *>(y), l, take_log);
    });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
