// The weight gradient for one element type, after conv_template.h.
//
// dw[o, k] = Σ_pixels dy[o, pixel] x[pixel + offset[k]]: both factors are contiguous along the pixels once dy
// is laid out with the gathered block's row pitch (zeros between rows), so the sums run in vector lanes and
// nothing is transposed.

// acc[m][n] = Σ_i a[m * pitch + i] x[offset[n] + i], added to out[m * depth + n].
INLINE void NAME(dot_body)(T *out, int64_t depth, const T *a, int64_t pitch, const T *x,
                           const int32_t *offset, int32_t length, const int MR, const int NR) {
  V acc[CONV_DOT_M][CONV_DOT_WIDE];
  const T *b[CONV_DOT_WIDE];
  UNROLL for (int n = 0; n < NR; n++) b[n] = x + offset[n];
  UNROLL for (int m = 0; m < MR; m++) UNROLL for (int n = 0; n < NR; n++) acc[m][n] = SET(0);
  for (int32_t i = 0; i < length; i += LANES) {
    V v[CONV_DOT_WIDE];
    UNROLL for (int n = 0; n < NR; n++) v[n] = LOAD(b[n] + i);
    UNROLL for (int m = 0; m < MR; m++) {
      V w = LOAD(a + m * pitch + i);
      UNROLL for (int n = 0; n < NR; n++) acc[m][n] += w * v[n];
    }
  }
  UNROLL for (int m = 0; m < MR; m++) UNROLL for (int n = 0; n < NR; n++) out[m * depth + n] +=
      SUM(acc[m][n]);
}

#define DOT(MR, NR)                                                                                          \
  static void NAME(dot_##MR##_##NR)(T * out, int64_t depth, const T *a, int64_t pitch, const T *x,           \
                                    const int32_t *offset, int32_t length) {                                 \
    NAME(dot_body)(out, depth, a, pitch, x, offset, length, MR, NR);                                         \
  }
typedef void (*NAME(dot))(T *, int64_t, const T *, int64_t, const T *, const int32_t *, int32_t);
DOT(1, 9) // depthwise 3×3
DOT(1, 1)
DOT(1, 2)
DOT(1, 3)
DOT(2, 1)
DOT(2, 2)
DOT(2, 3)
DOT(3, 1)
DOT(3, 2)
DOT(3, 3)
DOT(4, 1)
DOT(4, 2)
DOT(4, 3)
#if CONV_DOT_N == 6
DOT(1, 4)
DOT(1, 5)
DOT(1, 6)
DOT(2, 4)
DOT(2, 5)
DOT(2, 6)
DOT(3, 4)
DOT(3, 5)
DOT(3, 6)
DOT(4, 4)
DOT(4, 5)
DOT(4, 6)
#define ROW(MR)                                                                                              \
  {                                                                                                          \
    NAME(dot_##MR##_1), NAME(dot_##MR##_2), NAME(dot_##MR##_3), NAME(dot_##MR##_4), NAME(dot_##MR##_5),      \
        NAME(dot_##MR##_6)                                                                                   \
  }
#else
#define ROW(MR)                                                                                              \
  { NAME(dot_##MR##_1), NAME(dot_##MR##_2), NAME(dot_##MR##_3) }
#endif
static const NAME(dot) NAME(dots)[CONV_DOT_M][CONV_DOT_N] = {ROW(1), ROW(2), ROW(3), ROW(4)};
#undef ROW
#undef DOT

typedef struct {
  conv_plan plan;
  conv_pass *pass;
  const T *dy, *x;
  T *dw, *dbias; // of the first part; part i's are `partial` elements further
  int64_t partial;
  int32_t parts, splits; // parts of the batch, each with its own sums; splits of a group's output channels
  int32_t dy_pitch;
  char *scratch;
  int64_t scratch_bytes, gather_bytes;
} NAME(weight);

// dy of one block with the gathered block's pitches, zero wherever that has no output pixel.
static void NAME(spread)(const conv_plan *p, T *out, int32_t pitch, const T *dy, int32_t channels,
                         const int32_t j0[3], const int32_t n[3]) {
  const conv_axis *w = &p->axis[2];
  for (int32_t c = 0; c < channels; c++)
    for (int32_t zd = 0; zd < n[0]; zd++) {
      T *plane = out + (int64_t)c * pitch + zd * p->plane;
      const T *from =
          dy + c * p->target_size + (j0[0] + zd) * p->target_plane + (int64_t)j0[1] * w->target + j0[2];
      NAME(copy_rows)(plane, p->row, from, w->target, n[1], 0, n[2], p->row, 1);
      const int32_t used = n[1] * p->row, next = zd + 1 < n[0] ? p->plane : used + 1;
      NAME(zero)(plane + used, next - used);
    }
}

static void NAME(weight_block)(const NAME(weight) * c, T *dw, T *dbias, const T *x, const T *dy,
                               int32_t outputs, int32_t length) {
  const conv_plan *p = &c->plan;
  const int32_t depth = p->sources * p->taps, pitch = c->dy_pitch;
  const int32_t tiles = conv_ceil(outputs, CONV_DOT_M);
  const int32_t wide = p->targets == 1 && depth == 9 ? 9 : CONV_DOT_N;
  // Pixels in runs that keep a tile's rows of dy in the first-level cache.
  const int32_t run =
      conv_ceil(length, conv_ceil(length, CONV_RUN_BYTES / (int32_t)sizeof(T)) * LANES) * LANES;
  for (int32_t i0 = 0; i0 < length; i0 += run) {
    const int32_t n = conv_min(run, length - i0);
    for (int32_t tile = 0; tile < tiles; tile++) {
      const int32_t o = conv_part(outputs, tiles, tile), mr = conv_part(outputs, tiles, tile + 1) - o;
      const T *a = dy + (int64_t)o * pitch + i0;
      if (wide == 9)
        NAME(dot_1_9)(dw, depth, a, pitch, x + i0, c->pass->offset, n);
      else
        for (int32_t k = 0, left = depth; left > 0;) {
          const int32_t nr = left >= wide ? wide : left;
          NAME(dots)
          [mr - 1][nr - 1](dw + (int64_t)o * depth + k, depth, a, pitch, x + i0, c->pass->offset + k, n);
          k += nr, left -= nr;
        }
      for (int32_t m = 0; dbias && m < mr; m++) {
        V sum = SET(0), more = SET(0);
        int32_t i = 0;
        for (; i + 2 * LANES <= n; i += 2 * LANES)
          sum += LOAD(a + (int64_t)m * pitch + i), more += LOAD(a + (int64_t)m * pitch + i + LANES);
        for (; i < n; i += LANES) sum += LOAD(a + (int64_t)m * pitch + i);
        dbias[o + m] += SUM(sum + more);
      }
    }
  }
}

static void NAME(weight_run)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const NAME(weight) *c = context;
  const conv_plan *p = &c->plan;
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  T *x = (T *)(c->scratch + thread * c->scratch_bytes), *dy = (T *)((char *)x + c->gather_bytes);
  // Vectors read past what was gathered, there to be multiplied by zero: it must be numbers.
  memset(x, 0, (size_t)c->scratch_bytes);
  const int32_t depth = p->sources * p->taps;
  for (int64_t unit = begin; unit < end; unit++) {
    const int32_t split = (int32_t)(unit % c->splits), g = (int32_t)(unit / c->splits % p->groups);
    const int64_t part = unit / c->splits / p->groups;
    const int32_t o0 = conv_part(p->targets, c->splits, split),
                  outputs = conv_part(p->targets, c->splits, split + 1) - o0;
    const int64_t first = (int64_t)g * p->targets + o0;
    T *dw = c->dw + part * c->partial + first * depth,
      *dbias = c->dbias ? c->dbias + part * c->partial + first : 0;
    memset(dw, 0, (size_t)outputs * depth * sizeof(T));
    if (dbias) memset(dbias, 0, (size_t)outputs * sizeof(T));
    // Steps of depth over all images, as many at once as a block holds and none beyond an image's end.
    const int64_t slices = (int64_t)p->batch * d->count, last = slices * (part + 1) / c->parts;
    for (int64_t slice = slices * part / c->parts, steps; slice < last; slice += steps) {
      const int64_t n = slice / d->count, begin = slice % d->count;
      steps = conv_min(d->block, d->count - (int32_t)begin);
      if (steps > last - slice) steps = last - slice;
      for (int32_t b = 0; b < h->blocks * w->blocks; b++) {
        const int32_t j0[3] = {(int32_t)begin, b / w->blocks * h->block, b % w->blocks * w->block};
        const int32_t size[3] = {(int32_t)steps, conv_min(h->block, h->count - j0[1]),
                                 conv_min(w->block, w->count - j0[2])};
        NAME(gather)(p, x, c->x + (n * p->groups + g) * p->sources * p->source_size, p->sources, j0, size);
        NAME(spread)
        (p, dy, c->dy_pitch, c->dy + (n * p->groups * p->targets + first) * p->target_size, outputs, j0,
         size);
        const int32_t length = (size[0] - 1) * p->plane + (size[1] - 1) * p->row + size[2];
        NAME(weight_block)(c, dw, dbias, x, dy, outputs, length);
      }
    }
  }
}

// Adds the parts' sums, in their order.
static void NAME(weight_sum)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const NAME(weight) *c = context;
  (void)thread;
  for (int32_t part = 1; part < c->parts; part++) {
    const T *from = c->dw + part * c->partial;
    for (int64_t i = begin; i < end; i++) c->dw[i] += from[i];
  }
}

static void NAME(conv_weight)(T *dw, T *dbias, const T *dy, const T *x, const int32_t *meta) {
  NAME(weight) c = {.dy = dy, .x = x};
  conv_plan *p = &c.plan;
  conv_plan_init(p, meta, 0);
  const int64_t weights = (int64_t)p->groups * p->targets * p->sources * p->taps,
                biases = dbias ? (int64_t)p->groups * p->targets : 0;
  if (!p->batch || !p->target_size || !weights) {
    memset(dw, 0, (size_t)weights * sizeof(T));
    if (dbias) memset(dbias, 0, (size_t)biases * sizeof(T));
    return;
  }
  const int32_t threads = rap_get_num_threads();
  conv_fold_batch(p);
  conv_cut_length(p, sizeof(T), CONV_RUN_BYTES / (int32_t)sizeof(T));
  const int64_t multiplies = meta[0] * p->target_size * weights;
  // Small work on few threads: first the batch is divided, then groups and output channels.
  const int64_t useful = 1 + multiplies * (int64_t)sizeof(T) / 4 / 400000;
  const int32_t workers = useful < threads ? (int32_t)useful : threads;
  c.parts = conv_min(p->batch * p->axis[0].count, workers);
  const int32_t rest = conv_ceil(workers, c.parts);
  c.splits = p->groups >= rest ? 1 : conv_min(conv_ceil(p->targets, CONV_DOT_M), conv_ceil(rest, p->groups));
  const int64_t units = (int64_t)c.parts * p->groups * c.splits;
  const int64_t grain = conv_ceil((int32_t)units, workers);
  const int32_t parts = rap_parts(units, grain);
  // Whole cache lines, and an odd number of them, so that the rows of a tile lie in different sets.
  c.dy_pitch = ((p->axis[0].block * p->plane + 2 * LANES + 15) / 16 * 16) | 16;
  const int32_t rows = conv_ceil(p->targets, c.splits);
  c.gather_bytes = conv_round(((int64_t)p->sources * p->channel + CONV_SLACK) * sizeof(T));
  c.scratch_bytes = c.gather_bytes + conv_round(((int64_t)rows * c.dy_pitch + CONV_SLACK) * sizeof(T));
  c.partial = weights + biases;
  const int64_t tables = conv_round(conv_passes_bytes(p));
  const int64_t sums = conv_round(c.parts * c.partial * sizeof(T));
  char *scratch = rap_scratch(2, tables + sums + parts * c.scratch_bytes);
  c.pass = conv_passes_init(p, scratch);
  c.dw = (T *)(scratch + tables), c.dbias = dbias ? c.dw + weights : 0;
  c.scratch = scratch + tables + sums;
  rap_parallel(units, grain, NAME(weight_run), &c);
  rap_parallel(c.partial, 1 << 16, NAME(weight_sum), &c);
  memcpy(dw, c.dw, (size_t)weights * sizeof(T));
  if (dbias) memcpy(dbias, c.dbias, (size_t)biases * sizeof(T));
}
