// One element of fractional max pooling, for every type FRACTIONAL_REAL that an includer names: the same text
// for the CPU and for CUDA. FRACTIONAL_NAME(f) is f's name for that type.
#ifndef RAP_FRACTIONAL_POOL_H
#define RAP_FRACTIONAL_POOL_H
#include <stdint.h>

// Sizes by dimension, outermost first; in two dimensions the first are 1.
typedef struct {
  int32_t planes, in[3], out[3], kernel[3];
} rap_fractional;

#ifdef __CUDACC__
#define RAP_FRACTIONAL static __host__ __device__ inline
#else
#define RAP_FRACTIONAL static inline
#endif

RAP_FRACTIONAL rap_fractional rap_fractional_of(const int32_t *meta) {
  rap_fractional f = {meta[0], {0}, {0}, {0}};
  for (int i = 0; i < 3; i++) f.in[i] = meta[1 + i], f.out[i] = meta[4 + i], f.kernel[i] = meta[7 + i];
  return f;
}
#endif

// Where window `o` begins along dimension d: steps of (in - kernel) / (out - 1), rounded after a random shift
// (Graham 2014, "Fractional Max-Pooling"), in the element type's own arithmetic, as in PyTorch.
RAP_FRACTIONAL int32_t FRACTIONAL_NAME(window)(const rap_fractional *f, int d, int32_t o,
                                               FRACTIONAL_REAL sample) {
  const int32_t last = f->in[d] - f->kernel[d];
  if (o == f->out[d] - 1) return last;
  const FRACTIONAL_REAL alpha = (FRACTIONAL_REAL)last / (FRACTIONAL_REAL)(f->out[d] - 1);
  const FRACTIONAL_REAL to = ((FRACTIONAL_REAL)o + sample) * alpha, from = sample * alpha;
  // Samples outside of [0, 1) that somebody hands in must not lead outside of the image.
  if (!(from >= 0 && to < (FRACTIONAL_REAL)1e9)) return 0;
  const int32_t begin = (int32_t)to - (int32_t)from;
  return begin < last ? begin : last;
}

// The largest element of output `at`'s window, and where it is in its plane: the first of equals, or the last
// NaN. samples[planes,3]
RAP_FRACTIONAL FRACTIONAL_REAL FRACTIONAL_NAME(largest)(const rap_fractional *f, const FRACTIONAL_REAL *x,
                                                        const FRACTIONAL_REAL *samples, int64_t at,
                                                        int64_t *index) {
  int32_t begin[3];
  int64_t plane = at;
  for (int d = 2; d >= 0; d--) begin[d] = (int32_t)(plane % f->out[d]), plane /= f->out[d];
  for (int d = 0; d < 3; d++) begin[d] = FRACTIONAL_NAME(window)(f, d, begin[d], samples[plane * 3 + d]);
  x += plane * f->in[0] * f->in[1] * f->in[2];
  int64_t best = ((int64_t)begin[0] * f->in[1] + begin[1]) * f->in[2] + begin[2];
  FRACTIONAL_REAL most = f->kernel[0] * f->kernel[1] * f->kernel[2] > 0 ? x[best] : 0;
  for (int32_t i = 0; i < f->kernel[0]; i++)
    for (int32_t j = 0; j < f->kernel[1]; j++)
      for (int32_t k = 0; k < f->kernel[2]; k++) {
        const int64_t here = ((int64_t)(begin[0] + i) * f->in[1] + begin[1] + j) * f->in[2] + begin[2] + k;
        if (x[here] > most || x[here] != x[here]) most = x[here], best = here;
      }
  *index = best;
  return most;
}
