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
  } else
    for (; i < n; i++) out[i] = x[(int64_t)i * stride];
}

INLINE void NAME(zero)(T *out, int32_t n) {
  for (int32_t i = 0; i < n; i++) out[i] = 0;
}

// The source block for target positions j0 .. j0+n-1 of every axis, `channels` channels `size` elements apart.
static void NAME(gather)(const conv_plan *p, T *out, const T *x, int32_t channels, const int32_t j0[3], const int32_t n[3]) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t width = n[2] + w->reach, sh = h->stride_in, sw = w->stride_in;
  for (int32_t c = 0; c < channels; c++)
    for (int32_t slot = 0; slot < p->slots; slot++) {
      const int32_t fw = conv_phase(w, slot % w->slots), fh = conv_phase(h, slot / w->slots % h->slots),
                    fd = conv_phase(d, slot / w->slots / h->slots);
      // The part [left, right) of a row that lies inside the image.
      const int32_t first = j0[2] + w->low;
      const int32_t left = conv_min(width, conv_max(0, -conv_floordiv(fw, sw) - first));
      const int32_t right = conv_max(left, conv_min(width, conv_floordiv(w->source - 1 - fw, sw) - first + 1));
      for (int32_t zd = 0; zd < n[0] + d->reach; zd++) {
        const int32_t id = d->stride_in * (j0[0] + d->low + zd) + fd;
        T *row = out + (int64_t)c * p->channel + slot * p->slot_size + zd * p->plane;
        for (int32_t zh = 0; zh < n[1] + h->reach; zh++, row += p->row) {
          const int32_t ih = sh * (j0[1] + h->low + zh) + fh;
          if (id < 0 || id >= d->source || ih < 0 || ih >= h->source) {
            NAME(zero)(row, width);
            continue;
          }
          const T *from = x + c * p->source_size + ((int64_t)id * h->source + ih) * w->source + fw;
          NAME(zero)(row, left);
          NAME(copy_row)(row + left, from + (int64_t)sw * (first + left), right - left, sw);
          NAME(zero)(row + right, width - right);
        }
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
