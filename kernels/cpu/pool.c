// Max and average pooling in 1, 2 and 3 dimensions, adaptive or not, and their gradients. Threads share the
// planes.
#include "pool_plan.h"
#include "simd.h"
#include "threads.h"
#include <math.h>
#include <string.h>

#define T       float
#define I       int32_t
#define NAME(x) x##_f32
#include "pool_template.h"
#undef T
#undef I
#undef NAME
#define T       double
#define I       int64_t
#define NAME(x) x##_f64
#include "pool_template.h"

// ---- 2×2 windows that tile the image
// -----------------------------------------------------------------------------

// Everything below works on 2 × F32_LANES inputs of two rows at a time.
static int tiles_by_two(const pool_plan *p) {
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  return d->in == d->out && d->kernel == 1 && d->stride == 1 && d->padding == 0 && h->kernel == 2 &&
         h->stride == 2 && h->padding == 0 && h->dilation == 1 && w->kernel == 2 && w->stride == 2 &&
         w->padding == 0 && w->dilation == 1 && 2 * h->out <= h->in && 2 * w->out <= w->in;
}

INLINE void take(f32v *best, i32v *tap, f32v v, int32_t code) {
  const i32v wins = (v > *best) | (v != v);
  *best = f32_select(wins, v, *best);
  *tap = (wins & ((i32v){0} + code)) | (~wins & *tap);
}

// F32_LANES outputs from two rows of inputs.
INLINE void two_rows(const float *x, int32_t in, f32v *best, i32v *tap) {
  const f32v a = f32_load(x), b = f32_load(x + F32_LANES), c = f32_load(x + in),
             d = f32_load(x + in + F32_LANES);
  *best = f32_even(a, b), *tap = (i32v){0};
  take(best, tap, f32_odd(a, b), 1);
  take(best, tap, f32_even(c, d), 2);
  take(best, tap, f32_odd(c, d), 3);
}

// The index of input (2 * row + tap / 2, 2 * column + tap % 2) of a plane of the outputs from `at` on.
static void two_indices(const pool_job *j, int64_t at, int32_t n, i32v tap, int32_t first) {
  const int32_t in = j->plan.axis[2].in;
  for (int32_t l = 0; l < n; l++)
    if (j->kind == RAP_UINT8)
      ((uint8_t *)j->indices)[at + l] = (uint8_t)tap[l];
    else
      pool_put_index(j->indices, j->kind, at + l, first + 2 * l + (tap[l] >> 1) * in + (tap[l] & 1));
}

static void max_two(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const int32_t in = p->axis[2].in, out = p->axis[2].out, rows = p->axis[1].in, depth = p->axis[0].in;
  const int64_t outputs = end * p->out_size, inputs = p->planes * p->in_size;
  (void)part;
  for (int64_t plane = begin * depth; plane < end * depth; plane++)
    for (int32_t oh = 0; oh < p->axis[1].out; oh++) {
      const int64_t from = (plane * rows + 2 * oh) * in, at = (plane * p->axis[1].out + oh) * out;
      const float *x = (const float *)j->in + from;
      float *y = (float *)j->out + at;
      const int32_t first = (int32_t)(plane % depth) * rows * in + 2 * oh * in;
      // A row's last vector runs over into the next row, which is written later; at the end it steps back
      // instead, or in rows shorter than a vector goes through a buffer.
      const int32_t over = at + out + F32_LANES <= outputs && from + 2 * in + 2 * F32_LANES <= inputs;
      for (int32_t i = 0; i < out; i += F32_LANES) {
        f32v best;
        i32v tap;
        if (i + F32_LANES > out && !over && out < F32_LANES) {
          float two[4 * F32_LANES] = {0};
          memcpy(two, x, (size_t)out * 2 * sizeof(float));
          memcpy(two + 2 * F32_LANES, x + in, (size_t)out * 2 * sizeof(float));
          two_rows(two, 2 * F32_LANES, &best, &tap);
          f32_store_tail(y, best, out);
          if (j->kind >= 0) two_indices(j, at, out, tap, first);
          break;
        }
        if (i + F32_LANES > out && !over) i = out - F32_LANES;
        two_rows(x + 2 * i, in, &best, &tap);
        f32_store(y + i, best);
        if (j->kind == RAP_UINT8)
          i32_store_u8((uint8_t *)j->indices + at + i, tap);
        else if (j->kind >= 0)
          two_indices(j, at + i, out - i < F32_LANES ? out - i : F32_LANES, tap, first + 2 * i);
      }
    }
}

static void max_two_backward(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const int32_t in = p->axis[2].in, out = p->axis[2].out, rows = p->axis[1].in, out_rows = p->axis[1].out;
  const int32_t depth = p->axis[0].in;
  const int64_t outputs = p->planes * p->out_size, inputs = end * p->in_size;
  const f32v zero = {0};
  (void)part;
  for (int64_t plane = begin * depth; plane < end * depth; plane++) {
    for (int32_t oh = 0; oh < out_rows; oh++) {
      const int64_t to = (plane * rows + 2 * oh) * in, at = (plane * out_rows + oh) * out;
      const float *dy = (const float *)j->in + at;
      const uint8_t *taps = (const uint8_t *)j->indices + at;
      float *dx = (float *)j->out + to;
      // As above; what runs over into the next row is zero.
      const int32_t over = at + out + F32_LANES <= outputs && to + 2 * in + 2 * F32_LANES <= inputs;
      for (int32_t r = 0; r < 2; r++, dx += in) {
        int32_t i = 0;
        for (; i < out && (over || i + F32_LANES <= out); i += F32_LANES) {
          f32v g = f32_load(dy + i);
          if (i + F32_LANES > out) g = f32_select(i32_lanes_below(out - i), g, zero);
          const i32v tap = i32_load_u8(taps + i);
          const f32v left = f32_select(tap == 2 * r, g, zero), right = f32_select(tap == 2 * r + 1, g, zero);
          f32_store(dx + 2 * i, f32_zip_low(left, right));
          f32_store(dx + 2 * i + F32_LANES, f32_zip_high(left, right));
        }
        for (; i < out; i++) {
          dx[2 * i] = taps[i] == 2 * r ? dy[i] : 0;
          dx[2 * i + 1] = taps[i] == 2 * r + 1 ? dy[i] : 0;
        }
        for (i = 2 * out; i < in; i++) dx[i] = 0;
      }
    }
    float *rest = (float *)j->out + (plane * rows + 2 * out_rows) * in;
    memset(rest, 0, (size_t)(rows - 2 * out_rows) * in * sizeof(float));
  }
}

// ---- calls
// -------------------------------------------------------------------------------------------------------

// Runs `body` over the planes; `row` is the scratch that each part needs, work the elements a plane touches.
static void over_planes(pool_job *j, rap_range body, int64_t row, int64_t work) {
  // At least about 20 µs of work for a thread.
  const int64_t grain = 1 + 40000 / (work + 1);
  const int32_t parts = rap_parts(j->plan.planes, grain);
  j->scratch_bytes = (row + 63) & ~(int64_t)63;
  j->scratch = row ? rap_scratch(3, parts * j->scratch_bytes) : 0;
  rap_parallel(j->plan.planes, grain, body, j);
}

static int64_t window(const pool_plan *p) {
  return p->adaptive ? 1 : (int64_t)p->axis[0].kernel * p->axis[1].kernel * p->axis[2].kernel;
}

#define BY_TYPE(name) (dtype == RAP_FLOAT32 ? name##_f32 : name##_f64)
#define FLOATS_ONLY                                                                                          \
  if (dtype != RAP_FLOAT32 && dtype != RAP_FLOAT64) return RAP_UNSUPPORTED

int32_t rap_max_pool(int32_t dtype, void *y, void *indices, const void *x, int32_t index_dtype,
                     const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = y, .indices = indices, .in = x, .kind = indices ? index_dtype : -1};
  pool_plan_init(&j.plan, meta);
  const int64_t work = j.plan.out_size * window(&j.plan);
  if (j.plan.adaptive)
    over_planes(&j, BY_TYPE(adaptive_max_planes), 0, j.plan.in_size);
  else if (dtype == RAP_FLOAT32 && tiles_by_two(&j.plan))
    over_planes(&j, max_two, 0, work / 4);
  else
    over_planes(&j, BY_TYPE(max_planes), j.plan.axis[2].out * 8, work);
  return RAP_OK;
}

int32_t rap_max_pool_backward(int32_t dtype, void *dx, const void *dy, const void *indices,
                              int32_t index_dtype, const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = dx, .indices = (void *)(uintptr_t)indices, .in = dy, .kind = index_dtype};
  pool_plan_init(&j.plan, meta);
  if (dtype == RAP_FLOAT32 && index_dtype == RAP_UINT8 && tiles_by_two(&j.plan))
    over_planes(&j, max_two_backward, 0, j.plan.out_size);
  else
    over_planes(&j, BY_TYPE(scatter_planes), 0, j.plan.in_size + 4 * j.plan.out_size);
  return RAP_OK;
}

int32_t rap_max_unpool(int32_t dtype, void *y, const void *x, const void *indices, int32_t index_dtype,
                       const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = y, .indices = (void *)(uintptr_t)indices, .in = x, .kind = index_dtype, .assign = 1};
  pool_plan_init(&j.plan, meta);
  over_planes(&j, BY_TYPE(scatter_planes), 0, j.plan.in_size + 4 * j.plan.out_size);
  return RAP_OK;
}

int32_t rap_max_pool_gather(int32_t dtype, void *y, const void *x, const void *indices, int32_t index_dtype,
                            const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = y, .indices = (void *)(uintptr_t)indices, .in = x, .kind = index_dtype};
  pool_plan_init(&j.plan, meta);
  over_planes(&j, BY_TYPE(gather_planes), 0, 4 * j.plan.out_size);
  return RAP_OK;
}

int32_t rap_avg_pool(int32_t dtype, void *y, const void *x, int32_t include_padding, int32_t divisor,
                     const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = y, .in = x, .include_padding = include_padding, .divisor = divisor};
  pool_plan_init(&j.plan, meta);
  if (j.plan.adaptive)
    over_planes(&j, BY_TYPE(adaptive_average_planes), 0, j.plan.in_size / 2);
  else
    over_planes(&j, BY_TYPE(average_planes), 0, j.plan.out_size * window(&j.plan));
  return RAP_OK;
}

int32_t rap_avg_pool_backward(int32_t dtype, void *dx, const void *dy, int32_t include_padding,
                              int32_t divisor, const int32_t *meta) {
  FLOATS_ONLY;
  pool_job j = {.out = dx, .in = dy, .include_padding = include_padding, .divisor = divisor};
  pool_plan_init(&j.plan, meta);
  if (j.plan.adaptive)
    over_planes(&j, BY_TYPE(adaptive_average_backward_planes), 0, j.plan.in_size / 2);
  else
    over_planes(&j, BY_TYPE(average_backward_planes), j.plan.axis[2].out * 8,
                j.plan.in_size + j.plan.out_size * window(&j.plan));
  return RAP_OK;
}
