// Convolution for one element type; conv.c includes it once for float and once for double, with
//   T, V, I, LANES (element, vector, mask, lanes), LOAD, STORE, SET, SELECT, SUM, PERMUTE, NAME(x) for the
//   type's suffix.
//
// Implicit GEMM without a column matrix. A block of the source image is gathered once, zero-padded and split
// into phases; the row of the column matrix for one tap is then that block at a shifted address, so the
// micro-kernels load vectors straight from it through a table of offsets.

#include "conv_direct_template.h"
#include "conv_gather_template.h"

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
TILES(2)
TILES(3)
TILES(4)
#if CONV_MR == 8
TILES(5)
TILES(6)
TILES(7)
TILES(8)
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

// A block of a direct convolution. Where the image may be read a little beyond its plane, it is not gathered;
// by steps of 2 it must not be, and 0 is returned where it would.
static int NAME(run_direct)(const NAME(conv) * c, T *block, int64_t plane, const int32_t j0[3],
                            const int32_t size[3]) {
  const conv_plan *p = &c->plan;
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int64_t planes = (int64_t)p->batch * p->groups;
  const T *x = c->x + plane * p->sources * p->source_size;
  const int32_t step = p->direct, top = step == 1 ? h->low : -h->padding,
                left = step == 1 ? w->low : -w->padding;
  // The masks reach half a kernel beyond either side of the first and the last vector.
  const int32_t half = w->kernel / 2, inner = (conv_ceil(w->target, LANES) - 1) * LANES - 1;
  const int32_t edge = p->sources == 1 && d->target == 1 && w->blocks == 1 && plane > 0 &&
                       plane + 1 < planes && p->source_size >= w->kernel * (step + 1) * LANES &&
                       left >= -half && step * (w->target - 1) + left + half < w->source &&
                       step * inner + left + 2 * half < w->source;
  if (step > 1 && !edge) return 0;
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
    t.top = step * j0[1] + top, t.height = h->source, t.pitch = w->source,
    t.x = x + (int64_t)t.top * w->source + left;
  else {
    NAME(gather)(p, block, x, p->sources, j0, size);
    t.x = block, t.pitch = p->row;
  }
  for (int32_t zd = 0; zd < size[0]; zd++, t.x += p->plane) {
    T *y = c->y + plane * p->target_size + ((j0[0] + zd) * (int64_t)h->target + j0[1]) * w->target + j0[2];
    if (w->blocks == 1) {
      t.y = y, t.end = y + size[1] * w->target;
      NAME(direct_rows)(&t, w->kernel, step, left, w->source, edge);
      continue;
    }
    // A part of the columns: the rows are not adjacent, and each is stored by itself.
    const T *corner = t.x;
    t.rows = 1;
    for (int32_t r = 0; r < size[1]; r++, t.x += t.pitch, y += w->target) {
      t.y = y, t.end = y + size[2];
      NAME(direct_rows)(&t, w->kernel, 1, left, w->source, 0);
    }
    t.x = corner;
  }
  return 1;
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
    if (p->direct && NAME(run_direct)(c, block, n * p->groups + g, j0, size)) continue;
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
