// Convolution for one element type; conv.c includes it once for float and once for double, with
//   T, V, LANES (element, vector, lanes), LOAD, STORE, SET, and NAME(x) for the type's suffix.
//
// Implicit GEMM without a column matrix. A block of the source image is gathered once, zero-padded and split into
// phases; the row of the column matrix for one tap is then that block at a shifted address, so the micro-kernels load
// vectors straight from it through a table of offsets.

// ---- gathering -------------------------------------------------------------------------------------------------

INLINE void NAME(copy_row)(T *out, const T *x, int32_t n, int32_t stride) {
  int32_t i = 0;
  if (stride == 1) {
    for (; i + LANES <= n; i += LANES) STORE(out + i, LOAD(x + i));
    if (i < n && n >= LANES) {
      STORE(out + n - LANES, LOAD(x + n - LANES));
      return;
    }
    for (; i < n; i++) out[i] = x[i];
  } else if (stride == 2)
    for (; i < n; i++) out[i] = x[2 * (int64_t)i];
  else
    for (; i < n; i++) out[i] = x[(int64_t)i * stride];
}

// At least n zeros: everything is written in the order of addresses, so what this writes too much is written again.
INLINE void NAME(zero)(T *out, int32_t n) {
  for (int32_t i = 0; i < n; i += LANES) STORE(out + i, SET(0));
}

// Rows of `width` elements, `pitch` apart: zero left of `left` and from `right` on, between them every stride-th of x.
INLINE void NAME(copy_rows)(T *out, int32_t pitch, const T *x, int64_t x_pitch, int32_t rows, int32_t left, int32_t right,
                            int32_t width, int32_t stride) {
  for (int32_t r = 0; r < rows; r++, out += pitch, x += x_pitch) {
    NAME(zero)(out, left);
    NAME(copy_row)(out + left, x, right - left, stride);
    NAME(zero)(out + right, width - right);
  }
}

// The source block for target positions j0 .. j0+n-1 of every axis, `channels` channels.
static void NAME(gather)(const conv_plan *p, T *out, const T *x, int32_t channels, const int32_t j0[3], const int32_t n[3]) {
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

// ---- the tile: MR channels × NR vectors, whole reduction in registers ----------------------------------------------

// y[m][pixel] = bias[m] + Σ_k a[k][m] x[pixel + offset[k]]; `spans` says where each vector reads and writes.
typedef struct {
  const T *a, *x;
  const int32_t *offset;
  int32_t depth;
  const conv_span *span;
  T *y;
  int64_t channel; // from one target channel to the next
  int32_t step;    // from one pixel of a row to the next in y
  const T *bias;   // or NULL
  int32_t relu;
} NAME(tile);

INLINE void NAME(put)(T *y, V v, const conv_span *s, int32_t step) {
  if (s->n == LANES && step == 1) {
    STORE(y + s->to, v);
    if (!s->n2) return;
  }
  T lane[LANES];
  STORE(lane, v);
  if (s->n < LANES || step > 1)
    for (int32_t i = 0; i < s->n; i++) y[s->to + (int64_t)i * step] = lane[i];
  for (int32_t i = 0; i < s->n2; i++) y[s->to2 + (int64_t)i * step] = lane[s->skip + i];
}

INLINE void NAME(tile_body)(const NAME(tile) * t, const int MR, const int NR) {
  V acc[CONV_MR][3];
  const T *a = t->a, *x[3];
  UNROLL for (int j = 0; j < NR; j++) x[j] = t->x + t->span[j].from;
  UNROLL for (int m = 0; m < MR; m++) {
    V b = SET(t->bias ? t->bias[m] : 0);
    UNROLL for (int j = 0; j < NR; j++) acc[m][j] = b;
  }
  for (int32_t k = 0; k < t->depth; k++, a += MR) {
    const int64_t o = t->offset[k];
    V v[3];
    UNROLL for (int j = 0; j < NR; j++) v[j] = LOAD(x[j] + o);
    UNROLL for (int m = 0; m < MR; m++) {
      V w = SET(a[m]);
      UNROLL for (int j = 0; j < NR; j++) acc[m][j] += w * v[j];
    }
  }
  UNROLL for (int m = 0; m < MR; m++) UNROLL for (int j = 0; j < NR; j++) {
    V v = acc[m][j];
    if (t->relu) v = SELECT(v < SET(0), SET(0), v);
    NAME(put)(t->y + m * t->channel, v, &t->span[j], t->step);
  }
}

#define TILE(MR, NR) \
  static void NAME(tile_##MR##_##NR)(const NAME(tile) * t) { NAME(tile_body)(t, MR, NR); }
#define TILES(MR) TILE(MR, 1) TILE(MR, 2) TILE(MR, 3)
TILES(1) TILES(2) TILES(3) TILES(4)
#if CONV_MR == 8
TILES(5) TILES(6) TILES(7) TILES(8)
#endif
#undef TILE
#undef TILES
#define ROW(MR) {NAME(tile_##MR##_1), NAME(tile_##MR##_2), NAME(tile_##MR##_3)}
static void (*const NAME(tiles)[CONV_MR][3])(const NAME(tile) *) = {ROW(1), ROW(2), ROW(3), ROW(4),
#if CONV_MR == 8
                                                                    ROW(5), ROW(6), ROW(7), ROW(8)
#endif
};
#undef ROW

// ---- one target channel, 3×3 --------------------------------------------------------------------------------------

// With a single target channel (depthwise, or the gradient of a grey image) a tile would load a vector for every
// product. Here each of MR + 2 source rows is loaded three times, once per column of the kernel, and serves three rows.
INLINE void NAME(direct_body)(const NAME(tile) * t, const conv_plan *p, int32_t per_row, const int MR, const int NR) {
  V acc[4][2];
  UNROLL for (int r = 0; r < MR; r++) UNROLL for (int j = 0; j < NR; j++) acc[r][j] = SET(t->bias ? t->bias[0] : 0);
  const T *x = t->x + t->span->from, *a = t->a;
  for (int32_t s = 0; s < p->sources; s++, x += p->channel, a += 9)
    UNROLL for (int kw = 0; kw < 3; kw++) {
      const int k = p->transposed ? 8 - kw : kw, step = p->transposed ? -3 : 3;
      const V w[3] = {SET(a[k]), SET(a[k + step]), SET(a[k + 2 * step])};
      UNROLL for (int r = 0; r < MR + 2; r++) UNROLL for (int j = 0; j < NR; j++) {
        const V v = LOAD(x + r * p->row + kw + j * LANES);
        UNROLL for (int kh = 0; kh < 3; kh++) if (r - kh >= 0 && r - kh < MR) acc[r - kh][j] += w[kh] * v;
      }
    }
  if (t->relu)
    UNROLL for (int r = 0; r < MR; r++) UNROLL for (int j = 0; j < NR; j++)
      acc[r][j] = SELECT(acc[r][j] < SET(0), SET(0), acc[r][j]);
  // The last vector is the first that may not be stored whole.
  if (t->span[(MR - 1) * per_row + NR - 1].n == LANES) {
    T *y = t->y + t->span->to;
    UNROLL for (int r = 0; r < MR; r++) UNROLL for (int j = 0; j < NR; j++)
      STORE(y + r * (int64_t)p->axis[2].target + j * LANES, acc[r][j]);
  } else
    UNROLL for (int r = 0; r < MR; r++) UNROLL for (int j = 0; j < NR; j++)
      NAME(put)(t->y, acc[r][j], &t->span[r * per_row + j], 1);
}

#define DIRECT(MR, NR)                                                                                             \
  static void NAME(direct_##MR##_##NR)(const NAME(tile) * t, const conv_plan *p, int32_t per_row) {                \
    NAME(direct_body)(t, p, per_row, MR, NR);                                                                      \
  }
DIRECT(1, 1) DIRECT(1, 2) DIRECT(2, 1) DIRECT(2, 2) DIRECT(3, 1) DIRECT(3, 2) DIRECT(4, 1) DIRECT(4, 2)
#undef DIRECT
static void (*const NAME(directs)[4][2])(const NAME(tile) *, const conv_plan *, int32_t) = {
    {NAME(direct_1_1), NAME(direct_1_2)}, {NAME(direct_2_1), NAME(direct_2_2)},
    {NAME(direct_3_1), NAME(direct_3_2)}, {NAME(direct_4_1), NAME(direct_4_2)}};

// A block of `count` spans. Columns go from right to left, so that what a row's last vector writes too much is
// overwritten by the next row's first.
static void NAME(direct)(NAME(tile) t, const conv_plan *p, const int32_t size[3], const conv_span *span) {
  const int32_t per_row = conv_ceil(size[2], LANES);
  for (int32_t d = 0; d < size[0]; d++)
    for (int32_t r = 0, mr; r < size[1]; r += mr) {
      mr = conv_min(4, size[1] - r);
      for (int32_t j = (per_row - 1) / 2 * 2; j >= 0; j -= 2) {
        t.span = span + (d * size[1] + r) * per_row + j;
        NAME(directs)[mr - 1][per_row - j >= 2](&t, p, per_row);
      }
    }
}

// ---- forward and input gradient ------------------------------------------------------------------------------------

typedef struct {
  conv_plan plan;
  conv_pass *passes;
  const T *x, *w, *bias;
  T *y, *packed;
  int32_t relu, panels, splits; // splits: units of one block that share its panels
  char *scratch;
  int64_t scratch_bytes, gather_bytes;
} NAME(conv);

// packed: [group][pass][panel][k = (source channel, tap)][channel of the panel].
static void NAME(pack)(void *context, int64_t begin, int64_t end, int32_t thread) {
  NAME(conv) *c = context;
  const conv_plan *p = &c->plan;
  (void)thread;
  const int64_t to_target = p->transposed ? p->taps : (int64_t)p->sources * p->taps;
  const int64_t to_source = p->transposed ? (int64_t)p->targets * p->taps : p->taps;
  for (int64_t unit = begin; unit < end; unit++) {
    const int64_t g = unit / c->panels, panel = unit % c->panels;
    const int32_t m0 = conv_part(p->targets, c->panels, panel), mr = conv_part(p->targets, c->panels, panel + 1) - m0;
    const T *w = c->w + g * p->sources * p->targets * p->taps + m0 * to_target;
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      T *out = c->packed + (g * p->taps + pass->first) * p->sources * p->targets + (int64_t)pass->depth * m0;
      for (int32_t s = 0; s < p->sources; s++)
        for (int32_t t = 0; t < pass->taps; t++)
          for (int32_t m = 0; m < mr; m++) *out++ = w[m * to_target + s * to_source + pass->tap[t]];
    }
  }
}

static void NAME(run)(void *context, int64_t begin, int64_t end, int32_t thread) {
  NAME(conv) *c = context;
  const conv_plan *p = &c->plan;
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  T *block = (T *)(c->scratch + thread * c->scratch_bytes);
  conv_span *spans = (conv_span *)((char *)block + c->gather_bytes);
  const int32_t most = conv_most_spans(p, LANES);
  int32_t key = -1, *count = (int32_t *)(spans + (int64_t)p->passes * most);
  int64_t held = -1;
  for (int64_t unit = begin; unit < end; unit++) {
    const int32_t split = (int32_t)(unit % c->splits);
    const int64_t where = unit / c->splits;
    int64_t rest = where;
    const int32_t bw = rest % w->blocks, bh = rest / w->blocks % h->blocks;
    rest /= (int64_t)w->blocks * h->blocks;
    const int32_t bd = rest % d->blocks;
    rest /= d->blocks;
    const int64_t g = rest % p->groups, n = rest / p->groups;
    const int32_t j0[3] = {bd * d->block, bh * h->block, bw * w->block};
    const int32_t size[3] = {conv_min(d->block, d->count - j0[0]), conv_min(h->block, h->count - j0[1]),
                             conv_min(w->block, w->count - j0[2])};
    if (where != held)
      NAME(gather)(p, block, c->x + (n * p->groups + g) * p->sources * p->source_size, p->sources, j0, size);
    held = where;
    // Spans are the same for all inner blocks and for all edge blocks of a kind.
    const int32_t kind = (bd == d->blocks - 1) | (bh == h->blocks - 1) << 1 | (bw == w->blocks - 1) << 2;
    const int32_t from = conv_part(c->panels, c->splits, split), to = conv_part(c->panels, c->splits, split + 1);
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      conv_span *span = spans + (int64_t)q * most;
      if (kind != key) count[q] = conv_spans(p, pass, j0, size, LANES, span);
      const int64_t base = ((pass->q[0] + (int64_t)j0[0] * d->stride_out) * h->target + pass->q[1] +
                            (int64_t)j0[1] * h->stride_out) * w->target + pass->q[2] + (int64_t)j0[2] * w->stride_out;
      NAME(tile) t = {.x = block, .offset = pass->offset, .depth = pass->depth, .channel = p->target_size,
                      .step = w->stride_out, .relu = c->relu};
      const T *packed = c->packed + (g * p->taps + pass->first) * p->sources * p->targets;
      T *y = c->y + (n * p->groups + g) * p->targets * p->target_size + base;
      for (int32_t panel = from; panel < to; panel++) {
        const int32_t m0 = conv_part(p->targets, c->panels, panel), mr = conv_part(p->targets, c->panels, panel + 1) - m0;
        t.a = packed + (int64_t)m0 * pass->depth, t.y = y + m0 * p->target_size;
        t.bias = c->bias ? c->bias + g * p->targets + m0 : 0;
        if (p->direct) {
          NAME(direct)(t, p, size, span);
          continue;
        }
        for (int32_t i = 0, left = count[q]; left > 0;) {
          const int32_t nr = left >= 3 && left != 4 ? 3 : left >= 2 ? 2 : 1;
          t.span = span + i;
          NAME(tiles)[mr - 1][nr - 1](&t);
          i += nr, left -= nr;
        }
      }
    }
    key = kind;
  }
}

static void NAME(conv_image)(T *y, const T *x, const T *w, const T *bias, int32_t relu, const int32_t *meta, int32_t transposed) {
  NAME(conv) c = {.x = x, .w = w, .bias = bias, .y = y, .relu = relu};
  conv_plan *p = &c.plan;
  conv_plan_init(p, meta, transposed);
  if (!p->batch || !p->groups || !p->targets || !p->target_size) return;
  const int32_t threads = rap_get_num_threads();
  conv_cut(p, sizeof(T), CONV_BLOCK_BYTES, threads);
  c.panels = conv_ceil(p->targets, CONV_MR);
  const int64_t units = conv_units(p);
  c.splits = units < threads ? (int32_t)conv_min(c.panels, conv_ceil(threads, (int32_t)units)) : 1;
  const int64_t multiplies = p->batch * p->groups * p->target_size / p->passes * p->taps * p->sources * p->targets;
  const int64_t grain = conv_grain(units * c.splits, multiplies * (int64_t)sizeof(T) / 4);
  const int32_t parts = rap_parts(units * c.splits, grain);
  // One buffer: packed weights, pass tables, then each thread's gathered block and spans.
  const int64_t weights = conv_round((int64_t)p->groups * p->taps * p->sources * p->targets * sizeof(T));
  const int64_t tables = conv_round(conv_passes_bytes(p));
  c.gather_bytes = conv_round(((int64_t)p->sources * p->channel + CONV_SLACK) * sizeof(T));
  c.scratch_bytes = c.gather_bytes + conv_round(p->passes * (conv_most_spans(p, LANES) * (int64_t)sizeof(conv_span) + 4));
  char *scratch = rap_scratch(2, weights + tables + parts * c.scratch_bytes);
  c.packed = (T *)scratch, c.scratch = scratch + weights + tables;
  c.passes = conv_passes_init(p, scratch + weights);
  rap_parallel((int64_t)p->groups * c.panels, p->taps * p->sources > 2000 ? 8 : INT32_MAX, NAME(pack), &c);
  rap_parallel(units * c.splits, grain, NAME(run), &c);
}
