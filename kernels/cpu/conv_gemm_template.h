// Convolution by matrix multiplication for one element type, after conv_template.h.
//
// y[target, pixel] = Σ_k w[target, k] column[k, pixel], k = (source channel, tap). A 1×1 kernel's column
// matrix is the image itself. Any other's is written panel by panel as the block loops ask for it, from an
// image that is zero-padded and split into phases (conv_plan.h), where every tap's row is the same runs at
// another address.

// A run of at most LANES pixels of a panel: where it begins in the gathered image and in the panel's row.
typedef struct {
  int32_t from, lane;
} NAME(pixel_run);

typedef struct {
  conv_plan plan;
  conv_pass *passes;
  const T *x, *w, *bias;
  T *y;
  int32_t relu;
  // Of each pass: weights as [group][target][k], which a forward pass finds so; runs; of each panel the first
  // of its runs.
  const T *weights;
  T *packed;
  NAME(pixel_run) * runs;
  int32_t *first;
  int64_t most_runs, most_panels;
  char *scratch;
  int64_t scratch_bytes, gather_bytes;
} NAME(columns);

// One image, with one pass.
typedef struct {
  const NAME(columns) * c;
  const T *image; // gathered
  int32_t pass;
} NAME(source);

static void NAME(find_runs)(NAME(columns) * c, int32_t q) {
  const conv_plan *p = &c->plan;
  const conv_pass *pass = &c->passes[q];
  const int32_t rows = conv_pass_count(p, pass, 0) * conv_pass_count(p, pass, 1),
                height = conv_pass_count(p, pass, 1), width = conv_pass_count(p, pass, 2);
  NAME(pixel_run) *run = c->runs + q * c->most_runs;
  int32_t *first = c->first + q * c->most_panels, count = 0, pixel = 0;
  for (int32_t r = 0; r < rows; r++)
    for (int32_t i = 0, n; i < width; i += n, pixel += n) {
      const int32_t lane = pixel % (2 * LANES);
      if (lane == 0) first[pixel / (2 * LANES)] = count;
      n = conv_min(conv_min(LANES, 2 * LANES - lane), width - i);
      run[count++] = (NAME(pixel_run)){.from = r / height * p->plane + r % height * p->row + i, .lane = lane};
    }
  first[conv_ceil(pixel, 2 * LANES)] = count;
}

// Rows of a panel. A run is stored as a whole vector; what that writes too much, the next run or row
// overwrites.
INLINE void NAME(fill_panel)(T *to, const T *image, const int32_t *offset, int64_t depth,
                             const NAME(pixel_run) * run, const int count) {
  for (int64_t k = 0; k < depth; k++, to += 2 * LANES) {
    const T *from = image + offset[k];
    UNROLL for (int i = 0; i < count; i++) STORE(to + run[i].lane, LOAD(from + run[i].from));
  }
}

// See rap_pack_b.
static void NAME(pack_columns)(void *context, void *to, int64_t batch, int64_t k, int64_t depth,
                               int64_t pixel, int64_t pixels) {
  const NAME(source) *s = context;
  const NAME(columns) *c = s->c;
  (void)batch;
  const int32_t *offset = c->passes[s->pass].offset + k, *first = c->first + s->pass * c->most_panels;
  T *panel = to;
  for (int64_t i = pixel; i < pixel + pixels; i += 2 * LANES, panel += 2 * LANES * depth) {
    const int32_t begin = first[i / (2 * LANES)], count = first[i / (2 * LANES) + 1] - begin;
    const NAME(pixel_run) *run = c->runs + s->pass * c->most_runs + begin;
    if (count == 2)
      NAME(fill_panel)(panel, s->image, offset, depth, run, 2);
    else if (count == 3)
      NAME(fill_panel)(panel, s->image, offset, depth, run, 3);
    else if (count == 4)
      NAME(fill_panel)(panel, s->image, offset, depth, run, 4);
    else
      for (int64_t r = 0; r < depth; r++)
        for (int32_t n = 0; n < count; n++)
          STORE(panel + r * 2 * LANES + run[n].lane, LOAD(s->image + offset[r] + run[n].from));
  }
}

// For an input gradient, target channels [begin, end) over all groups: the weights of every pass in the order
// of its taps.
static void NAME(pack_rows)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const NAME(columns) *c = context;
  const conv_plan *p = &c->plan;
  (void)thread;
  const int64_t all = (int64_t)p->groups * p->targets;
  for (int64_t i = begin; i < end; i++) {
    const int64_t g = i / p->targets, m = i % p->targets;
    const T *w = c->w + (g * p->sources * p->targets + m) * p->taps;
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      T *out = c->packed + all * pass->first * p->sources + i * pass->depth;
      for (int32_t s = 0; s < p->sources; s++)
        for (int32_t t = 0; t < pass->taps; t++) *out++ = w[(int64_t)s * p->targets * p->taps + pass->tap[t]];
    }
  }
}

typedef struct {
  const conv_plan *plan;
  const T *x;
  T *image;
} NAME(gathered);

static void NAME(gather_channels)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const NAME(gathered) *s = context;
  const conv_plan *p = s->plan;
  (void)thread;
  const int32_t origin[3] = {0, 0, 0}, size[3] = {p->axis[0].count, p->axis[1].count, p->axis[2].count};
  NAME(gather)
  (p, s->image + begin * p->channel, s->x + begin * p->source_size, (int32_t)(end - begin), origin, size);
}

// Pixels of one pass, beside each other in `from`, to where they belong in y.
static void NAME(scatter)(const conv_plan *p, const conv_pass *pass, T *y, const T *from) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t count = conv_pass_count(p, pass, 2), step = w->stride_out;
  for (int32_t m = 0; m < p->targets; m++, y += p->target_size)
    for (int32_t id = pass->q[0]; id < d->target; id += d->stride_out)
      for (int32_t ih = pass->q[1]; ih < h->target; ih += h->stride_out, from += count) {
        T *row = y + ((int64_t)id * h->target + ih) * w->target + pass->q[2];
        for (int32_t i = 0; i < count; i++) row[(int64_t)i * step] = from[i];
      }
}

// The same for the passes of the even and of the odd pixels of rows, `pass` being the second.
static void NAME(interleave)(const conv_plan *p, const conv_pass *pass, T *y, const T *even, const T *odd) {
  const conv_axis *d = &p->axis[0], *h = &p->axis[1], *w = &p->axis[2];
  const int32_t evens = conv_pass_count(p, pass - 1, 2), odds = conv_pass_count(p, pass, 2);
  for (int32_t m = 0; m < p->targets; m++, y += p->target_size)
    for (int32_t id = pass->q[0]; id < d->target; id += d->stride_out)
      for (int32_t ih = pass->q[1]; ih < h->target; ih += h->stride_out, even += evens, odd += odds) {
        T *row = y + ((int64_t)id * h->target + ih) * w->target;
        int32_t i = 0;
        for (; i + LANES <= odds; i += LANES) {
          const V a = LOAD(even + i), b = LOAD(odd + i);
          STORE(row + 2 * i, LOW(a, b)), STORE(row + 2 * i + LANES, HIGH(a, b));
        }
        for (; i < odds; i++) row[2 * i] = even[i], row[2 * i + 1] = odd[i];
        if (evens > odds) row[2 * i] = even[i];
      }
}

// Where a pass puts its pixels, beside each other: in y, or where they are held.
INLINE T *NAME(pass_target)(const conv_plan *p, const conv_pass *pass, T *y, T *held) {
  if (p->passes == 1) return y;
  return held + (conv_held(p) == 2 && pass->q[2] ? p->targets * conv_pass_pixels(p) : 0);
}

// After a pass: what is held to y, as far as it can be stored.
static void NAME(store_pass)(const conv_plan *p, const conv_pass *pass, T *y, const T *held) {
  if (conv_held(p) == 1) NAME(scatter)(p, pass, y, held);
  if (conv_held(p) == 2 && pass->q[2])
    NAME(interleave)(p, pass, y, held, held + p->targets * conv_pass_pixels(p));
}

// Images of a group [begin, end).
static void NAME(run_columns)(void *context, int64_t begin, int64_t end, int32_t part) {
  const NAME(columns) *c = context;
  const conv_plan *p = &c->plan;
  T *image = (T *)(c->scratch + part * c->scratch_bytes), *held = (T *)((char *)image + c->gather_bytes);
  for (int64_t i = begin; i < end; i++) {
    const int64_t g = i % p->groups;
    NAME(gathered) from = {.plan = p, .x = c->x + i * p->sources * p->source_size, .image = image};
    rap_parallel(p->sources, 1 + CONV_GRAIN / (p->channel + 1), NAME(gather_channels), &from);
    T *y = c->y + i * p->targets * p->target_size;
    NAME(source) source = {.c = c, .image = image};
    for (source.pass = 0; source.pass < p->passes; source.pass++) {
      const conv_pass *pass = &c->passes[source.pass];
      const int64_t size = conv_pass_size(p, pass);
      rap_gemm product = {.m = p->targets, .n = size, .k = pass->depth, .alpha = 1, .outer = 1, .inner = 1};
      product.a_row = pass->depth, product.a_col = 1, product.c_row = size;
      product.a = c->weights + ((int64_t)p->groups * pass->first * p->sources + g * pass->depth) * p->targets;
      product.c = NAME(pass_target)(p, pass, y, held);
      product.pack_b = NAME(pack_columns), product.context = &source;
      if (c->bias) product.bias = c->bias + g * p->targets, product.bias_row = 1, product.beta = 1;
      product.activation = c->relu ? RAP_ACTIVATION_RELU : RAP_ACTIVATION_NONE;
      NAME(rap_gemm)(&product);
      NAME(store_pass)(p, pass, y, held);
    }
  }
}

// A 1×1 kernel that moves by single steps.
static int NAME(conv_pointwise)(T *y, const T *x, const T *w, const T *bias, int32_t relu,
                                const conv_plan *p) {
  rap_gemm product = {
      .m = p->targets, .n = p->target_size, .k = p->sources, .a = w, .b = x, .c = y, .alpha = 1};
  const int64_t each = (int64_t)p->sources * p->targets;
  product.outer = p->batch, product.inner = p->groups;
  product.a_row = p->transposed ? 1 : p->sources, product.a_col = p->transposed ? p->targets : 1;
  product.a_inner = each;
  product.b_row = p->source_size, product.b_col = 1, product.b_inner = p->sources * p->source_size;
  product.c_row = p->target_size, product.c_inner = p->targets * p->target_size;
  product.b_outer = p->groups * product.b_inner, product.c_outer = p->groups * product.c_inner;
  if (bias) product.bias = bias, product.bias_row = 1, product.bias_inner = p->targets, product.beta = 1;
  product.activation = relu ? RAP_ACTIVATION_RELU : RAP_ACTIVATION_NONE;
  NAME(rap_gemm)(&product);
  return 1;
}

// Forward or input gradient; returns 0 where the work is too small for it.
static int NAME(conv_columns)(T *y, const T *x, const T *w, const T *bias, int32_t relu, const int32_t *meta,
                              int32_t transposed) {
  NAME(columns) c = {.x = x, .w = w, .bias = bias, .y = y, .relu = relu};
  conv_plan *p = &c.plan;
  conv_plan_init(p, meta, transposed);
  if (!p->batch || !p->groups || !p->target_size) return 0;
  if (p->targets < CONV_GEMM_TARGETS || p->sources < CONV_GEMM_SOURCES) return 0;
  if (p->taps == 1 && p->passes == 1 && p->slots == 1 && p->source_size == p->target_size && !meta[16] &&
      !meta[17] && !meta[18])
    return NAME(conv_pointwise)(y, x, w, bias, relu, p);
  conv_pitches(p, sizeof(T));
  if ((int64_t)p->sources * p->channel * (int64_t)sizeof(T) > CONV_IMAGE_BYTES) return 0;
  const int64_t units = (int64_t)p->batch * p->groups, threads = rap_get_num_threads();
  // Each thread takes images of its own where they go round, else all of them work on one.
  const int64_t grain = units >= 2 * threads ? 1 : units, parts = rap_parts(units, grain);
  const int64_t pixels = conv_pass_pixels(p);
  c.most_panels = pixels / (2 * LANES) + 2;
  c.most_runs = pixels / LANES + 2 * (pixels / conv_ceil(p->axis[2].target, p->axis[2].stride_out)) + 4;
  const int64_t all = (int64_t)p->groups * p->targets;
  const int64_t weights = transposed ? conv_round(all * p->taps * p->sources * sizeof(T)) : 0,
                tables = conv_round(conv_passes_bytes(p));
  const int64_t runs = conv_round(p->passes * c.most_runs * sizeof(NAME(pixel_run))),
                firsts = conv_round(p->passes * c.most_panels * 4);
  c.gather_bytes = conv_round(((int64_t)p->sources * p->channel + CONV_SLACK) * sizeof(T));
  c.scratch_bytes = c.gather_bytes + conv_round(conv_held(p) * p->targets * pixels * sizeof(T));
  char *scratch = rap_scratch(2, weights + tables + runs + firsts + parts * c.scratch_bytes);
  c.packed = (T *)scratch, c.weights = transposed ? c.packed : w,
  c.passes = conv_passes_init(p, scratch + weights);
  c.runs = (NAME(pixel_run) *)(scratch + weights + tables),
  c.first = (int32_t *)(scratch + weights + tables + runs);
  c.scratch = scratch + weights + tables + runs + firsts;
  for (int32_t q = 0; q < p->passes; q++) NAME(find_runs)(&c, q);
  if (transposed) rap_parallel(all, 1 + CONV_GRAIN / (p->taps * p->sources), NAME(pack_rows), &c);
  rap_parallel(units, grain, NAME(run_columns), &c);
  return 1;
}

typedef struct {
  T *dbias;
  const T *dy;
  int64_t batch, channels, size;
} NAME(channel_sums);

static void NAME(sum_channels)(void *context, int64_t begin, int64_t end, int32_t thread) {
  const NAME(channel_sums) *s = context;
  (void)thread;
  for (int64_t c = begin; c < end; c++) {
    V sum = SET(0), more = SET(0);
    T rest = 0;
    for (int64_t n = 0; n < s->batch; n++) {
      const T *dy = s->dy + (n * s->channels + c) * s->size;
      int64_t i = 0;
      for (; i + 2 * LANES <= s->size; i += 2 * LANES) sum += LOAD(dy + i), more += LOAD(dy + i + LANES);
      for (; i < s->size; i++) rest += dy[i];
    }
    s->dbias[c] = SUM(sum + more) + rest;
  }
}

// The weight gradient of a 1×1 kernel that moves by single steps; returns 0 where it is not one, or too
// small.
static int NAME(conv_pointwise_weight)(T *dw, T *dbias, const T *dy, const T *x, const int32_t *meta) {
  conv_plan plan, *p = &plan;
  conv_plan_init(p, meta, 0);
  if (!p->batch || !p->target_size || p->sources * p->targets < CONV_GEMM_WEIGHTS) return 0;
  if (p->taps != 1 || p->slots != 1 || p->source_size != p->target_size || meta[16] || meta[17] || meta[18])
    return 0;
  rap_gemm product = {
      .m = p->targets, .n = p->sources, .k = p->target_size, .a = dy, .b = x, .c = dw, .alpha = 1};
  product.outer = 1, product.inner = p->groups, product.sum = p->batch;
  product.a_row = p->target_size, product.a_col = 1, product.a_inner = p->targets * p->target_size;
  product.b_row = 1, product.b_col = p->source_size, product.b_inner = p->sources * p->source_size;
  product.a_sum = p->groups * product.a_inner, product.b_sum = p->groups * product.b_inner;
  product.c_row = p->sources, product.c_inner = (int64_t)p->sources * p->targets;
  NAME(rap_gemm)(&product);
  NAME(channel_sums) sums = {.dbias = dbias, .dy = dy, .batch = p->batch, .size = p->target_size};
  sums.channels = (int64_t)p->groups * p->targets;
  if (dbias)
    rap_parallel(sums.channels, 1 + CONV_GRAIN / (p->batch * p->target_size), NAME(sum_channels), &sums);
  return 1;
}
