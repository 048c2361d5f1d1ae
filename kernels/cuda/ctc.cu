// Connectionist temporal classification (Graves et al. 2006): the likelihood of a target over all alignments
// with the inputs, by the forward-backward algorithm in logarithms. A block a sample; its threads share the
// places of a step.
#include "common.cuh"
#include "math.cuh"

namespace {

template <typename T> struct Ctc {
  const T *log_probs;
  const int64_t *targets, *lengths;
  int steps, batch, classes, width, blank; // width: 2 * the longest target + 1

  Ctc(const void *log_probs, const void *targets, const void *lengths, int steps, int batch, int classes,
      int longest, int blank)
      : log_probs(static_cast<const T *>(log_probs)), targets(static_cast<const int64_t *>(targets)),
        lengths(static_cast<const int64_t *>(lengths)), steps(steps), batch(batch), classes(classes),
        width(2 * longest + 1), blank(blank) {}

  // The label at place s of a target with blanks between its labels.
  DEVICE int64_t label(const int64_t *target, int64_t s) const { return s & 1 ? target[s / 2] : blank; }
  DEVICE const T *probs(int64_t t, int n) const { return log_probs + (t * batch + n) * classes; }
};

// log(exp a + exp b + exp c), all of which may be -inf.
template <typename T> DEVICE T log_sum(T a, T b, T c) {
  T top = a > b ? a : b;
  if (c > top) top = c;
  if (top == T(-INFINITY)) return top;
  return static_cast<T>(log(exp(static_cast<double>(a - top)) + exp(static_cast<double>(b - top)) +
                            exp(static_cast<double>(c - top)))) +
         top;
}

template <typename T> __global__ void __launch_bounds__(kBlock, 1) ctc(T *loss, T *alphas, Ctc<T> c) {
  const int n = blockIdx.x;
  const T none = T(-INFINITY);
  const int64_t steps = c.lengths[n], length = c.lengths[c.batch + n], places = 2 * length + 1;
  const int64_t *target = c.targets + c.lengths[2 * c.batch + n];
  T *alpha = alphas + static_cast<int64_t>(n) * c.steps * c.width;
  for (int64_t t = 0; t < steps; t++, alpha += c.width) {
    const T *x = c.probs(t, n), *before = alpha - c.width;
    for (int64_t s = threadIdx.x; s < places; s += kBlock) {
      const int64_t label = c.label(target, s);
      if (t == 0) {
        alpha[s] = s < 2 ? x[label] : none;
        continue;
      }
      const bool skip = s > 1 && c.label(target, s - 2) != label;
      alpha[s] = log_sum(before[s], s > 0 ? before[s - 1] : none, skip ? before[s - 2] : none) + x[label];
    }
    __syncthreads();
  }
  if (threadIdx.x) return;
  alpha -= c.width;
  loss[n] = steps == 0 ? (length == 0 ? T(0) : T(INFINITY))
                       : -log_sum(alpha[places - 1], length > 0 ? alpha[places - 2] : none, none);
}

// beta, a step at a time: two rows of it live in `betas`. A thread a class joins the places of its label.
template <typename T>
__global__ void __launch_bounds__(kBlock, 1)
    ctc_backward(T *dx, const T *dloss, const T *losses, const T *alphas, T *betas, Ctc<T> c,
                 int zero_infinity) {
  const int n = blockIdx.x;
  const T none = T(-INFINITY), loss = losses[n], scale = dloss[n];
  const int64_t steps = c.lengths[n], length = c.lengths[c.batch + n], places = 2 * length + 1;
  const int64_t *target = c.targets + c.lengths[2 * c.batch + n];
  T *rows = betas + static_cast<int64_t>(n) * 2 * c.width;
  const bool dead = zero_infinity && loss == T(INFINITY);
  for (int64_t t = c.steps - 1; t >= 0; t--) {
    T *to = dx + (t * c.batch + n) * c.classes;
    if (dead || t >= steps) {
      for (int k = threadIdx.x; k < c.classes; k += kBlock) to[k] = 0;
      continue;
    }
    const T *x = c.probs(t, n), *alpha = alphas + (static_cast<int64_t>(n) * c.steps + t) * c.width;
    T *beta = rows + (t & 1) * c.width;
    const T *after = rows + (~t & 1) * c.width;
    for (int64_t s = threadIdx.x; s < places; s += kBlock) {
      const int64_t label = c.label(target, s);
      if (t == steps - 1) {
        beta[s] = s >= places - 2 ? x[label] : none;
        continue;
      }
      const bool skip = s < places - 2 && c.label(target, s + 2) != label;
      beta[s] =
          log_sum(after[s], s < places - 1 ? after[s + 1] : none, skip ? after[s + 2] : none) + x[label];
    }
    __syncthreads();
    for (int k = threadIdx.x; k < c.classes; k += kBlock) {
      T sum = none;
      for (int64_t s = 0; s < places; s++)
        if (c.label(target, s) == k) sum = log_sum(sum, alpha[s] + beta[s], none);
      to[k] = scale *
              static_cast<T>(exp(static_cast<double>(x[k])) - exp(static_cast<double>(sum + loss - x[k])));
    }
    __syncthreads();
  }
}

} // namespace

int32_t rap_ctc_loss(int32_t dtype, void *loss, void *alpha, const void *log_probs, const void *targets,
                     const void *lengths, int32_t steps, int32_t batch, int32_t classes, int32_t longest,
                     int32_t blank) {
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    const Ctc<T> c(log_probs, targets, lengths, steps, batch, classes, longest, blank);
    if (batch) RUN(ctc<T>, batch, kBlock, static_cast<T *>(loss), static_cast<T *>(alpha), c);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_ctc_loss_backward(int32_t dtype, void *dx, const void *dloss, const void *loss, const void *alpha,
                              const void *log_probs, const void *targets, const void *lengths, int32_t steps,
                              int32_t batch, int32_t classes, int32_t longest, int32_t blank,
                              int32_t zero_infinity) {
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    const Ctc<T> c(log_probs, targets, lengths, steps, batch, classes, longest, blank);
    const Scratch betas(static_cast<size_t>(batch) * 2 * c.width * sizeof(T));
    if (batch)
      RUN(ctc_backward<T>, batch, kBlock, static_cast<T *>(dx), static_cast<const T *>(dloss),
          static_cast<const T *>(loss), static_cast<const T *>(alpha), betas.as<T>(), c, zero_infinity);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}
