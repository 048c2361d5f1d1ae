// Gathers a block of an image for conv_template.h: zero-padded, and split into the phases of its stride.

INLINE void NAME(copy_row)(T *out, const T *x, int32_t n, int32_t stride) {
  int32_t i = 0;
  if (stride == 1) {
    for (; i + LANES <= n; i += LANES) STORE(out + i, LOAD(x + i));
    if (i < n && n >= LANES) {
      STORE(out + n - LANES, LOAD(x + n - LANES));
      return;
    }
    for (; i < n; i++) out[i] = x[i];
  } else if (stride == 2) {
    for (; i + LANES <= n - 1; i += LANES) STORE(out + i, EVEN(LOAD(x + 2 * i), LOAD(x + 2 * i + LANES)));
    if (i < n && n > LANES) { // what is left, ending with the last element that may be read
      const T *from = x + 2 * (int64_t)(n - LANES) - 1;
      STORE(out + n - LANES, ODD(LOAD(from), LOAD(from + LANES)));
      return;
    }
    for (; i < n; i++) out[i] = x[2 * (int64_t)i];
  } else
    for (; i < n; i++) out[i] = x[(int64_t)i * stride];
}

// At least n zeros: everything is written in the order of addresses, so what this writes too much is written
// again. Mostly there are one or two.
INLINE void NAME(zero)(T *out, int32_t n) {
  if (n > 0) STORE(out, SET(0));
  for (int32_t i = LANES; i < n; i += LANES) STORE(out + i, SET(0));
}

// Rows of `width` elements, `pitch` apart: zero left of `left` and from `right` on, between them every
// stride-th of x.
INLINE void NAME(copy_rows)(T *out, int32_t pitch, const T *x, int64_t x_pitch, int32_t rows, int32_t left,
                            int32_t right, int32_t width, int32_t stride) {
  for (int32_t r = 0; r < rows; r++, out += pitch, x += x_pitch) {
    NAME(zero)(out, left);
    NAME(copy_row)(out + left, x, right - left, stride);
    NAME(zero)(out + right, width - right);
  }
}

// The source block for target positions j0 .. j0+n-1 of every axis, `channels` channels.
static void NAME(gather)(const conv_plan *p, T *out, const T *x, int32_t channels, const int32_t j0[3],
                         const int32_t n[3]) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t width = n[2] + w->reach, height = n[1] + h->reach;
  for (int32_t c = 0; c < channels; c++)
    for (int32_t slot = 0; slot < p->slots; slot++) {
      const int32_t fw = conv_phase(w, slot % w->slots), fh = conv_phase(h, slot / w->slots % h->slots),
                    fd = conv_phase(d, slot / w->slots / h->slots);
      int32_t left, right, top, bottom;
      conv_inside(w, j0[2], fw, width, &left, &right);
      conv_inside(h, j0[1], fh, height, &top, &bottom);
      const int64_t column = (int64_t)w->stride_in * (j0[2] + w->low + left) + fw;
      const int64_t row = (int64_t)h->stride_in * (j0[1] + h->low + top) + fh;
      for (int32_t zd = 0; zd < n[0] + d->reach; zd++) {
        const int32_t id = d->stride_in * (j0[0] + d->low + zd) + fd;
        T *plane = out + (int64_t)c * p->channel + slot * p->slot_size + zd * p->plane;
        if (id < 0 || id >= d->source) {
          NAME(zero)(plane, height * p->row);
          continue;
        }
        const T *from = x + c * p->source_size + id * p->source_plane + row * w->source + column;
        const int64_t pitch = (int64_t)h->stride_in * w->source;
        NAME(zero)(plane, top * p->row);
        T *to = plane + top * p->row;
        if (w->stride_in == 1)
          NAME(copy_rows)(to, p->row, from, pitch, bottom - top, left, right, width, 1);
        else
          NAME(copy_rows)(to, p->row, from, pitch, bottom - top, left, right, width, w->stride_in);
        NAME(zero)(plane + bottom * p->row, (height - bottom) * p->row);
      }
    }
}
