// Winograd's F(2×2, 3×3) (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016): 16
// multiplications for the 36 of four outputs. A tile of 4×4 source pixels, every second of which begins one,
// is transformed by additions; then place ξ of all tiles is a matrix [channels, tiles], and a convolution is
// 16 matrix products:
//   M[ξ] = U[ξ]·V[ξ], with V = Bᵀ d B of the source d, U = G g Gᵀ of the kernel g, and y = Aᵀ M A.
// The weight's gradient is the adjoint: dU[ξ] = dM[ξ]·V[ξ]ᵀ, dM = A dy Aᵀ, dw = Gᵀ dU G.
// The constants are 0, ±1 and ½, so the results are as accurate as direct sums are: docs/performance.md.
#include "conv_winograd.h"
#include "../raptorch.h"
#include "gemm.h"
#include "simd.h"
#include "threads.h"

// A chunk is a number of lines of tiles (of any images) whose V and M take so many bytes, between
// what the second-level cache and a core's share of the third hold, but at least so many tiles, since each
// chunk reads all of U.
#define CHUNK_BYTES (1 << 20)
#define CHUNK_TILES 96
// Fewer channels do not pay for the transforms.
#define LEAST_CHANNELS 32

#define LANES  F32_LANES
#define PLACES 16

typedef struct {
  int32_t sources, targets;      // channels read and written
  int32_t height, width;         // of the image read
  int32_t out_height, out_width; // of the image written
  int32_t top, left;             // zeros around the image read
  int32_t rows, columns;         // tiles of an image
  int32_t lines, chunk, chunks;  // rows of all images, those of one chunk, number of chunks
  int32_t pad_row;               // the zero-padded image: its pitch, and its elements
  int64_t pad;
  int64_t pitch;          // from one channel to the next of V and M
  int64_t u, v, m;        // from one place to the next
  int64_t parts, helpers; // threads with chunks of their own; threads that share in one chunk
} geometry;

// Elements from one place to the next of a matrix of that many: five lines off a multiple of 4 KB, so that 16
// places written in turn do not meet in the first-level cache.
static int64_t place(int64_t elements) { return (elements + 1023) / 1024 * 1024 + 80; }

// Whether the problem is one for this file; fills in the geometry.
static int describe(geometry *g, const int32_t *meta, int32_t transposed) {
  const int32_t *in = meta + 4, *kernel = meta + 7, *out = meta + 10, *stride = meta + 13,
                *padding = meta + 16, *dilation = meta + 19;
  if (meta[3] != 1 || meta[1] < LEAST_CHANNELS || meta[2] < LEAST_CHANNELS || !meta[0]) return 0;
  if (kernel[0] != 1 || in[0] != 1 || out[0] != 1 || padding[0]) return 0;
  for (int i = 1; i < 3; i++)
    if (kernel[i] != 3 || stride[i] != 1 || dilation[i] != 1 || padding[i] > 2 || out[i] < 4) return 0;
  *g = (geometry){.sources = meta[1], .targets = meta[2], .height = in[1], .width = in[2]};
  g->out_height = out[1], g->out_width = out[2], g->top = padding[1], g->left = padding[2];
  if (transposed) {
    g->sources = meta[2], g->targets = meta[1], g->height = out[1], g->width = out[2];
    g->out_height = in[1], g->out_width = in[2], g->top = 2 - padding[1], g->left = 2 - padding[2];
  }
  g->rows = (g->out_height + 1) / 2, g->columns = (g->out_width + 1) / 2, g->lines = meta[0] * g->rows;
  g->pad_row = (g->columns + LANES - 1) / LANES * 2 * LANES + LANES;
  const int64_t line = (int64_t)PLACES * (g->sources + g->targets) * g->columns * (int64_t)sizeof(float);
  const int32_t least = (CHUNK_TILES + g->columns - 1) / g->columns;
  int64_t chunk = CHUNK_BYTES / line > least ? CHUNK_BYTES / line : least;
  const int32_t threads = rap_get_num_threads();
  if (chunk * threads > g->lines && least * threads <= g->lines) chunk = (g->lines + threads - 1) / threads;
  g->chunks = (int32_t)((g->lines + chunk - 1) / chunk);
  g->chunk = (g->lines + g->chunks - 1) / g->chunks;
  g->chunks = (g->lines + g->chunk - 1) / g->chunk;
  g->parts = rap_parts(g->chunks, 1), g->helpers = g->parts > 1 ? 1 : threads;
  g->pad = (int64_t)(2 * g->chunk + 2) * g->pad_row;
  // Vectors are stored whole, up to a vector beyond the last tile.
  g->pitch = ((int64_t)g->chunk * g->columns + 2 * LANES - 1) / LANES * LANES;
  g->u = place((int64_t)g->sources * g->targets);
  g->v = place(g->sources * g->pitch), g->m = place(g->targets * g->pitch);
  return 1;
}

// ---- the transforms of 4 tiles' worth of lines, LANES tiles at once
// ---------------------------------------------

// Bᵀ d, Aᵀ m and A d along one axis.
#define SOURCE(t, a, b, c, d) t[0] = (a) - (c), t[1] = (b) + (c), t[2] = (c) - (b), t[3] = (b) - (d)
#define TARGET(t, a, b, c, d) t[0] = (a) + (b) + (c), t[1] = (b) - (c) - (d)
#define SPREAD(t, a, b)       t[0] = (a), t[1] = (a) + (b), t[2] = (a) - (b), t[3] = -(b)

// V of LANES tiles beside each other; `x` is the padded image at the first one's corner.
INLINE void source_tiles(const geometry *g, float *to, int64_t step, const float *x) {
  f32v d[4][4], v[4];
  RAP_UNROLL for (int r = 0; r < 4; r++, x += g->pad_row) {
    const f32v a = f32_load(x), b = f32_load(x + LANES), c = f32_load(x + 2), e = f32_load(x + LANES + 2);
    const f32v d0 = f32_even(a, b), d1 = f32_odd(a, b), d2 = f32_even(c, e), d3 = f32_odd(c, e);
    SOURCE(d[r], d0, d1, d2, d3);
  }
  RAP_UNROLL for (int j = 0; j < 4; j++) {
    SOURCE(v, d[0][j], d[1][j], d[2][j], d[3][j]);
    RAP_UNROLL for (int i = 0; i < 4; i++) f32_store(to + (4 * i + j) * step, v[i]);
  }
}

// dM of LANES tiles of an output's gradient.
INLINE void gradient_tiles(const geometry *g, float *to, int64_t step, const float *x) {
  f32v d[2][4], v[4];
  RAP_UNROLL for (int r = 0; r < 2; r++, x += g->pad_row) {
    const f32v a = f32_load(x), b = f32_load(x + LANES), even = f32_even(a, b), odd = f32_odd(a, b);
    SPREAD(d[r], even, odd);
  }
  RAP_UNROLL for (int j = 0; j < 4; j++) {
    SPREAD(v, d[0][j], d[1][j]);
    RAP_UNROLL for (int i = 0; i < 4; i++) f32_store(to + (4 * i + j) * step, v[i]);
  }
}

INLINE void store_pixels(float *y, f32v v, int64_t left) {
  if (left >= LANES)
    f32_store(y, v);
  else if (left > 0)
    f32_store_tail(y, v, (int)left);
}

// Two rows of outputs of the LANES tiles from column `tile` on; nothing is stored from `end` on.
INLINE void target_tiles(const geometry *g, float *y, const float *end, const float *from, int64_t step,
                         int32_t tile, f32v bias, int32_t relu) {
  f32v m[2][4], out[2];
  RAP_UNROLL for (int j = 0; j < 4; j++) {
    f32v t[2];
    TARGET(t, f32_load(from + j * step), f32_load(from + (4 + j) * step), f32_load(from + (8 + j) * step),
           f32_load(from + (12 + j) * step));
    m[0][j] = t[0], m[1][j] = t[1];
  }
  for (int r = 0; r < 2; r++, y += g->out_width) {
    TARGET(out, m[r][0], m[r][1], m[r][2], m[r][3]);
    f32v a = f32_zip_low(out[0], out[1]) + bias, b = f32_zip_high(out[0], out[1]) + bias;
    if (relu) a = f32_select(a < 0, f32_set(0), a), b = f32_select(b < 0, f32_set(0), b);
    store_pixels(y, a, end - y);
    // The row's own end counts too: behind it there may be nothing that is written later.
    if (2 * tile + LANES < g->out_width) store_pixels(y + LANES, b, end - y - LANES);
  }
}

// The tiles [first, first + lines) of all lines, in pieces of one image each.
typedef struct {
  const geometry *g;
  int32_t first, lines;
  const float *x;                             // all images read
  int32_t height, width, top, left, channels; // of x
  float *v, *pads;                            // V or dM; each helper's padded image
  int64_t step;
  float *sums;  // of a gradient's channels, added to, or null
  int gradient; // dM instead of V
  float *y;     // all images written
  const float *m, *bias;
  int32_t relu;
} chunk;

// Source rows of a channel under the tile rows [row, end), zero where the image has none.
static void pad_rows(const chunk *s, float *pad, const float *x, int32_t row, int32_t end) {
  const geometry *g = s->g;
  const int32_t overlap = s->gradient ? 0 : 2;
  for (int32_t r = 2 * row - s->top; r < 2 * end + overlap - s->top; r++, pad += g->pad_row) {
    if (r >= 0 && r < s->height)
      memcpy(pad + s->left, x + (int64_t)r * s->width, (size_t)s->width * sizeof(float));
    else
      memset(pad + s->left, 0, (size_t)s->width * sizeof(float));
  }
}

static float sum_of(const float *x, int32_t n) {
  f32v sum = f32_set(0);
  int32_t i = 0;
  for (; i + LANES <= n; i += LANES) sum += f32_load(x + i);
  return f32_sum(sum + f32_load_tail(x + i, n - i, 0));
}

// Transforms the channels [begin, end) of a chunk.
static void spread_channels(void *context, int64_t begin, int64_t end, int32_t helper) {
  const chunk *s = context;
  const geometry *g = s->g;
  float *pad = s->pads + helper * g->pad;
  memset(pad, 0, (size_t)g->pad * sizeof(float));
  for (int64_t c = begin; c < end; c++) {
    float *to = s->v + c * g->pitch;
    for (int32_t line = s->first, last = s->first + s->lines; line < last;) {
      const int32_t n = line / g->rows, row = line % g->rows;
      const int32_t stop = row + last - line < g->rows ? row + last - line : g->rows;
      const float *x = s->x + ((int64_t)n * s->channels + c) * s->height * s->width;
      pad_rows(s, pad, x, row, stop);
      if (s->sums) {
        const int32_t end_row = 2 * stop < s->height ? 2 * stop : s->height;
        s->sums[c] += sum_of(x + 2 * row * (int64_t)s->width, (end_row - 2 * row) * s->width);
      }
      for (int32_t r = row; r < stop; r++, to += g->columns)
        for (int32_t i = 0; i < g->columns; i += LANES) {
          const float *from = pad + 2 * (r - row) * g->pad_row + 2 * i;
          if (s->gradient)
            gradient_tiles(g, to + i, s->step, from);
          else
            source_tiles(g, to + i, s->step, from);
        }
      line += stop - row;
    }
  }
}

// y of the channels [begin, end) of a chunk.
static void gather_channels(void *context, int64_t begin, int64_t end, int32_t helper) {
  const chunk *s = context;
  const geometry *g = s->g;
  (void)helper;
  const int64_t size = (int64_t)g->out_height * g->out_width;
  for (int64_t c = begin; c < end; c++) {
    const float *from = s->m + c * g->pitch;
    const f32v bias = f32_set(s->bias ? s->bias[c] : 0);
    for (int32_t line = s->first, last = s->first + s->lines; line < last;) {
      const int32_t n = line / g->rows, row = line % g->rows;
      const int32_t stop = row + last - line < g->rows ? row + last - line : g->rows;
      float *y = s->y + ((int64_t)n * g->targets + c) * size;
      const float *limit = y + (2 * stop < g->out_height ? 2 * stop : g->out_height) * (int64_t)g->out_width;
      // From right to left: what a row's last vector writes too much, the next row's first overwrites.
      for (int32_t r = row; r < stop; r++, from += g->columns)
        for (int32_t i = (g->columns - 1) / LANES * LANES; i >= 0; i -= LANES)
          target_tiles(g, y + (int64_t)2 * r * g->out_width + 2 * i, limit, from + i, g->m, i, bias, s->relu);
      line += stop - row;
    }
  }
}

// ---- kernels
// ----------------------------------------------------------------------------------------------------

typedef struct {
  const float *w; // [rows, channels, 9]
  float *dw;
  float *u; // [16][rows, channels], places `step` apart
  int64_t channels, step;
  int flipped; // the kernel turned around: places 0 and 3 of both axes change
} kernels;

// The place for row i and column j of a transformed kernel.
static int kernel_place(const kernels *k, int i, int j) {
  if (k->flipped) i = i % 3 ? i : 3 - i, j = j % 3 ? j : 3 - j;
  return 4 * i + j;
}

#define KERNEL_LINE(t, a, b, c)                                                                              \
  t[0] = (a), t[1] = ((a) + (c) + (b)) * 0.5f, t[2] = ((a) + (c) - (b)) * 0.5f, t[3] = (c)
#define KERNEL_BACK(t, a, b, c, d)                                                                           \
  t[0] = (a) + ((b) + (c)) * 0.5f, t[1] = ((b) - (c)) * 0.5f, t[2] = ((b) + (c)) * 0.5f + (d)

// U of the rows [begin, end) of kernels, LANES kernels at once.
static void spread_kernels(void *context, int64_t begin, int64_t end, int32_t thread) {
  const kernels *k = context;
  (void)thread;
  for (int64_t o = begin; o < end; o++)
    for (int64_t c = 0; c < k->channels; c += LANES) {
      const int64_t n = k->channels - c < LANES ? k->channels - c : LANES;
      const float *w = k->w + (o * k->channels + c) * 9;
      float taps[9][LANES] = {{0}};
      for (int64_t l = 0; l < n; l++) RAP_UNROLL for (int t = 0; t < 9; t++) taps[t][l] = w[l * 9 + t];
      f32v g[3][4], v[4];
      RAP_UNROLL for (int r = 0; r < 3; r++)
          KERNEL_LINE(g[r], f32_load(taps[3 * r]), f32_load(taps[3 * r + 1]), f32_load(taps[3 * r + 2]));
      float *u = k->u + o * k->channels + c;
      RAP_UNROLL for (int j = 0; j < 4; j++) {
        KERNEL_LINE(v, g[0][j], g[1][j], g[2][j]);
        RAP_UNROLL for (int i = 0; i < 4; i++) {
          float *to = u + kernel_place(k, i, j) * k->step;
          if (n == LANES)
            f32_store(to, v[i]);
          else
            f32_store_tail(to, v[i], (int)n);
        }
      }
    }
}

// dw of the rows [begin, end) of kernels from dU.
static void gather_kernels(void *context, int64_t begin, int64_t end, int32_t thread) {
  const kernels *k = context;
  (void)thread;
  for (int64_t o = begin; o < end; o++)
    for (int64_t c = 0; c < k->channels; c += LANES) {
      const int64_t n = k->channels - c < LANES ? k->channels - c : LANES;
      const float *u = k->u + o * k->channels + c;
      f32v d[3][4], out[3];
      RAP_UNROLL for (int j = 0; j < 4; j++) {
        f32v t[4], s[3];
        RAP_UNROLL for (int i = 0; i < 4; i++) {
          const float *from = u + (4 * i + j) * k->step;
          t[i] = n == LANES ? f32_load(from) : f32_load_tail(from, (int)n, 0);
        }
        KERNEL_BACK(s, t[0], t[1], t[2], t[3]);
        RAP_UNROLL for (int i = 0; i < 3; i++) d[i][j] = s[i];
      }
      float taps[9][LANES], *dw = k->dw + (o * k->channels + c) * 9;
      RAP_UNROLL for (int r = 0; r < 3; r++) {
        KERNEL_BACK(out, d[r][0], d[r][1], d[r][2], d[r][3]);
        RAP_UNROLL for (int t = 0; t < 3; t++) f32_store(taps[3 * r + t], out[t]);
      }
      for (int64_t l = 0; l < n; l++) RAP_UNROLL for (int t = 0; t < 9; t++) dw[l * 9 + t] = taps[t][l];
    }
}

// ---- the three problems
// -----------------------------------------------------------------------------------------

// A helper is worth waking for so many elements.
#define GRAIN (16 << 10)

static int64_t grain(int64_t each) { return 1 + GRAIN / (each + 1); }

typedef struct {
  geometry g;
  chunk source, target;
  rap_gemm product;
  float *memory; // of the first part: V, M and padded images
  int64_t part_size, result_size;
} problem;

static int64_t room(const geometry *g) { return PLACES * (g->v + g->m) + g->helpers * g->pad; }

static void place_chunk(const problem *p, chunk *s, int64_t i, int32_t part) {
  const geometry *g = &p->g;
  float *memory = p->memory + part * p->part_size;
  s->g = g, s->first = (int32_t)i * g->chunk;
  s->lines = g->lines - s->first < g->chunk ? g->lines - s->first : g->chunk;
  s->v = s->gradient ? memory + PLACES * g->v : memory, s->m = memory + PLACES * g->v;
  s->pads = memory + PLACES * (g->v + g->m);
}

static void run_image(void *context, int64_t begin, int64_t end, int32_t part) {
  const problem *p = context;
  const geometry *g = &p->g;
  chunk s = p->source;
  rap_gemm product = p->product;
  for (int64_t i = begin; i < end; i++) {
    place_chunk(p, &s, i, part);
    product.n = (int64_t)s.lines * g->columns;
    product.b = s.v, product.c = (void *)s.m;
    rap_parallel(g->sources, grain(product.n * 4), spread_channels, &s);
    rap_gemm_f32(&product);
    rap_parallel(g->targets, grain(product.n * 4), gather_channels, &s);
  }
}

int conv_winograd_image(float *y, const float *x, const float *w, const float *bias, int32_t relu,
                        const int32_t *meta, int32_t transposed) {
  problem p;
  if (!describe(&p.g, meta, transposed)) return 0;
  const geometry *g = &p.g;
  p.part_size = room(g);
  float *u = rap_scratch(2, (PLACES * g->u + g->parts * p.part_size) * (int64_t)sizeof(float));
  p.memory = u + PLACES * g->u;
  kernels k = {.w = w, .u = u, .channels = meta[1], .step = g->u, .flipped = transposed};
  rap_parallel(meta[2], grain(16 * meta[1]), spread_kernels, &k);
  p.source = (chunk){.x = x, .height = g->height, .width = g->width, .top = g->top, .left = g->left};
  p.source.channels = g->sources, p.source.step = g->v, p.source.y = y, p.source.bias = bias,
  p.source.relu = relu;
  p.product = (rap_gemm){.m = g->targets, .k = g->sources, .a = u, .alpha = 1, .outer = 1, .inner = PLACES};
  p.product.a_row = transposed ? 1 : g->sources, p.product.a_col = transposed ? g->targets : 1;
  p.product.a_inner = g->u;
  p.product.b_row = g->pitch, p.product.b_col = 1, p.product.b_inner = g->v;
  p.product.c_row = g->pitch, p.product.c_inner = g->m;
  rap_parallel(g->chunks, 1, run_image, &p);
  return 1;
}

static void run_weight(void *context, int64_t begin, int64_t end, int32_t part) {
  const problem *p = context;
  const geometry *g = &p->g;
  chunk source = p->source, target = p->target;
  rap_gemm product = p->product;
  float *u = (float *)product.c + part * p->result_size;
  if (target.sums) {
    target.sums = u + PLACES * g->u;
    memset(target.sums, 0, (size_t)g->targets * sizeof(float));
  }
  for (int64_t i = begin; i < end; i++) {
    place_chunk(p, &source, i, part), place_chunk(p, &target, i, part);
    product.k = (int64_t)source.lines * g->columns;
    product.a = target.v, product.b = source.v, product.c = u, product.bias = i > begin ? u : 0;
    rap_parallel(g->sources, grain(product.k * 4), spread_channels, &source);
    rap_parallel(g->targets, grain(product.k * 4), spread_channels, &target);
    rap_gemm_f32(&product);
  }
}

// Adds the parts' results, in their order, to the first one's.
static void add_parts(void *context, int64_t begin, int64_t end, int32_t helper) {
  const problem *p = context;
  float *u = p->product.c;
  (void)helper;
  for (int64_t part = 1; part < p->g.parts; part++)
    for (int64_t i = begin; i < end; i++) u[i] += u[part * p->result_size + i];
}

int conv_winograd_weight(float *dw, float *dbias, const float *dy, const float *x, const int32_t *meta) {
  problem p;
  if (!describe(&p.g, meta, 0)) return 0;
  const geometry *g = &p.g;
  p.part_size = room(g), p.result_size = PLACES * g->u + g->targets;
  float *u = rap_scratch(2, g->parts * (p.result_size + p.part_size) * (int64_t)sizeof(float));
  p.memory = u + g->parts * p.result_size;
  p.source = (chunk){.x = x, .height = g->height, .width = g->width, .top = g->top, .left = g->left};
  p.source.channels = g->sources, p.source.step = g->v;
  p.target = (chunk){.x = dy, .height = g->out_height, .width = g->out_width, .channels = g->targets};
  p.target.step = g->m, p.target.sums = dbias, p.target.gradient = 1;
  p.product = (rap_gemm){
      .m = g->targets, .n = g->sources, .c = u, .alpha = 1, .beta = 1, .outer = 1, .inner = PLACES};
  p.product.a_row = g->pitch, p.product.a_col = 1, p.product.a_inner = g->m;
  p.product.b_row = 1, p.product.b_col = g->pitch, p.product.b_inner = g->v;
  p.product.c_row = p.product.bias_row = g->sources, p.product.bias_col = 1;
  p.product.c_inner = p.product.bias_inner = g->u;
  rap_parallel(g->chunks, 1, run_weight, &p);
  if (g->parts > 1) rap_parallel(p.result_size, GRAIN, add_parts, &p);
  kernels k = {.dw = dw, .u = u, .channels = g->sources, .step = g->u};
  rap_parallel(g->targets, grain(16 * g->sources), gather_kernels, &k);
  if (dbias) memcpy(dbias, u + PLACES * g->u, (size_t)g->targets * sizeof(float));
  return 1;
}
