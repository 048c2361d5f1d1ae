// The geometry of pooling, the same for every element type.
#ifndef RAP_POOL_PLAN_H
#define RAP_POOL_PLAN_H

#include "../raptorch.h"
#include <stdint.h>

typedef struct {
  int32_t in, out, kernel, stride, padding, dilation;
} pool_axis;

typedef struct {
  int32_t planes, adaptive;
  int64_t in_size, out_size; // elements of a plane
  pool_axis axis[3];
} pool_plan;

// One call: what its threads share.
typedef struct {
  pool_plan plan;
  void *out, *indices;
  const void *in;
  int32_t kind; // dtype of the indices, -1 for none
  int32_t assign, include_padding, divisor;
  char *scratch; // a row for each part
  int64_t scratch_bytes;
} pool_job;

static inline void pool_plan_init(pool_plan *p, const int32_t *meta) {
  *p = (pool_plan){.planes = meta[0], .adaptive = meta[7] == 0, .in_size = 1, .out_size = 1};
  for (int i = 0; i < 3; i++) {
    p->axis[i] = (pool_axis){meta[1 + i], meta[4 + i], meta[7 + i], meta[10 + i], meta[13 + i], meta[16 + i]};
    p->in_size *= meta[1 + i], p->out_size *= meta[4 + i];
  }
}

// The outputs [begin, end) for which the tap at `shift` = k * dilation - padding falls inside the image.
static inline int32_t pool_tap_begin(const pool_axis *a, int32_t shift) {
  return shift >= 0 ? 0 : (-shift + a->stride - 1) / a->stride;
}
static inline int32_t pool_tap_end(const pool_axis *a, int32_t shift) {
  const int32_t end = a->in - 1 - shift < 0 ? 0 : (a->in - 1 - shift) / a->stride + 1;
  return end < a->out ? end : a->out;
}

// The part [begin, end) of output o's undilated window that lies inside the image.
static inline int32_t pool_begin(const pool_axis *a, int32_t o) {
  const int32_t begin = o * a->stride - a->padding;
  return begin < 0 ? 0 : begin;
}
static inline int32_t pool_end(const pool_axis *a, int32_t o) {
  const int32_t end = o * a->stride - a->padding + a->kernel;
  return end < a->in ? end : a->in;
}
// What an average divides by along this axis; padding counts, but not what lies beyond it.
static inline int32_t pool_count(const pool_axis *a, int32_t o, int32_t include_padding) {
  const int32_t begin = o * a->stride - a->padding;
  int32_t end = begin + a->kernel;
  if (end > a->in + a->padding) end = a->in + a->padding;
  return include_padding ? end - begin : pool_end(a, o) - pool_begin(a, o);
}

typedef struct {
  int32_t begin[3], end[3], size;
} pool_window;

// The adaptive window of flat output o.
static inline pool_window pool_adaptive(const pool_plan *p, int64_t o) {
  pool_window v = {.size = 1};
  for (int i = 2; i >= 0; i--) {
    const int64_t in = p->axis[i].in, out = p->axis[i].out, at = o % out;
    v.begin[i] = (int32_t)(at * in / out), v.end[i] = (int32_t)(((at + 1) * in + out - 1) / out);
    v.size *= v.end[i] - v.begin[i];
    o /= out;
  }
  return v;
}

static inline void pool_put_index(void *indices, int32_t kind, int64_t at, int32_t index) {
  if (kind == RAP_INT64)
    ((int64_t *)indices)[at] = index;
  else
    ((int32_t *)indices)[at] = index;
}

static inline int32_t pool_inside(const pool_axis *a, int32_t i) {
  return i < 0 ? 0 : i < a->in ? i : a->in - 1;
}

// The flat index of output o of the plane whose first output is `at`.
static inline int64_t pool_index(const pool_job *j, int64_t at, int64_t o) {
  if (j->kind == RAP_INT64) return ((const int64_t *)j->indices)[at + o];
  if (j->kind == RAP_INT32) return ((const int32_t *)j->indices)[at + o];
  const int32_t k = ((const uint8_t *)j->indices)[at + o];
  const pool_axis *d = &j->plan.axis[0], *h = &j->plan.axis[1], *w = &j->plan.axis[2];
  const int32_t kw = k % w->kernel, kh = k / w->kernel % h->kernel, kd = k / w->kernel / h->kernel;
  const int32_t ow = (int32_t)(o % w->out), oh = (int32_t)(o / w->out % h->out),
                od = (int32_t)(o / w->out / h->out);
  const int32_t id = od * d->stride - d->padding + kd * d->dilation,
                ih = oh * h->stride - h->padding + kh * h->dilation;
  const int32_t iw = ow * w->stride - w->padding + kw * w->dilation;
  // A dilated window may miss the image altogether; its tap is then no position at all.
  return ((int64_t)pool_inside(d, id) * h->in + pool_inside(h, ih)) * w->in + pool_inside(w, iw);
}

#endif
