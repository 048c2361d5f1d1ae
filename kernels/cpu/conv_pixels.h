// Convolution in float32 with the vectors along the target channels, of which there must be about whole
// vectors: rows of few pixels waste nothing, and no column matrix is packed. Included by conv.c after
// conv_gemm_template.h.
//
// A tile is CONV_PIXELS pixels × 2 vectors of channels; a pixel of the source is read where it is, once for
// both. Tiles go to a small block [pixel][channel] that is transposed into the image.

#define PANEL (2 * F32_LANES)
// Pixels of a block: whole tiles, and whole vectors when they lie along the image.
#define PIXEL_BLOCK (CONV_PIXELS * F32_LANES)

typedef struct {
  conv_plan plan;
  conv_pass *passes;
  const float *x, *w, *bias;
  float *y;
  int32_t relu, panels;
  int32_t whole; // the image is read in place: nothing to pad, nothing to split
  int32_t *at;   // of each pass, where each of its pixels reads
  int64_t most;  // entries of `at` a pass
  // [pass][group][panel][k][PANEL], [group][panel][PANEL]; zero for channels that are not there
  float *weights, *biases;
  char *scratch;
  int64_t scratch_bytes, image_bytes;
} pixels;

INLINE void pixel_tile(const conv_pass *pass, float *to, const float *x, const int32_t *at, const float *w,
                       const float *bias, int32_t relu, const int NV) {
  f32v sum[CONV_PIXELS][2];
  const float *p[CONV_PIXELS];
  const int32_t *offset = pass->offset, depth = pass->depth;
  UNROLL for (int i = 0; i < CONV_PIXELS; i++) {
    p[i] = x + at[i];
    UNROLL for (int v = 0; v < NV; v++) sum[i][v] = f32_load(bias + v * F32_LANES);
  }
  for (int32_t k = 0; k < depth; k++, w += PANEL) {
    const int64_t o = offset[k];
    f32v b[2];
    UNROLL for (int v = 0; v < NV; v++) b[v] = f32_load(w + v * F32_LANES);
    UNROLL for (int i = 0; i < CONV_PIXELS; i++) {
      const f32v a = f32_set(p[i][o]);
      UNROLL for (int v = 0; v < NV; v++) sum[i][v] += a * b[v];
    }
  }
  UNROLL for (int i = 0; i < CONV_PIXELS; i++) UNROLL for (int v = 0; v < NV; v++) {
    if (relu) sum[i][v] = f32_select(sum[i][v] < 0, f32_set(0), sum[i][v]);
    f32_store(to + i * PANEL + v * F32_LANES, sum[i][v]);
  }
}
KERNEL void pixel_tile_1(const conv_pass *pass, float *to, const float *x, const int32_t *at, const float *w,
                         const float *bias, int32_t relu) {
  pixel_tile(pass, to, x, at, w, bias, relu, 1);
}
KERNEL void pixel_tile_2(const conv_pass *pass, float *to, const float *x, const int32_t *at, const float *w,
                         const float *bias, int32_t relu) {
  pixel_tile(pass, to, x, at, w, bias, relu, 2);
}

// y[channel][pixel] = from[pixel][channel], `size` from one channel to the next of y.
static void turn_block(float *y, int64_t size, const float *from, int32_t count, int32_t channels) {
  for (int32_t i = 0; i < count; i += F32_LANES)
    for (int32_t c = 0; c < channels; c += 4) {
      float *to = y + c * size + i;
      if (i + F32_LANES <= count && c + 4 <= channels) {
        f32_transpose(to, size, from + i * PANEL + c, PANEL);
        continue;
      }
      float rest[4 * F32_LANES];
      f32_transpose(rest, F32_LANES, from + i * PANEL + c, PANEL);
      for (int32_t r = 0; r < 4 && c + r < channels; r++)
        memcpy(to + r * size, rest + r * F32_LANES, (size_t)conv_min(F32_LANES, count - i) * sizeof(float));
    }
}

// The pixels of one pass, `size` of them, for the channels of a group: y[channel][pixel].
static void run_pass(const pixels *c, const conv_pass *pass, int64_t g, const float *x, float *y,
                     int64_t size) {
  const conv_plan *p = &c->plan;
  const int32_t *at = c->at + (pass - c->passes) * c->most;
  const float *weights =
      c->weights + ((int64_t)p->groups * pass->first * p->sources + g * pass->depth) * c->panels * PANEL;
  float block[PIXEL_BLOCK * PANEL];
  for (int32_t panel = 0; panel < c->panels; panel++, y += PANEL * size) {
    const int32_t channels = conv_min(PANEL, p->targets - panel * PANEL);
    const float *w = weights + (int64_t)panel * pass->depth * PANEL;
    const float *bias = c->biases + (g * c->panels + panel) * PANEL;
    for (int32_t first = 0; first < size; first += PIXEL_BLOCK) {
      const int32_t count = conv_min(PIXEL_BLOCK, (int32_t)size - first);
      for (int32_t i = 0; i < count; i += CONV_PIXELS)
        (channels > F32_LANES ? pixel_tile_2 : pixel_tile_1)(pass, block + i * PANEL, x, at + first + i, w,
                                                             bias, c->relu);
      turn_block(y + first, size, block, count, channels);
    }
  }
}

static void run_pixels(void *context, int64_t begin, int64_t end, int32_t part) {
  const pixels *c = context;
  const conv_plan *p = &c->plan;
  float *image = (float *)(c->scratch + part * c->scratch_bytes),
        *held = image + c->image_bytes / (int64_t)sizeof(float);
  const int32_t origin[3] = {0, 0, 0}, all[3] = {p->axis[0].count, p->axis[1].count, p->axis[2].count};
  for (int64_t unit = begin; unit < end; unit++) {
    const float *x = c->x + unit * p->sources * p->source_size;
    float *y = c->y + unit * p->targets * p->target_size;
    if (!c->whole) {
      gather_f32(p, image, x, p->sources, origin, all);
      x = image;
    }
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      run_pass(c, pass, unit % p->groups, x, pass_target_f32(p, pass, y, held), conv_pass_size(p, pass));
      store_pass_f32(p, pass, y, held);
    }
  }
}

// Panels [begin, end) over all groups.
static void pack_pixels(void *context, int64_t begin, int64_t end, int32_t part) {
  const pixels *c = context;
  const conv_plan *p = &c->plan;
  (void)part;
  const int64_t to_target = p->transposed ? p->taps : (int64_t)p->sources * p->taps;
  const int64_t to_source = p->transposed ? (int64_t)p->targets * p->taps : p->taps;
  for (int64_t i = begin; i < end; i++) {
    const int64_t g = i / c->panels;
    const int32_t first = (int32_t)(i % c->panels) * PANEL, channels = conv_min(PANEL, p->targets - first);
    const float *w = c->w + g * p->sources * p->targets * p->taps + first * to_target;
    for (int32_t q = 0; q < p->passes; q++) {
      const conv_pass *pass = &c->passes[q];
      float *out =
          c->weights + ((int64_t)p->groups * c->panels * pass->first * p->sources + i * pass->depth) * PANEL;
      for (int32_t s = 0; s < p->sources; s++)
        for (int32_t t = 0; t < pass->taps; t++)
          for (int32_t m = 0; m < PANEL; m++)
            *out++ = m < channels ? w[m * to_target + s * to_source + pass->tap[t]] : 0;
    }
    for (int32_t m = 0; m < PANEL; m++)
      c->biases[i * PANEL + m] = c->bias && m < channels ? c->bias[g * p->targets + first + m] : 0;
  }
}

// Where the pixels of every pass read.
static void find_pixels(const pixels *c) {
  const conv_plan *p = &c->plan;
  for (int32_t q = 0; q < p->passes; q++) {
    const conv_pass *pass = &c->passes[q];
    int32_t *at = c->at + q * c->most, n = 0;
    for (int32_t d = 0; d < conv_pass_count(p, pass, 0); d++)
      for (int32_t r = 0; r < conv_pass_count(p, pass, 1); r++)
        for (int32_t i = 0; i < conv_pass_count(p, pass, 2); i++) at[n++] = d * p->plane + r * p->row + i;
    for (int i = 0; n && i < CONV_PIXELS; i++) at[n + i] = at[n - 1]; // the last tile's surplus
  }
}

// Whether this way is the best. Against the tiles of few channels: whether vectors along the channels waste
// less than vectors along the rows, which run on over what is between them. Against matrix products of packed
// columns, for more channels: where each image has a thread to itself and the reduction is long, so that a
// block's way into the image costs little.
static int pays_by_pixels(const conv_plan *p) {
  if (p->direct || p->targets < F32_LANES) return 0;
  const int64_t image = (int64_t)p->sources * p->channel * (int64_t)sizeof(float);
  if (p->target_size > 1 << 20 || image > CONV_IMAGE_BYTES) return 0;
  const int32_t lanes = conv_ceil(p->targets, F32_LANES) * F32_LANES, width = p->axis[2].target;
  // A vector alone does not fill the processor's pipelines: half of the tile counts three quarters.
  const int32_t alone = conv_ceil(p->targets, F32_LANES) % 2 ? F32_LANES / 3 : 0;
  if (p->targets >= CONV_GEMM_TARGETS && p->sources >= CONV_GEMM_SOURCES) {
    const int64_t threads = rap_get_num_threads(), images = (int64_t)p->batch * p->groups;
    const int32_t depth = p->taps * p->sources;
    return p->taps >= (p->slots == 1 ? 2 : 25) && depth >= CONV_PIXEL_DEPTH * p->passes &&
           depth <= CONV_PIXEL_MOST && (p->passes == 1 || image <= CONV_PIXEL_IMAGE) &&
           images >= 2 * threads && (lanes + alone) * 6 <= p->targets * 7;
  }
  if (p->passes > 1) return 0;
  const int32_t cells = conv_min(p->row, conv_ceil(width, F32_LANES) * F32_LANES);
  return p->targets * (int64_t)cells * 20 > (lanes + alone) * (int64_t)width * 21;
}

// Forward or input gradient; returns 0 where another way is better.
static int conv_pixels(float *y, const float *x, const float *w, const float *bias, int32_t relu,
                       const int32_t *meta, int32_t transposed) {
  pixels c = {.x = x, .w = w, .bias = bias, .y = y, .relu = relu};
  conv_plan *p = &c.plan;
  conv_plan_init(p, meta, transposed);
  if (!p->batch || !p->groups || !p->targets || !p->target_size) return 0;
  conv_pitches(p, sizeof(float));
  if (!pays_by_pixels(p)) return 0;
  c.whole = p->slots == 1;
  for (int i = 0; i < 3; i++)
    c.whole &= p->axis[i].low == 0 && p->axis[i].count + p->axis[i].reach == p->axis[i].source;
  if (c.whole) p->channel = (int32_t)p->source_size;
  c.panels = conv_ceil(p->targets, PANEL), c.most = conv_pass_pixels(p) + CONV_PIXELS;
  const int64_t units = (int64_t)p->batch * p->groups,
                products = p->target_size * p->taps * p->sources * p->targets;
  const int64_t grain = conv_grain(units, units * products), parts = rap_parts(units, grain);
  const int64_t tables = conv_round(conv_passes_bytes(p)), ats = conv_round(p->passes * c.most * 4);
  const int64_t panels = (int64_t)p->groups * c.panels, depth = (int64_t)p->taps * p->sources;
  const int64_t weights = conv_round(panels * depth * PANEL * sizeof(float)),
                biases = conv_round(panels * PANEL * sizeof(float));
  c.image_bytes = c.whole ? 0 : conv_round(((int64_t)p->sources * p->channel + CONV_SLACK) * sizeof(float));
  c.scratch_bytes =
      c.image_bytes + conv_round(conv_held(p) * p->targets * conv_pass_pixels(p) * sizeof(float));
  char *scratch = rap_scratch(2, tables + ats + weights + biases + parts * c.scratch_bytes);
  c.passes = conv_passes_init(p, scratch), c.at = (int32_t *)(scratch + tables);
  c.weights = (float *)(scratch + tables + ats), c.biases = (float *)(scratch + tables + ats + weights);
  c.scratch = scratch + tables + ats + weights + biases;
  find_pixels(&c);
  rap_parallel(panels, 1 + CONV_GRAIN / (depth * PANEL), pack_pixels, &c);
  rap_parallel(units, grain, run_pixels, &c);
  return 1;
}
#undef PANEL
#undef PIXEL_BLOCK
