// Pooling for one element type; pool.c includes it once for float and once for double, with T, I (the signed
// integer of T's size, so that both fill the same vector lanes) and NAME(x) for the type's suffix.

// One output row of max pooling: over all taps of the window, the largest value and the tap it came from. A
// later tap wins only when larger, or when it is NaN, as in PyTorch; tap -1 is "none yet".
static void NAME(max_row)(T *restrict best, I *restrict tap, const T *x, const pool_plan *p, int32_t od,
                          int32_t oh) {
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  for (int32_t i = 0; i < w->out; i++) best[i] = -INFINITY, tap[i] = -1;
  for (int32_t kd = 0; kd < d->kernel; kd++) {
    const int32_t id = od * d->stride - d->padding + kd * d->dilation;
    if (id < 0 || id >= d->in) continue;
    for (int32_t kh = 0; kh < h->kernel; kh++) {
      const int32_t ih = oh * h->stride - h->padding + kh * h->dilation;
      if (ih < 0 || ih >= h->in) continue;
      const T *row = x + ((int64_t)id * h->in + ih) * w->in;
      for (int32_t kw = 0; kw < w->kernel; kw++) {
        const int32_t shift = kw * w->dilation - w->padding, end = pool_tap_end(w, shift);
        const I code = (kd * h->kernel + kh) * w->kernel + kw;
        const T *from = row + shift;
#define SWEEP(STRIDE)                                                                                        \
  for (int32_t i = pool_tap_begin(w, shift); i < end; i++) {                                                 \
    const T v = from[(int64_t)i * (STRIDE)];                                                                 \
    const int take = (v > best[i]) | (v != v) | (tap[i] < 0);                                                \
    best[i] = take ? v : best[i], tap[i] = take ? code : tap[i];                                             \
  }
        if (w->stride == 1)
          SWEEP(1)
        else if (w->stride == 2)
          SWEEP(2)
        else
          SWEEP(w->stride)
#undef SWEEP
      }
    }
  }
}

// Writes the taps of one output row as window offsets or as flat indices into the plane.
static void NAME(put_indices)(void *indices, int32_t kind, int64_t at, const I *tap, const pool_plan *p,
                              int32_t od, int32_t oh) {
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t base =
      ((od * d->stride - d->padding) * h->in + oh * h->stride - h->padding) * w->in - w->padding;
  if (kind == RAP_UINT8)
    for (int32_t i = 0; i < w->out; i++) ((uint8_t *)indices)[at + i] = (uint8_t)tap[i];
  else
    for (int32_t i = 0; i < w->out; i++) {
      const int32_t k = (int32_t)tap[i];
      const int32_t kw = k % w->kernel, kh = k / w->kernel % h->kernel, kd = k / w->kernel / h->kernel;
      const int32_t index =
          base + i * w->stride + (kd * d->dilation * h->in + kh * h->dilation) * w->in + kw * w->dilation;
      pool_put_index(indices, kind, at + i, k < 0 ? 0 : index);
    }
}

static void NAME(max_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  I *tap = (I *)(j->scratch + part * j->scratch_bytes);
  for (int64_t plane = begin; plane < end; plane++) {
    const T *x = (const T *)j->in + plane * p->in_size;
    T *y = (T *)j->out + plane * p->out_size;
    for (int32_t od = 0; od < d->out; od++)
      for (int32_t oh = 0; oh < h->out; oh++) {
        const int64_t at = ((int64_t)od * h->out + oh) * w->out;
        NAME(max_row)(y + at, tap, x, p, od, oh);
        if (j->kind >= 0) NAME(put_indices)(j->indices, j->kind, plane * p->out_size + at, tap, p, od, oh);
      }
  }
}

// Adaptive windows: output o covers [o * in / out, ceil((o + 1) * in / out)) of each axis.
static void NAME(adaptive_max_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *h = &p->axis[1], *w = &p->axis[2];
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *x = (const T *)j->in + plane * p->in_size;
    for (int64_t o = 0; o < p->out_size; o++) {
      pool_window v = pool_adaptive(p, o);
      T best = -INFINITY;
      int32_t index = (v.begin[0] * h->in + v.begin[1]) * w->in + v.begin[2];
      for (int32_t id = v.begin[0]; id < v.end[0]; id++)
        for (int32_t ih = v.begin[1]; ih < v.end[1]; ih++) {
          const int32_t row = (id * h->in + ih) * w->in;
          for (int32_t iw = v.begin[2]; iw < v.end[2]; iw++)
            if (x[row + iw] > best || x[row + iw] != x[row + iw]) best = x[row + iw], index = row + iw;
        }
      ((T *)j->out)[plane * p->out_size + o] = best;
      if (j->kind >= 0) pool_put_index(j->indices, j->kind, plane * p->out_size + o, index);
    }
  }
}

// in and out exchange roles: j->in [planes, outputs] goes to j->out [planes, inputs] at the saved indices.
static void NAME(scatter_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *dy = (const T *)j->in + plane * p->out_size;
    T *dx = (T *)j->out + plane * p->in_size;
    const int64_t at = plane * p->out_size;
    memset(dx, 0, (size_t)p->in_size * sizeof(T));
    if (j->assign)
      for (int64_t o = 0; o < p->out_size; o++) dx[pool_index(j, at, o)] = dy[o];
    else if (j->kind == RAP_INT64)
      for (int64_t o = 0; o < p->out_size; o++) dx[((const int64_t *)j->indices)[at + o]] += dy[o];
    else
      for (int64_t o = 0; o < p->out_size; o++) dx[pool_index(j, at, o)] += dy[o];
  }
}

static void NAME(gather_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *x = (const T *)j->in + plane * p->in_size;
    T *y = (T *)j->out + plane * p->out_size;
    for (int64_t o = 0; o < p->out_size; o++) y[o] = x[pool_index(j, plane * p->out_size, o)];
  }
}

// ---- average
// ---------------------------------------------------------------------------------------------------

static void NAME(average_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *x = (const T *)j->in + plane * p->in_size;
    T *restrict y = (T *)j->out + plane * p->out_size;
    for (int32_t od = 0; od < d->out; od++)
      for (int32_t oh = 0; oh < h->out; oh++, y += w->out) {
        const int32_t outer = pool_count(d, od, j->include_padding) * pool_count(h, oh, j->include_padding);
        for (int32_t i = 0; i < w->out; i++) y[i] = 0;
        for (int32_t id = pool_begin(d, od); id < pool_end(d, od); id++)
          for (int32_t ih = pool_begin(h, oh); ih < pool_end(h, oh); ih++)
            for (int32_t kw = 0; kw < w->kernel; kw++) {
              const int32_t shift = kw - w->padding, stop = pool_tap_end(w, shift);
              const T *from = x + ((int64_t)id * h->in + ih) * w->in + shift;
              if (w->stride == 1)
                for (int32_t i = pool_tap_begin(w, shift); i < stop; i++) y[i] += from[i];
              else if (w->stride == 2)
                for (int32_t i = pool_tap_begin(w, shift); i < stop; i++) y[i] += from[2 * (int64_t)i];
              else
                for (int32_t i = pool_tap_begin(w, shift); i < stop; i++)
                  y[i] += from[(int64_t)i * w->stride];
            }
        for (int32_t i = 0; i < w->out; i++)
          y[i] /= (T)(j->divisor ? j->divisor : outer * pool_count(w, i, j->include_padding));
      }
  }
}

static void NAME(average_backward_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  T *restrict share = (T *)(j->scratch + part * j->scratch_bytes);
  for (int64_t plane = begin; plane < end; plane++) {
    const T *dy = (const T *)j->in + plane * p->out_size;
    T *restrict dx = (T *)j->out + plane * p->in_size;
    memset(dx, 0, (size_t)p->in_size * sizeof(T));
    for (int32_t od = 0; od < d->out; od++)
      for (int32_t oh = 0; oh < h->out; oh++, dy += w->out) {
        const int32_t outer = pool_count(d, od, j->include_padding) * pool_count(h, oh, j->include_padding);
        for (int32_t i = 0; i < w->out; i++)
          share[i] = dy[i] / (T)(j->divisor ? j->divisor : outer * pool_count(w, i, j->include_padding));
        for (int32_t id = pool_begin(d, od); id < pool_end(d, od); id++)
          for (int32_t ih = pool_begin(h, oh); ih < pool_end(h, oh); ih++)
            for (int32_t kw = 0; kw < w->kernel; kw++) {
              const int32_t shift = kw - w->padding, stop = pool_tap_end(w, shift);
              T *to = dx + ((int64_t)id * h->in + ih) * w->in + shift;
              for (int32_t i = pool_tap_begin(w, shift); i < stop; i++)
                to[(int64_t)i * w->stride] += share[i];
            }
      }
  }
}

// The sum of n adjacent elements, in 16 partial sums.
static T NAME(run_sum)(const T *x, int64_t n) {
  T lane[16] = {0};
  int64_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; k++) lane[k] += x[i + k];
  for (int k = 0; i < n; i++, k++) lane[k] += x[i];
  for (int m = 8; m > 0; m /= 2)
    for (int k = 0; k < m; k++) lane[k] += lane[k + m];
  return lane[0];
}

static void NAME(adaptive_average_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *h = &p->axis[1], *w = &p->axis[2];
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *x = (const T *)j->in + plane * p->in_size;
    T *y = (T *)j->out + plane * p->out_size;
    if (p->out_size == 1) {
      y[0] = NAME(run_sum)(x, p->in_size) / (T)p->in_size;
      continue;
    }
    for (int64_t o = 0; o < p->out_size; o++) {
      pool_window v = pool_adaptive(p, o);
      T sum = 0;
      for (int32_t id = v.begin[0]; id < v.end[0]; id++)
        for (int32_t ih = v.begin[1]; ih < v.end[1]; ih++)
          for (int32_t iw = v.begin[2]; iw < v.end[2]; iw++)
            sum += x[((int64_t)id * h->in + ih) * w->in + iw];
      y[o] = sum / (T)v.size;
    }
  }
}

static void NAME(adaptive_average_backward_planes)(void *context, int64_t begin, int64_t end, int32_t part) {
  const pool_job *j = context;
  const pool_plan *p = &j->plan;
  const pool_axis *h = &p->axis[1], *w = &p->axis[2];
  (void)part;
  for (int64_t plane = begin; plane < end; plane++) {
    const T *dy = (const T *)j->in + plane * p->out_size;
    T *dx = (T *)j->out + plane * p->in_size;
    if (p->out_size == 1) {
      const T share = dy[0] / (T)p->in_size;
      for (int64_t i = 0; i < p->in_size; i++) dx[i] = share;
      continue;
    }
    memset(dx, 0, (size_t)p->in_size * sizeof(T));
    for (int64_t o = 0; o < p->out_size; o++) {
      pool_window v = pool_adaptive(p, o);
      const T share = dy[o] / (T)v.size;
      for (int32_t id = v.begin[0]; id < v.end[0]; id++)
        for (int32_t ih = v.begin[1]; ih < v.end[1]; ih++)
          for (int32_t iw = v.begin[2]; iw < v.end[2]; iw++)
            dx[((int64_t)id * h->in + ih) * w->in + iw] += share;
    }
  }
}
