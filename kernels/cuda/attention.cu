// Attention: a block of threads for each query, whose scores pass through shared memory a block's worth at a time; the
// gradients of keys and values have a block of threads for each key, so that nothing is added from two sides.
#include "common.cuh"
#include "math.cuh"

namespace {

// Where a row of [batch, head, row, …] is.
struct Place {
  int64_t batch, head, row;
  explicit Place(const int32_t *meta) : batch(meta[0]), head(meta[1]), row(meta[2]) {}
  DEVICE int64_t at(int b, int h, int r) const { return b * batch + h * head + r * row; }
};

struct Shape {
  int batch, heads, groups, length, source, width, out, causal;
  Place q, k, v, y, mask;
  int64_t mask_column;
  explicit Shape(const int32_t *meta)
      : batch(meta[0]), heads(meta[1]), groups(meta[2]), length(meta[3]), source(meta[4]), width(meta[5]), out(meta[6]), causal(meta[7]), q(meta + 8),
        k(meta + 11), v(meta + 14), y(meta + 17), mask(meta + 20), mask_column(meta[23]) {}
  // How many keys query i sees.
  DEVICE int seen(int i) const { return causal && i + 1 < source ? i + 1 : source; }
};

struct Gradients {
  Place dy, dq, dk, dv;
  explicit Gradients(const int32_t *meta) : dy(meta + 24), dq(meta + 27), dk(meta + 30), dv(meta + 33) {}
};

template <typename T> DEVICE T dot(const T *a, const T *b, int n) {
  T s = 0;
  for (int c = 0; c < n; c++) s += a[c] * b[c];
  return s;
}

template <typename T> struct Inputs {
  const T *q, *k, *v, *mask;
  T scale;
  DEVICE T score(const Shape &s, int b, int h, int i, int j) const {
    const int g = h / (s.heads / s.groups);
    const T x = scale * dot(q + s.q.at(b, h, i), k + s.k.at(b, g, j), s.width);
    return mask ? x + mask[s.mask.at(b, h, i) + j * s.mask_column] : x;
  }
};

template <typename T> __global__ void __launch_bounds__(kBlock) attention(T *y, T *lse, Inputs<T> x, Shape s) {
  const int i = blockIdx.x % s.length, h = blockIdx.x / s.length % s.heads, b = blockIdx.x / s.length / s.heads;
  const int g = h / (s.heads / s.groups), keys = s.seen(i);
  RAP_SHARED(T, weights, kBlock);
  T top = -INFINITY, sum = 0;
  for (int j = threadIdx.x; j < keys; j += kBlock) top = Largest{}(top, x.score(s, b, h, i, j));
  top = block_reduce(top, T(-INFINITY), Largest{});
  const bool blind = top == T(-INFINITY);
  for (int j = threadIdx.x; j < keys && !blind; j += kBlock) sum += op_exp(x.score(s, b, h, i, j) - top);
  sum = block_reduce(sum, T(0), Plus{});
  T *to = y + s.y.at(b, h, i);
  for (int first = 0; first < keys; first += kBlock) {
    const int j = first + threadIdx.x, count = keys - first < kBlock ? keys - first : kBlock;
    weights[threadIdx.x] = j < keys && !blind ? op_exp(x.score(s, b, h, i, j) - top) / sum : T(0);
    __syncthreads();
    for (int c = threadIdx.x; c < s.out; c += kBlock) {
      T total = first ? to[c] : T(0);
      for (int n = 0; n < count; n++) total += weights[n] * x.v[s.v.at(b, g, first + n) + c];
      to[c] = total;
    }
    __syncthreads();
  }
  // Exponentials of scores less infinity are 0, which a query that sees nothing asks for.
  if (threadIdx.x == 0) lse[blockIdx.x] = blind ? T(INFINITY) : top + op_log(sum);
}

template <typename T>
__global__ void __launch_bounds__(kBlock) attention_backward_queries(T *dq, T *delta, const T *dy, const T *y, const T *lse, Inputs<T> x, Shape s, Gradients d) {
  const int i = blockIdx.x % s.length, h = blockIdx.x / s.length % s.heads, b = blockIdx.x / s.length / s.heads;
  const int g = h / (s.heads / s.groups), keys = s.seen(i);
  RAP_SHARED(T, slopes, kBlock);
  const T *slope = dy + d.dy.at(b, h, i);
  T product = 0;
  for (int c = threadIdx.x; c < s.out; c += kBlock) product += slope[c] * y[s.y.at(b, h, i) + c];
  product = block_reduce(product, T(0), Plus{});
  if (threadIdx.x == 0) delta[blockIdx.x] = product;
  T *to = dq + d.dq.at(b, h, i);
  for (int first = 0; first < keys; first += kBlock) {
    const int j = first + threadIdx.x, count = keys - first < kBlock ? keys - first : kBlock;
    T v = 0;
    if (j < keys) {
      const T weight = op_exp(x.score(s, b, h, i, j) - lse[blockIdx.x]);
      v = x.scale * weight * (dot(slope, x.v + s.v.at(b, g, j), s.out) - product);
    }
    slopes[threadIdx.x] = v;
    __syncthreads();
    for (int c = threadIdx.x; c < s.width; c += kBlock) {
      T total = first ? to[c] : T(0);
      for (int n = 0; n < count; n++) total += slopes[n] * x.k[s.k.at(b, g, first + n) + c];
      to[c] = total;
    }
    __syncthreads();
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock) attention_backward_keys(T *dk, T *dv, const T *dy, const T *delta, const T *lse, Inputs<T> x, Shape s, Gradients d) {
  const int j = blockIdx.x % s.source, g = blockIdx.x / s.source % s.groups, b = blockIdx.x / s.source / s.groups;
  const int share = s.heads / s.groups;
  RAP_SHARED(T, weights, kBlock);
  RAP_SHARED(T, slopes, kBlock);
  T *to_k = dk + d.dk.at(b, g, j), *to_v = dv + d.dv.at(b, g, j);
  for (int c = threadIdx.x; c < s.width; c += kBlock) to_k[c] = 0;
  for (int c = threadIdx.x; c < s.out; c += kBlock) to_v[c] = 0;
  for (int h = g * share; h < (g + 1) * share; h++)
    for (int first = s.causal ? j : 0; first < s.length; first += kBlock) {
      const int i = first + threadIdx.x, count = s.length - first < kBlock ? s.length - first : kBlock;
      T weight = 0, slope = 0;
      if (i < s.length) {
        const int row = (b * s.heads + h) * s.length + i;
        weight = op_exp(x.score(s, b, h, i, j) - lse[row]);
        slope = x.scale * weight * (dot(dy + d.dy.at(b, h, i), x.v + s.v.at(b, g, j), s.out) - delta[row]);
      }
      weights[threadIdx.x] = weight, slopes[threadIdx.x] = slope;
      __syncthreads();
      for (int c = threadIdx.x; c < s.out; c += kBlock)
        for (int n = 0; n < count; n++) to_v[c] += weights[n] * dy[d.dy.at(b, h, first + n) + c];
      for (int c = threadIdx.x; c < s.width; c += kBlock)
        for (int n = 0; n < count; n++) to_k[c] += slopes[n] * x.q[s.q.at(b, h, first + n) + c];
      __syncthreads();
    }
}

template <typename T> Inputs<T> inputs(const void *q, const void *k, const void *v, const void *mask, double scale) {
  return {static_cast<const T *>(q), static_cast<const T *>(k), static_cast<const T *>(v), static_cast<const T *>(mask), static_cast<T>(scale)};
}

} // namespace

int32_t rap_attention(int32_t dtype, void *y, void *lse, const void *q, const void *k, const void *v, const void *mask, double scale, const int32_t *meta) {
  const Shape s(meta);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    RUN(attention<T>, s.batch * s.heads * s.length, kBlock, static_cast<T *>(y), static_cast<T *>(lse), inputs<T>(q, k, v, mask, scale), s);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_attention_backward(int32_t dtype, void *dq, void *dk, void *dv, const void *dy, const void *y, const void *lse, const void *q, const void *k,
                               const void *v, const void *mask, double scale, const int32_t *meta) {
  const Shape s(meta);
  const Gradients d(meta);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int rows = s.batch * s.heads * s.length;
    const Scratch delta(static_cast<size_t>(rows) * sizeof(T));
    const Inputs<T> x = inputs<T>(q, k, v, mask, scale);
    RUN(attention_backward_queries<T>, rows, kBlock, static_cast<T *>(dq), delta.as<T>(), static_cast<const T *>(dy), static_cast<const T *>(y),
        static_cast<const T *>(lse), x, s, d);
    RUN(attention_backward_keys<T>, s.batch * s.groups * s.source, kBlock, static_cast<T *>(dk), static_cast<T *>(dv), static_cast<const T *>(dy),
        delta.as<T>(), static_cast<const T *>(lse), x, s, d);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
