// Losses: cross entropy from logits or log-probabilities, and the pointwise losses of pointwise.h, with their
// gradients.
#include "lines.cuh"
#include "math.cuh"

namespace {

// The most blocks that leave a partial sum for one block to join, in order.
constexpr int kPartials = 512;

// ---- cross entropy
// -----------------------------------------------------------------------------------------

template <typename T> struct Entropy {
  Lines rows; // one line of classes for each [batch, inner]
  const T *x, *weight;
  const int64_t *target;
  int ignore_index, reduction, log_probs;
  double smoothing;
};

// saved[row] = log-sum-exp; row_sums: what each row adds to the loss, unsmoothed and smoothed, and its
// weight.
template <typename T, int L>
__global__ void __launch_bounds__(kBlock)
    cross_entropy_rows(T *loss, T *saved, double *row_sums, Entropy<T> e, int *fault) {
  int64_t at = 0;
  const int row = e.rows.template mine<L>(at);
  if (row < 0) return;
  const T *x = e.x + at;
  const int first = threadIdx.x % L, inner = e.rows.inner, classes = e.rows.dim;
  T log_sum = 0;
  if (!e.log_probs) {
    T top = -INFINITY;
    for (int c = first; c < classes; c += L) {
      const T v = x[static_cast<int64_t>(c) * inner];
      top = Largest{}(top, v);
    }
    top = line_join<L>(top, Largest{});
    T sum = 0;
    for (int c = first; c < classes; c += L) sum += op_exp(x[static_cast<int64_t>(c) * inner] - top);
    log_sum = top + op_log(line_join<L>(sum, Plus{}));
  }
  const int64_t t = e.target[row];
  const bool counts = t != e.ignore_index, wrong = counts && (t < 0 || t >= classes);
  double even = 0;
  if (e.smoothing > 0 && counts)
    for (int c = first; c < classes; c += L)
      even += static_cast<double>(log_sum - x[static_cast<int64_t>(c) * inner]) *
              (e.weight ? static_cast<double>(e.weight[c]) : 1.0);
  even = line_join<L>(even, Plus{});
  if (first) return;
  saved[row] = log_sum;
  if (wrong) atomicMax(fault, RAP_FAULT_TARGET);
  const double w = !counts || wrong ? 0 : e.weight ? static_cast<double>(e.weight[t]) : 1;
  const double nll = w == 0 ? 0 : w * (static_cast<double>(log_sum) - static_cast<double>(x[t * inner]));
  if (e.reduction == RAP_REDUCTION_NONE)
    loss[row] = static_cast<T>((1 - e.smoothing) * nll + e.smoothing / classes * even);
  row_sums[row] = nll, row_sums[e.rows.lines + row] = even, row_sums[2 * e.rows.lines + row] = w;
}

// One block: the loss and the total weight from the rows' sums.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    cross_entropy_total(T *loss, T *total, const double *row_sums, int rows, int classes, int reduction,
                        double smoothing) {
  double sum[3] = {0, 0, 0};
  for (int i = threadIdx.x; i < rows; i += kBlock)
    for (int k = 0; k < 3; k++) sum[k] += row_sums[static_cast<int64_t>(k) * rows + i];
  for (int k = 0; k < 3; k++) sum[k] = line_join<kBlock>(sum[k], Plus{});
  if (threadIdx.x) return;
  double v = (1 - smoothing) * sum[0] + sum[1] * smoothing / classes;
  if (reduction == RAP_REDUCTION_MEAN) v /= sum[2];
  if (reduction != RAP_REDUCTION_NONE) *loss = static_cast<T>(v);
  *total = static_cast<T>(sum[2]);
}

template <typename T, int L>
__global__ void __launch_bounds__(kBlock)
    cross_entropy_backward(T *dx, const T *dloss, const T *saved, Entropy<T> e) {
  int64_t at = 0;
  const int row = e.rows.template mine<L>(at);
  if (row < 0) return;
  const T *x = e.x + at;
  dx += at;
  const int first = threadIdx.x % L, inner = e.rows.inner, classes = e.rows.dim;
  const int64_t t = e.target[row];
  double weights = classes;
  if (e.weight && e.smoothing > 0) {
    weights = 0;
    for (int c = first; c < classes; c += L) weights += static_cast<double>(e.weight[c]);
    weights = line_join<L>(weights, Plus{});
  }
  double scale = static_cast<double>(dloss[e.reduction == RAP_REDUCTION_NONE ? row : 0]);
  if (e.reduction == RAP_REDUCTION_MEAN) scale /= static_cast<double>(saved[e.rows.lines]);
  const bool counts = t != e.ignore_index && t >= 0 && t < classes;
  // d/dx_c: softmax_c times all the weight that the row's terms carry, less the weight of class c's own term.
  const double own =
      scale * (1 - e.smoothing) * (counts && e.weight ? static_cast<double>(e.weight[t]) : 1.0);
  const double even = scale * e.smoothing / classes;
  const T all = static_cast<T>(own + even * weights), log_sum = saved[row];
  for (int c = first; c < classes; c += L) {
    const int64_t k = static_cast<int64_t>(c) * inner;
    T v = e.log_probs ? T(0) : all * op_exp(x[k] - log_sum);
    if (e.smoothing > 0) v -= static_cast<T>(even * (e.weight ? static_cast<double>(e.weight[c]) : 1.0));
    if (c == t) v -= static_cast<T>(own);
    dx[k] = counts ? v : T(0);
  }
}

template <typename T>
Entropy<T> entropy_of(const void *x, const void *target, const void *weight, int batch, int classes,
                      int inner, int ignore_index, int reduction, int log_probs, double smoothing) {
  return {Lines(batch, classes, inner),
          static_cast<const T *>(x),
          static_cast<const T *>(weight),
          static_cast<const int64_t *>(target),
          ignore_index,
          reduction,
          log_probs,
          smoothing};
}

// ---- pointwise losses
// --------------------------------------------------------------------------------------

#define M(f) op_##f
#define K(c) T(c)
#define RAP_LOSS_ROW(name, formula, derivative)                                                              \
  template <typename T> struct Loss_##name {                                                                 \
    static DEVICE T value(T x, T t, T p) {                                                                   \
      (void)p;                                                                                               \
      return formula;                                                                                        \
    }                                                                                                        \
    static DEVICE T slope(T x, T t, T p) {                                                                   \
      (void)x, (void)t, (void)p;                                                                             \
      return derivative;                                                                                     \
    }                                                                                                        \
  };
RAP_LOSS_FLOAT(RAP_LOSS_ROW)

template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock)
    loss_values(T *out, double *partial, const T *x, const T *t, const T *w, int n, T p) {
  double sum = 0;
  GRID_STRIDE(i, n) {
    T v = Op::value(x[i], t[i], p);
    if (w) v *= w[i];
    if (!partial) out[i] = v;
    sum += static_cast<double>(v);
  }
  if (!partial) return;
  sum = line_join<kBlock>(sum, Plus{});
  if (threadIdx.x == 0) partial[blockIdx.x] = sum;
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    loss_total(T *out, const double *partial, int parts, double divisor) {
  double sum = 0;
  for (int i = threadIdx.x; i < parts; i += kBlock) sum += partial[i];
  sum = line_join<kBlock>(sum, Plus{});
  if (threadIdx.x == 0) *out = static_cast<T>(sum / divisor);
}

template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock)
    loss_slopes(T *dx, const T *dloss, const T *x, const T *t, const T *w, int n, int each, T scale, T p) {
  const T whole = each ? scale : scale * dloss[0];
  GRID_STRIDE(i, n) {
    T v = whole * Op::slope(x[i], t[i], p);
    if (each) v *= dloss[i];
    if (w) v *= w[i];
    dx[i] = v;
  }
}

template <typename Op, typename T>
void run_loss(void *loss, const void *x, const void *target, const void *weight, int n, int reduction,
              double p) {
  const T *xs = static_cast<const T *>(x), *ts = static_cast<const T *>(target),
          *ws = static_cast<const T *>(weight);
  const int blocks = blocks_for(n) < kPartials ? blocks_for(n) : kPartials;
  if (reduction == RAP_REDUCTION_NONE) {
    if (n)
      RUN((loss_values<Op, T>), blocks, kBlock, static_cast<T *>(loss), nullptr, xs, ts, ws, n,
          static_cast<T>(p));
    return;
  }
  const Scratch partial(kPartials * sizeof(double));
  if (!partial.as<double>()) return;
  RUN((loss_values<Op, T>), blocks, kBlock, static_cast<T *>(loss), partial.as<double>(), xs, ts, ws, n,
      static_cast<T>(p));
  RUN((loss_total<T>), 1, kBlock, static_cast<T *>(loss), partial.as<double>(), blocks,
      reduction == RAP_REDUCTION_MEAN ? n : 1.0);
}

template <typename Op, typename T>
void run_slope(void *dx, const void *dloss, const void *x, const void *target, const void *weight, int n,
               int reduction, double p) {
  if (!n) return;
  const T scale = reduction == RAP_REDUCTION_MEAN ? static_cast<T>(1.0 / n) : T(1);
  RUN((loss_slopes<Op, T>), blocks_for(n), kBlock, static_cast<T *>(dx), static_cast<const T *>(dloss),
      static_cast<const T *>(x), static_cast<const T *>(target), static_cast<const T *>(weight), n,
      reduction == RAP_REDUCTION_NONE, scale, static_cast<T>(p));
}

} // namespace

int32_t rap_cross_entropy(int32_t dtype, void *loss, void *saved, const void *x, const void *target,
                          const void *weight, int32_t batch, int32_t classes, int32_t inner,
                          int32_t ignore_index, int32_t reduction, int32_t log_probs, double smoothing) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const auto e = entropy_of<T>(x, target, weight, batch, classes, inner, ignore_index, reduction, log_probs,
                                 smoothing);
    T *to = static_cast<T *>(loss), *save = static_cast<T *>(saved);
    const int rows = e.rows.lines;
    const Scratch sums((rows ? static_cast<size_t>(rows) : 1) * 3 * sizeof(double));
    double *row_sums = sums.as<double>();
    if (!row_sums) return;
    if (rows)
      with_line_threads(e.rows, [&](auto threads) {
        constexpr int L = decltype(threads)::value;
        RUN((cross_entropy_rows<T, L>), line_blocks(e.rows, L), kBlock, to, save, row_sums, e,
            rap_fault_flag());
      });
    RUN((cross_entropy_total<T>), 1, kBlock, to, save + rows, row_sums, rows, classes, reduction, smoothing);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_cross_entropy_backward(int32_t dtype, void *dx, const void *dloss, const void *saved,
                                   const void *x, const void *target, const void *weight, int32_t batch,
                                   int32_t classes, int32_t inner, int32_t ignore_index, int32_t reduction,
                                   int32_t log_probs, double smoothing) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const auto e = entropy_of<T>(x, target, weight, batch, classes, inner, ignore_index, reduction, log_probs,
                                 smoothing);
    if (e.rows.lines)
      with_line_threads(e.rows, [&](auto threads) {
        constexpr int L = decltype(threads)::value;
        RUN((cross_entropy_backward<T, L>), line_blocks(e.rows, L), kBlock, static_cast<T *>(dx),
            static_cast<const T *>(dloss), static_cast<const T *>(saved), e);
      });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

#define LOSS_CASE(name, formula, derivative)                                                                 \
  case RAP_LOSS_##name: run_loss<Loss_##name<T>, T>(loss, x, target, weight, n, reduction, p); break;
int32_t rap_loss(int32_t kind, int32_t dtype, void *loss, const void *x, const void *target,
                 const void *weight, int32_t n, int32_t reduction, double p) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    switch (kind) { RAP_LOSS_FLOAT(LOSS_CASE) }
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

#define SLOPE_CASE(name, formula, derivative)                                                                \
  case RAP_LOSS_##name: run_slope<Loss_##name<T>, T>(dx, dloss, x, target, weight, n, reduction, p); break;
int32_t rap_loss_backward(int32_t kind, int32_t dtype, void *dx, const void *dloss, const void *x,
                          const void *target, const void *weight, int32_t n, int32_t reduction, double p) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    switch (kind) { RAP_LOSS_FLOAT(SLOPE_CASE) }
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
