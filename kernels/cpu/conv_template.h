// Convolution for one element type; conv.c includes it once for float and once for double, with
//   T, V, I, LANES (element, vector, mask, lanes), LOAD, STORE, SET, SELECT, SUM, PERMUTE, NAME(x) for the
//   type's suffix.
//
// Implicit GEMM without a column matrix. A block of the source image is gathered once, zero-padded and split
// into phases; the row of the column matrix for one tap is then that block at a shifted address, so the
// micro-kernels load vectors straight from it through a table of offsets.

// ---- gathering
// -------------------------------------------------------------------------------------------------

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

// ---- the tile: MR channels × NR vectors in registers ----------------------------------------------

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
  int32_t first,
      last; // whether this is the reduction's first and last part; between them sums rest in `partial`
  T *partial;
} NAME(tile);

INLINE void NAME(tile_body)(const NAME(tile) * t, const int MR, const int NR) {
  V acc[CONV_MR][3];
  const T *a = t->a, *x[3];
  UNROLL for (int j = 0; j < NR; j++) x[j] = t->x + t->span[j].from;
  if (t->first) UNROLL for (int m = 0; m < MR; m++) {
      V b = SET(t->bias ? t->bias[m] : 0);
      UNROLL for (int j = 0; j < NR; j++) acc[m][j] = b;
    }
  else
    UNROLL for (int m = 0; m < MR; m++) UNROLL for (int j = 0; j < NR; j++) acc[m][j] =
        LOAD(t->partial + (j * CONV_MR + m) * LANES);
  for (int32_t k = 0; k < t->depth; k++, a += MR) {
    const int64_t o = t->offset[k];
    V v[3];
    UNROLL for (int j = 0; j < NR; j++) v[j] = LOAD(x[j] + o);
    UNROLL for (int m = 0; m < MR; m++) {
      V w = SET(a[m]);
      UNROLL for (int j = 0; j < NR; j++) acc[m][j] += w * v[j];
    }
  }
  if (!t->last) {
    UNROLL for (int m = 0; m < MR; m++) UNROLL for (int j = 0; j < NR; j++)
        STORE(t->partial + (j * CONV_MR + m) * LANES, acc[m][j]);
    return;
  }
  if (t->relu)
    UNROLL for (int m = 0; m < MR; m++) UNROLL for (int j = 0; j < NR; j++) acc[m][j] =
        SELECT(acc[m][j] < SET(0), SET(0), acc[m][j]);
  UNROLL for (int j = 0; j < NR; j++) {
    const conv_span *s = &t->span[j];
    T *y = t->y + s->to;
    if (s->n == LANES && t->step == 1 && !s->n2) {
      if (s->packed) UNROLL for (int m = 0; m < MR; m++) acc[m][j] = PERMUTE(acc[m][j], s->lane);
      UNROLL for (int m = 0; m < MR; m++) STORE(y + m * t->channel, acc[m][j]);
      continue;
    }
    T lane[CONV_MR][LANES];
    UNROLL for (int m = 0; m < MR; m++) STORE(lane[m], acc[m][j]);
    for (int m = 0; m < MR; m++) {
      for (int32_t i = 0; i < s->n; i++) y[m * t->channel + (int64_t)i * t->step] = lane[m][i];
      for (int32_t i = 0; i < s->n2; i++)
        t->y[m * t->channel + s->to2 + (int64_t)i * t->step] = lane[m][s->skip + i];
    }
  }
}

#define TILE(MR, NR)                                                                                         \
  static void NAME(tile_##MR##_##NR)(const NAME(tile) * t) { NAME(tile_body)(t, MR, NR); }
#define TILES(MR) TILE(MR, 1) TILE(MR, 2) TILE(MR, 3)
TILES(1)
TILES(2) TILES(3) TILES(4)
#if CONV_MR == 8
    TILES(5) TILES(6) TILES(7) TILES(8)
#endif
#undef TILE
#undef TILES
#define ROW(MR)                                                                                              \
  { NAME(tile_##MR##_1), NAME(tile_##MR##_2), NAME(tile_##MR##_3) }
        static void (*const NAME(tiles)[CONV_MR][3])(const NAME(tile) *) = {ROW(1), ROW(2), ROW(3),
                                                                            ROW(4),
#if CONV_MR == 8
                                                                            ROW(5), ROW(6), ROW(7),
                                                                            ROW(8)
#endif
};
#undef ROW

// ---- one target channel, 3×3
// --------------------------------------------------------------------------------------

// With a single target channel (depthwise, or the gradient of a grey image) the weights stay in registers
// instead.
typedef struct {
  const T *a, *x, *bias; // x: what the kernel's corner reads for the first pixel
  T *y;
  const T *end;        // vectors may be stored up to here
  int32_t rows, width; // target pixels
  int32_t top, height; // source row of the first pixel's corner, and source rows there are
  int32_t pitch, sources;
  int64_t channel;
  int32_t relu, transposed;
  V left, right; // masks of the source columns there are, for the first column of the kernel and for the last
} NAME(direct);

// NR vectors from `column` on of every row. ONE: a single source channel. EDGE: x is the image itself, not
// padded.
INLINE void NAME(direct_body)(const NAME(direct) * t, int32_t column, const int NR, const int ONE,
                              const int EDGE) {
  const V zero = SET(0);
  V w[9];
  const int flip = t->transposed ? 8 : 0;
  UNROLL for (int k = 0; k < 9; k++) w[k] = SET(t->a[flip ? 8 - k : k]);
  for (int32_t r = 0; r < t->rows; r++) {
    V acc[4];
    UNROLL for (int j = 0; j < NR; j++) acc[j] = SET(t->bias ? t->bias[0] : 0);
    for (int32_t s = 0; s < (ONE ? 1 : t->sources); s++) {
      if (!ONE) UNROLL for (int k = 0; k < 9; k++) w[k] = SET(t->a[9 * s + (flip ? 8 - k : k)]);
      UNROLL for (int kh = 0; kh < 3; kh++) {
        if (EDGE && (uint32_t)(t->top + r + kh) >= (uint32_t)t->height) continue;
        const T *x = t->x + s * t->channel + (int64_t)(r + kh) * t->pitch + column;
        UNROLL for (int kw = 0; kw < 3; kw++) UNROLL for (int j = 0; j < NR; j++) {
          V v = LOAD(x + kw + j * LANES);
          if (EDGE && kw == 0 && j == 0) v = SELECT((I)t->left, v, zero);
          if (EDGE && kw == 2 && j == NR - 1) v = SELECT((I)t->right, v, zero);
          acc[j] += w[3 * kh + kw] * v;
        }
      }
    }
    UNROLL for (int j = 0; j < NR; j++) {
      const V v = t->relu ? SELECT(acc[j] < zero, zero, acc[j]) : acc[j];
      const int32_t i = column + j * LANES;
      T *y = t->y + (int64_t)r * t->width + i;
      if (y + LANES <= t->end) {
        STORE(y, v);
        continue;
      }
      T lane[LANES];
      STORE(lane, v);
      for (int32_t l = 0; l < LANES && i + l < t->width; l++) y[l] = lane[l];
    }
  }
}

#define DIRECT(NR)                                                                                           \
  static void NAME(direct_one_##NR)(const NAME(direct) * t, int32_t i) {                                     \
    NAME(direct_body)(t, i, NR, 1, 0);                                                                       \
  }                                                                                                          \
  static void NAME(direct_edge_##NR)(const NAME(direct) * t, int32_t i) {                                    \
    NAME(direct_body)(t, i, NR, 1, 1);                                                                       \
  }                                                                                                          \
  static void NAME(direct_many_##NR)(const NAME(direct) * t, int32_t i) { NAME(direct_body)(t, i, NR, 0, 0); }
DIRECT(1)
DIRECT(2) DIRECT(3) DIRECT(4)
#undef DIRECT
#define ROW(kind)                                                                                            \
  { NAME(direct_##kind##_1), NAME(direct_##kind##_2), NAME(direct_##kind##_3), NAME(direct_##kind##_4) }
    static void (*const NAME(directs)[3][4])(const NAME(direct) *, int32_t) = {ROW(one), ROW(edge),
                                                                               ROW(many)};
#undef ROW

// All columns, from right to left, so that what a row's last vector writes too much is overwritten by the
// next row's first.
static void NAME(direct_rows)(NAME(direct) * t, int32_t low, int32_t source_width, int32_t edge) {
  const int32_t vectors = conv_ceil(t->width, LANES), groups = conv_ceil(vectors, 4);
  for (int32_t g = groups - 1; g >= 0; g--) {
    const int32_t from = conv_part(vectors, groups, g), nr = conv_part(vectors, groups, g + 1) - from;
    if (edge) {
      const int32_t last = (from + nr - 1) * LANES;
      T left[LANES], right[LANES];
      for (int32_t l = 0; l < LANES; l++)
        left[l] = from * LANES + l + low >= 0, right[l] = last + l + low + 2 < source_width;
      t->left = (V)(LOAD(left) > SET(0)), t->right = (V)(LOAD(right) > SET(0));
    }
    NAME(directs)[edge ? 1 : t->sources == 1 ? 0 : 2][nr - 1](t, from * LANES);
  }
}

// ---- forward and input gradient
// ------------------------------------------------------------------------------------

typedef struct {
  conv_plan plan;
  conv_pass *passes;
  const T *x, *w, *bias;
  T *y, *packed;
  int32_t relu, panels, height; // panels of `height` channels, the last few of one less
  int32_t splits;               // units of one block that share its panels
  char *scratch;
  int64_t scratch_bytes, gather_bytes, partial_bytes;
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
    const int32_t m0 = conv_even(p->targets, c->panels, c->height, panel);
    const int32_t mr = conv_even(p->targets, c->panels, c->height, panel + 1) - m0;
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

// A block of a direct convolution. Where the image may be read a little beyond its plane, it is not gathered.
static void NAME(run_direct)(const NAME(conv) * c, T *block, int64_t plane, const int32_t j0[3],
                             const int32_t size[3]) {
  const conv_plan *p = &c->plan;
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int64_t planes = (int64_t)p->batch * p->groups;
  const T *x = c->x + plane * p->sources * p->source_size;
  const int32_t edge = p->sources == 1 && d->target == 1 && w->blocks == 1 && plane > 0 &&
                       plane + 1 < planes && p->source_size >= 2 * LANES && w->low >= -1 &&
                       w->target + w->low + 1 <= w->source;
  NAME(direct)
  t = {.a = c->packed + plane % p->groups * p->taps * p->sources,
       .bias = c->bias ? c->bias + plane % p->groups : 0,
       .width = size[2],
       .rows = size[1],
       .sources = p->sources,
       .channel = p->channel,
       .relu = c->relu,
       .transposed = p->transposed};
  if (edge)
    t.top = j0[1] + h->low, t.height = h->source, t.pitch = w->source,
    t.x = x + (int64_t)t.top * w->source + w->low;
  else {
    NAME(gather)(p, block, x, p->sources, j0, size);
    t.x = block, t.pitch = p->row;
  }
  for (int32_t zd = 0; zd < size[0]; zd++, t.x += p->plane) {
    T *y = c->y + plane * p->target_size + ((j0[0] + zd) * (int64_t)h->target + j0[1]) * w->target + j0[2];
    if (w->blocks == 1) {
      t.y = y, t.end = y + size[1] * w->target;
      NAME(direct_rows)(&t, w->low, w->source, edge);
      continue;
    }
    // A part of the columns: the rows are not adjacent, and each is stored by itself.
    const T *corner = t.x;
    t.rows = 1;
    for (int32_t r = 0; r < size[1]; r++, t.x += t.pitch, y += w->target) {
      t.y = y, t.end = y + size[2];
      NAME(direct_rows)(&t, w->low, w->source, 0);
    }
    t.x = corner;
  }
}

// Points the tile at a panel's channels, from product k0 of the reduction on; returns how many they are.
INLINE int32_t NAME(take_panel)(const NAME(conv) * c, NAME(tile) * t, const T *packed, int32_t depth,
                                int32_t k0, int64_t g, T *y, int32_t panel) {
  const conv_plan *p = &c->plan;
  const int32_t m0 = conv_even(p->targets, c->panels, c->height, panel);
  const int32_t mr = conv_even(p->targets, c->panels, c->height, panel + 1) - m0;
  t->a = packed + (int64_t)m0 * depth + (int64_t)k0 * mr, t->y = y + m0 * p->target_size;
  t->bias = c->bias ? c->bias + g * p->targets + m0 : 0;
  return mr;
}

// All tiles of one pass over a gathered block, for the panels [from, to) of group g; y is the block's first
// pixel.
static void NAME(pass_tiles)(const NAME(conv) * c, const conv_pass *pass, const T *block, T *partial,
                             const conv_span *span, int32_t count, int64_t g, T *y, int32_t from,
                             int32_t to) {
  const conv_plan *p = &c->plan;
  const T *packed = c->packed + (g * p->taps + pass->first) * p->sources * p->targets;
  // A long reduction in parts, so that the source pixels of a tile stay in the first-level cache while all
  // panels pass; in a short one the panel stays, and the stores go along the rows.
  const int32_t parts = conv_chunks(p->sources, pass->taps);
  for (int32_t part = 0; part < parts; part++) {
    const int32_t k0 = conv_part(p->sources, parts, part) * pass->taps,
                  k1 = conv_part(p->sources, parts, part + 1) * pass->taps;
    NAME(tile)
    t = {.x = block,
         .offset = pass->offset + k0,
         .depth = k1 - k0,
         .channel = p->target_size,
         .step = p->axis[2].stride_out,
         .relu = c->relu,
         .first = part == 0,
         .last = part == parts - 1};
    if (parts == 1)
      for (int32_t panel = from; panel < to; panel++) {
        const int32_t mr = NAME(take_panel)(c, &t, packed, pass->depth, 0, g, y, panel);
        for (int32_t i = 0, next, tile = 1; i < count; i = next, tile++) {
          next = conv_tile_begin(count, tile), t.span = span + i;
          NAME(tiles)[mr - 1][next - i - 1](&t);
        }
      }
    else
      for (int32_t tile = 0; tile < conv_tiles(count); tile++) {
        const int32_t i = conv_tile_begin(count, tile), nr = conv_tile_begin(count, tile + 1) - i;
        t.span = span + i;
        for (int32_t panel = from; panel < to; panel++) {
          const int32_t mr = NAME(take_panel)(c, &t, packed, pass->depth, k0, g, y, panel);
          t.partial = partial + ((int64_t)panel * count + i) * CONV_MR * LANES;
          NAME(tiles)[mr - 1][nr - 1](&t);
        }
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
  T *partial = (T *)((char *)block + c->scratch_bytes - c->partial_bytes);
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
    if (p->direct) {
      NAME(run_direct)(c, block, n * p->groups + g, j0, size);
      continue;
    }
    if (where != held)
      NAME(gather)(p, block, c->x + (n * p->groups + g) * p->sources * p->source_size, p->sources, j0, size);
    held = where;
    // Spans are the same for all inner blocks and for all edge blocks of a kind.
    const int32_t kind = (bd == d->blocks - 1) | (bh == h->blocks - 1) << 1 | (bw == w->blocks - 1) << 2;
    const int32_t from = conv_part(c->panels, c->splits, split),
                  to = conv_part(c->panels, c->splits, split + 1);
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      conv_span *span = spans + (int64_t)q * most;
      if (kind != key) count[q] = conv_spans(p, pass, j0, size, LANES, span);
      const int64_t base = ((pass->q[0] + (int64_t)j0[0] * d->stride_out) * h->target + pass->q[1] +
                            (int64_t)j0[1] * h->stride_out) *
                               w->target +
                           pass->q[2] + (int64_t)j0[2] * w->stride_out;
      NAME(pass_tiles)
      (c, pass, block, partial, span, count[q], g,
       c->y + (n * p->groups + g) * p->targets * p->target_size + base, from, to);
    }
    key = kind;
  }
}

static void NAME(conv_image)(T *y, const T *x, const T *w, const T *bias, int32_t relu, const int32_t *meta,
                             int32_t transposed) {
  NAME(conv) c = {.x = x, .w = w, .bias = bias, .y = y, .relu = relu};
  conv_plan *p = &c.plan;
  conv_plan_init(p, meta, transposed);
  if (!p->batch || !p->groups || !p->targets || !p->target_size) return;
  const int32_t threads = rap_get_num_threads();
  conv_cut(p, sizeof(T), CONV_BLOCK_BYTES, threads);
  c.panels = conv_ceil(p->targets, CONV_MR), c.height = conv_ceil(p->targets, c.panels);
  const int64_t units = conv_units(p);
  c.splits = units < threads ? (int32_t)conv_min(c.panels, conv_ceil(threads, (int32_t)units)) : 1;
  const int64_t multiplies =
      p->batch * p->groups * p->target_size / p->passes * p->taps * p->sources * p->targets;
  const int64_t grain = conv_grain(units * c.splits, multiplies * (int64_t)sizeof(T) / 4);
  const int32_t parts = rap_parts(units * c.splits, grain);
  // One buffer: packed weights, pass tables, then each thread's gathered block and spans.
  const int64_t weights = conv_round((int64_t)p->groups * p->taps * p->sources * p->targets * sizeof(T));
  const int64_t tables = conv_round(conv_passes_bytes(p));
  c.gather_bytes = conv_round(((int64_t)p->sources * p->channel + CONV_SLACK) * sizeof(T));
  c.scratch_bytes =
      c.gather_bytes + conv_round(p->passes * (conv_most_spans(p, LANES) * (int64_t)sizeof(conv_span) + 4));
  c.partial_bytes = 0;
  if (conv_chunks(p->sources, p->taps) > 1) // no pass has more taps, hence none more parts
    c.partial_bytes = conv_round((int64_t)c.panels * conv_most_spans(p, LANES) * CONV_MR * LANES * sizeof(T));
  c.scratch_bytes += c.partial_bytes;
  char *scratch = rap_scratch(2, weights + tables + parts * c.scratch_bytes);
  c.packed = (T *)scratch, c.scratch = scratch + weights + tables;
  c.passes = conv_passes_init(p, scratch + weights);
  rap_parallel((int64_t)p->groups * c.panels, p->taps * p->sources > 2000 ? 8 : INT32_MAX, NAME(pack), &c);
  rap_parallel(units * c.splits, grain, NAME(run), &c);
}
