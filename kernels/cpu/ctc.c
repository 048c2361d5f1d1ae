// Connectionist temporal classification (Graves et al. 2006): the likelihood of a target over all alignments
// with the inputs, by the forward-backward algorithm in logarithms. A sample of the batch a task.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include <math.h>

typedef struct {
  void *out, *alpha;
  const void *log_probs, *dloss, *loss;
  const int64_t *targets, *lengths;
  int64_t steps, batch, classes, width; // width: 2 · the longest target + 1
  int32_t blank, zero_infinity;
} ctc_job;

// The label at place s of a target with blanks between its labels.
static int64_t label_at(const ctc_job *j, const int64_t *target, int64_t s) {
  return s & 1 ? target[s / 2] : j->blank;
}

#define REAL_BITS 32
#include "ctc.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "ctc.c"
#undef REAL_BITS

int32_t rap_ctc_loss(int32_t dtype, void *loss, void *alpha, const void *log_probs, const void *targets,
                     const void *lengths, int32_t steps, int32_t batch, int32_t classes, int32_t longest,
                     int32_t blank) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  ctc_job j = {
      loss,  alpha, log_probs, 0, 0, targets, lengths, steps, batch, classes, 2 * (int64_t)longest + 1,
      blank, 0};
  rap_parallel(batch, 1, dtype == RAP_FLOAT32 ? ctc_f32 : ctc_f64, &j);
  return RAP_OK;
}

int32_t rap_ctc_loss_backward(int32_t dtype, void *dx, const void *dloss, const void *loss, const void *alpha,
                              const void *log_probs, const void *targets, const void *lengths, int32_t steps,
                              int32_t batch, int32_t classes, int32_t longest, int32_t blank,
                              int32_t zero_infinity) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  ctc_job j = {
      dx,      (void *)(uintptr_t)alpha, log_probs, dloss,        loss, targets, lengths, steps, batch,
      classes, 2 * (int64_t)longest + 1, blank,     zero_infinity};
  rap_parallel(batch, 1, dtype == RAP_FLOAT32 ? ctc_backward_f32 : ctc_backward_f64, &j);
  return RAP_OK;
}

#else
#include "real.h"

// log(exp a + exp b + exp c), all of which may be -inf.
static S N(log_sum)(S a, S b, S c) {
  S top = a > b ? a : b;
  if (c > top) top = c;
  if (top == -(S)INFINITY) return top;
  return (S)log(exp((double)(a - top)) + exp((double)(b - top)) + exp((double)(c - top))) + top;
}

static void N(ctc)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const ctc_job *j = context;
  const S none = -(S)INFINITY;
  for (int64_t n = begin; n < end; n++) {
    const int64_t steps = j->lengths[n], length = j->lengths[j->batch + n], places = 2 * length + 1;
    const int64_t *target = j->targets + j->lengths[2 * j->batch + n];
    S *loss = (S *)j->out + n;
    if (steps == 0) {
      *loss = length == 0 ? 0 : (S)INFINITY;
      continue;
    }
    S *alpha = (S *)j->alpha + n * j->steps * j->width;
    for (int64_t t = 0; t < steps; t++, alpha += j->width) {
      const S *x = (const S *)j->log_probs + (t * j->batch + n) * j->classes, *before = alpha - j->width;
      for (int64_t s = 0; s < places; s++) {
        const int64_t label = label_at(j, target, s);
        if (t == 0) {
          alpha[s] = s < 2 ? x[label] : none;
          continue;
        }
        const int skip = s > 1 && label_at(j, target, s - 2) != label;
        alpha[s] =
            N(log_sum)(before[s], s > 0 ? before[s - 1] : none, skip ? before[s - 2] : none) + x[label];
      }
    }
    alpha -= j->width;
    *loss = -N(log_sum)(alpha[places - 1], length > 0 ? alpha[places - 2] : none, none);
  }
}

// beta, a step at a time: two rows of it live in scratch. The sums over the places of one label gather in dx.
static void N(ctc_backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const ctc_job *j = context;
  const S none = -(S)INFINITY;
  S *rows = rap_scratch(3, 2 * j->width * (int64_t)sizeof(S));
  for (int64_t n = begin; n < end; n++) {
    const int64_t steps = j->lengths[n], length = j->lengths[j->batch + n], places = 2 * length + 1;
    const int64_t *target = j->targets + j->lengths[2 * j->batch + n];
    const S loss = ((const S *)j->loss)[n], scale = ((const S *)j->dloss)[n];
    const int dead = j->zero_infinity && loss == (S)INFINITY;
    for (int64_t t = j->steps - 1; t >= 0; t--) {
      const int64_t at = (t * j->batch + n) * j->classes;
      S *dx = (S *)j->out + at;
      for (int64_t c = 0; c < j->classes; c++) dx[c] = dead || t >= steps ? 0 : none;
      if (dead || t >= steps) continue;
      const S *x = (const S *)j->log_probs + at, *alpha = (const S *)j->alpha + (n * j->steps + t) * j->width;
      S *beta = rows + (t & 1) * j->width;
      const S *after = rows + (~t & 1) * j->width;
      for (int64_t s = 0; s < places; s++) {
        const int64_t label = label_at(j, target, s);
        if (t == steps - 1) {
          beta[s] = s >= places - 2 ? x[label] : none;
        } else {
          const int skip = s < places - 2 && label_at(j, target, s + 2) != label;
          beta[s] = N(log_sum)(after[s], s < places - 1 ? after[s + 1] : none, skip ? after[s + 2] : none) +
                    x[label];
        }
        dx[label] = N(log_sum)(dx[label], alpha[s] + beta[s], none);
      }
      for (int64_t c = 0; c < j->classes; c++)
        dx[c] = scale * (S)(exp((double)x[c]) - exp((double)(dx[c] + loss - x[c])));
    }
  }
}
#endif
