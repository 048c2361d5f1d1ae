// The block loops and micro-kernels of matrix multiplication for one element type, included by gemm.c once
// per type. The design is BLIS's (Van Zee, van de Geijn, "BLIS: A Framework for Rapidly Instantiating BLAS
// Functionality", 2015): B is packed in panels of NR columns that stay in the L1 cache while a block of A
// passes from L2. The micro-kernel takes A at any strides, since it reads A one element at a time, so A is
// packed only to bring far rows together.
//
// Expects: T element, V vector, LANES, LOAD, STORE, LOAD_TAIL, STORE_TAIL, SET, RELU, MR, KC, MC and NAME(x);
// TRANSPOSE is optional.

#define NV 2 // vectors in a row of the tile
#define NR (NV * LANES)

// What the micro-kernel needs beside its pointers.
typedef struct {
  int64_t k, a_row, a_col, b_row, c_row, bias_row, bias_col;
  int64_t next_a; // from a row of a block of A to the next, between tiles
  T alpha, beta;
  int plain;      // just store the sums
  int add;        // add to C what an earlier block of k left there
  int bias;       // there is a bias to add
  int activation; // applied by the last block of k
} NAME(tile_args);
#define ARGS NAME(tile_args)

typedef void (*NAME(tile_kernel))(const ARGS *t, const T *a, const T *b, T *c, const T *bias, int columns,
                                  int64_t tiles);

// Stores a tile that is cut off by the edge of C or has an unusual bias.
KERNEL void NAME(finish_tile)(const ARGS *t, const T *sums, int mr, int width, T *c, const T *bias,
                              int columns) {
  for (int i = 0; i < mr; i++, sums += width, c += t->c_row, bias += t->bias_row)
    for (int v = 0; v < columns; v += LANES) {
      int left = columns - v, whole = left >= LANES;
      V x = LOAD(sums + v) * SET(t->alpha);
      if (t->add) x += whole ? LOAD(c + v) : LOAD_TAIL(c + v, left, 0);
      if (t->bias) {
        const T *from = bias + v * t->bias_col;
        V y = SET(*from);
        if (t->bias_col == 1) y = whole ? LOAD(from) : LOAD_TAIL(from, left, 0);
        if (t->bias_col > 1)
          for (int lane = 1; lane < LANES && lane < left; lane++) y[lane] = from[lane * t->bias_col];
        x += SET(t->beta) * y;
      }
      if (t->activation == RAP_ACTIVATION_RELU) x = RELU(x);
      if (whole)
        STORE(c + v, x);
      else
        STORE_TAIL(c + v, x, left);
    }
}

#define EACH RAP_UNROLL for (int i = 0; i < mr; i++) RAP_UNROLL for (int v = 0; v < nv; v++)

// One tile of C, mr rows by nv vectors, of which `columns` columns exist.
INLINE void NAME(tile)(const int mr, const int nv, const ARGS *t, const T *a, const T *b, T *c, const T *bias,
                       int columns) {
  V sum[16][8];
  int64_t a_row = t->a_row, a_col = t->a_col, b_row = t->b_row, c_row = t->c_row;
  RAP_UNROLL for (int i = 0; i < mr; i++) {
    RAP_UNROLL for (int v = 0; v < nv; v++) sum[i][v] = (V){0};
    __builtin_prefetch(c + i * c_row, 1);
  }
  for (int64_t p = t->k; p > 0; p--) {
    V y[8];
    RAP_UNROLL for (int v = 0; v < nv; v++) y[v] = LOAD(b + v * LANES);
    RAP_UNROLL for (int i = 0; i < mr; i++) {
      V x = SET(a[i * a_row]);
      RAP_UNROLL for (int v = 0; v < nv; v++) sum[i][v] += x * y[v];
    }
    a += a_col, b += b_row;
  }
  if (columns < nv * LANES || (t->bias && t->bias_col > 1)) {
    T sums[16 * 8 * LANES];
    EACH STORE(sums + (i * nv + v) * LANES, sum[i][v]);
    NAME(finish_tile)(t, sums, mr, nv * LANES, c, bias, columns);
    return;
  }
  if (!t->plain) {
    V alpha = SET(t->alpha), beta = SET(t->beta);
    EACH sum[i][v] *= alpha;
    if (t->add) EACH sum[i][v] += LOAD(c + i * c_row + v * LANES);
    if (t->bias && t->bias_col)
      EACH sum[i][v] += beta * LOAD(bias + i * t->bias_row + v * LANES);
    else if (t->bias)
      EACH sum[i][v] += beta * SET(bias[i * t->bias_row]);
    if (t->activation == RAP_ACTIVATION_RELU) EACH sum[i][v] = RELU(sum[i][v]);
  }
  EACH STORE(c + i * c_row + v * LANES, sum[i][v]);
}
#undef EACH

// So many tiles, one below the other.
#define TILE(mr, nv)                                                                                         \
  static void NAME(tile_##mr##x##nv)(const ARGS *t, const T *a, const T *b, T *c, const T *bias,             \
                                     int columns, int64_t tiles) {                                           \
    for (; tiles > 0; tiles--, a += mr * t->next_a, c += mr * t->c_row, bias += mr * t->bias_row)            \
      NAME(tile)(mr, nv, t, a, b, c, bias, columns);                                                         \
  }
#define TILES(mr) TILE(mr, 1) TILE(mr, 2)
RAP_GEMM_EACH_ROW(TILES)
#undef TILES
#undef TILE
#define ROW(mr) {NAME(tile_##mr##x1), NAME(tile_##mr##x2)},
static const NAME(tile_kernel) NAME(tiles)[MR][NV] = {RAP_GEMM_EACH_ROW(ROW)};
#undef ROW

// A block of A, row after row.
static void NAME(pack_rows)(T *to, const T *a, int64_t row, int64_t col, int64_t rows, int64_t depth) {
  if (col == 1) {
    for (int64_t i = 0; i < rows; i++) memcpy(to + i * depth, a + i * row, (size_t)depth * sizeof(T));
    return;
  }
  for (int64_t i = 0; i < rows; i++)
    for (int64_t p = 0; p < depth; p++) to[i * depth + p] = a[i * row + p * col];
}

// A block of A whose columns are contiguous, in panels of MR rows: to[panel][p][MR].
static void NAME(pack_columns)(T *to, const T *a, int64_t col, int64_t rows, int64_t depth) {
  for (int64_t p = 0; p < depth; p += 4) {
    int64_t end = p + 4 < depth ? p + 4 : depth, i = 0;
    for (; i + MR <= rows; i += MR)
      for (int64_t q = p; q < end; q++) memcpy(to + i * depth + q * MR, a + q * col + i, MR * sizeof(T));
    for (int64_t q = p; i < rows && q < end; q++)
      memcpy(to + i * depth + q * MR, a + q * col + i, (size_t)(rows - i) * sizeof(T));
  }
}

// Panels of B as rap_pack_b describes them, from a matrix.
static void NAME(pack_panels)(T *to, const T *b, int64_t row, int64_t col, int64_t depth, int64_t columns) {
  int64_t whole = columns / NR * NR;
  if (col == 1) {
    // A few rows at a time through all panels: rows are read from end to end, and each panel is written line
    // after line.
    for (int64_t p = 0; p < depth; p += 4) {
      int64_t end = p + 4 < depth ? p + 4 : depth;
      for (int64_t j = 0; j < whole; j += NR)
        for (int64_t q = p; q < end; q++)
          for (int v = 0; v < NV; v++)
            STORE(to + j * depth + q * NR + v * LANES, LOAD(b + q * row + j + v * LANES));
      for (int64_t q = p; whole < columns && q < end; q++)
        for (int v = 0; v < NV; v++) {
          int64_t j = whole + v * LANES, left = columns - j;
          V x = left >= LANES ? LOAD(b + q * row + j)
                : left > 0    ? LOAD_TAIL(b + q * row + j, (int)left, 0)
                              : SET(0);
          STORE(to + whole * depth + q * NR + v * LANES, x);
        }
    }
    return;
  }
  for (int64_t panel = 0; panel < columns; panel += NR) {
    int64_t width = columns - panel < NR ? columns - panel : NR, p = 0, j = 0;
    T *at = to + panel * depth;
    const T *from = b + panel * col;
#ifdef TRANSPOSE
    // Line by line, since with far columns at a power of two few lines fit the cache together.
    if (row == 1) {
      int64_t whole = width / LANES * LANES;
      for (; p + 16 <= depth; p += 16)
        for (j = 0; j < whole; j += LANES)
          for (int64_t q = p; q < p + 16; q += 4) TRANSPOSE(at + q * NR + j, NR, from + j * col + q, col);
      for (; p + 4 <= depth; p += 4)
        for (j = 0; j < whole; j += LANES) TRANSPOSE(at + p * NR + j, NR, from + j * col + p, col);
      for (j = whole; p < depth; p++)
        for (int64_t i = 0; i < whole; i++) at[p * NR + i] = from[p * row + i * col];
      j = whole;
    }
#endif
    for (p = 0; p < depth; p++)
      for (int64_t i = j; i < NR; i++) at[p * NR + i] = i < width ? from[p * row + i * col] : 0;
  }
}

#include "gemm_skinny.h"

// The matrices of one problem of a batch; bias is a, and never read, where there is none.
typedef struct {
  const T *a, *b, *bias;
  T *c;
} NAME(operands);

static NAME(operands) NAME(operands_of)(const rap_gemm *g, int64_t outer, int64_t inner) {
  const T *a = (const T *)g->a + outer * g->a_outer + inner * g->a_inner;
  return (NAME(operands)){.a = a,
                          .b = (const T *)g->b + outer * g->b_outer + inner * g->b_inner,
                          .bias = g->bias ? (const T *)g->bias + outer * g->bias_outer + inner * g->bias_inner
                                          : a,
                          .c = (T *)g->c + outer * g->c_outer + inner * g->c_inner};
}

// What stays the same through all blocks of a problem.
static ARGS NAME(tile_args_of)(const rap_gemm *g) {
  return (ARGS){.c_row = g->c_row,
                .bias_row = g->bias_row,
                .bias_col = g->bias_col,
                .alpha = (T)g->alpha,
                .beta = (T)g->beta};
}

// A step of kc through k, of one term of the sum; one step where k is 0.
typedef struct {
  int64_t term, pc, depth;
} NAME(step);

static NAME(step) NAME(step_of)(const tasks *s, int64_t step) {
  int64_t pc = step % s->steps * s->kc, left = s->g->k - pc;
  return (NAME(step)){step / s->steps, pc, left < s->kc ? left : s->kc};
}

static void NAME(begin_step)(const tasks *s, ARGS *t, int64_t step) {
  const rap_gemm *g = s->g;
  t->k = NAME(step_of)(s, step).depth;
  t->add = step > 0;
  t->bias = step == 0 && g->bias && g->beta != 0;
  t->activation = step + 1 == s->terms * s->steps ? g->activation : RAP_ACTIVATION_NONE;
  t->plain = !t->add && !t->bias && !t->activation && t->alpha == 1;
}

// A block of A, packed where that pays; tells the tiles where its elements are.
static const T *NAME(take_a)(const tasks *s, ARGS *t, T *packed, const T *a, int64_t height, int64_t depth) {
  const rap_gemm *g = s->g;
  t->next_a = t->a_row = depth, t->a_col = 1;
  if (s->direct_a) {
    t->next_a = t->a_row = g->a_row, t->a_col = g->a_col;
    return a;
  }
  if (g->a_row == 1) {
    NAME(pack_columns)(packed, a, g->a_col, height, depth);
    t->a_row = 1, t->a_col = MR;
  } else {
    NAME(pack_rows)(packed, a, g->a_row, g->a_col, height, depth);
  }
  return packed;
}

// A block of A times one panel of B.
static void NAME(column_of_tiles)(const ARGS *t, const T *a, const T *panel, T *c, const T *bias, int columns,
                                  int64_t height) {
  int nv = (columns + LANES - 1) / LANES;
  int64_t whole = height / MR, rest = height % MR, below = height - rest;
  NAME(tiles)[MR - 1][nv - 1](t, a, panel, c, bias, columns, whole);
  if (!rest) return;
  a += below * t->next_a, c += below * t->c_row, bias += below * t->bias_row;
  NAME(tiles)[rest - 1][nv - 1](t, a, panel, c, bias, columns, 1);
}

// One task: rows [i0, i1) and columns [j0, j1) of a problem, on the calling thread.
static void NAME(block)(const tasks *s, int64_t outer, int64_t inner, int64_t i0, int64_t i1, int64_t j0,
                        int64_t j1) {
  const rap_gemm *g = s->g;
  const NAME(operands) o = NAME(operands_of)(g, outer, inner);
  const T *a = o.a, *b = o.b, *bias = o.bias;
  T *c = o.c;
  int64_t batch = outer * g->inner + inner, mc = s->mc, nc = s->nc;
  T *packed_b = s->packed_b ? rap_scratch(0, s->packed_b * (int64_t)sizeof(T)) : 0;
  T *packed_a = s->packed_a ? rap_scratch(1, s->packed_a * (int64_t)sizeof(T)) : 0;
  ARGS t = NAME(tile_args_of)(g);
  for (int64_t jc = j0; jc < j1; jc += nc) {
    int64_t width = jc + nc < j1 ? nc : j1 - jc;
    for (int64_t step = 0; step < s->terms * s->steps; step++) {
      const NAME(step) at = NAME(step_of)(s, step);
      NAME(begin_step)(s, &t, step);
      const T *from_b = b + at.term * g->b_sum + at.pc * g->b_row + jc * g->b_col;
      if (g->pack_b)
        g->pack_b(g->context, packed_b, batch, at.pc, at.depth, jc, width);
      else if (!s->direct_b && !s->strip)
        NAME(pack_panels)(packed_b, from_b, g->b_row, g->b_col, at.depth, width);
      for (int64_t ic = i0; ic < i1; ic += mc) {
        int64_t height = ic + mc < i1 ? mc : i1 - ic;
        const T *from_a = a + at.term * g->a_sum + ic * g->a_row + at.pc * g->a_col;
        const T *block_a = NAME(take_a)(s, &t, packed_a, from_a, height, at.depth);
        for (int64_t j = 0; j < width; j += NR) {
          int columns = width - j < NR ? (int)(width - j) : NR;
          const T *panel = packed_b + (s->strip ? j % s->strip : j) * at.depth;
          t.b_row = NR;
          if (s->strip && j % s->strip == 0) {
            int64_t strip = width - j < s->strip ? width - j : s->strip;
            NAME(pack_panels)(packed_b, from_b + j * g->b_col, g->b_row, g->b_col, at.depth, strip);
          } else if (s->direct_b && columns % LANES == 0) {
            panel = from_b + j, t.b_row = g->b_row;
          } else if (s->direct_b) {
            panel = packed_b;
            NAME(pack_panels)(packed_b, from_b + j, g->b_row, 1, at.depth, columns);
          }
          NAME(column_of_tiles)
          (&t, block_a, panel, c + ic * g->c_row + jc + j, bias + ic * g->bias_row + (jc + j) * g->bias_col,
           columns, height);
        }
      }
    }
  }
}

// Problems too small for anything but the sums themselves: row by row, straight from where the matrices are.
static void NAME(tiny)(const rap_gemm *g, int64_t outer, int64_t inner) {
  const NAME(operands) o = NAME(operands_of)(g, outer, inner);
  const T *a = o.a, *b = o.b, *bias = o.bias;
  T *c = o.c;
  ARGS t = NAME(tile_args_of)(g);
  t.bias = g->bias && g->beta != 0, t.activation = g->activation;
  int plain = t.alpha == 1 && !t.bias && !t.activation;
  for (int64_t j = 0; j < g->n; j += LANES) {
    int left = g->n - j < LANES ? (int)(g->n - j) : LANES;
    for (int64_t i = 0; i < g->m; i++) {
      V sum = SET(0);
      for (int64_t p = 0; p < g->k; p++) {
        const T *from = b + p * g->b_row + j;
        sum += SET(a[i * g->a_row + p * g->a_col]) * (left == LANES ? LOAD(from) : LOAD_TAIL(from, left, 0));
      }
      T *to = c + i * g->c_row + j;
      if (!plain) {
        T sums[LANES];
        STORE(sums, sum);
        NAME(finish_tile)(&t, sums, 1, LANES, to, bias + i * g->bias_row + j * g->bias_col, left);
      } else if (left == LANES) {
        STORE(to, sum);
      } else {
        STORE_TAIL(to, sum, left);
      }
    }
  }
}

static void NAME(run_task)(const tasks *s, int64_t task) {
  const rap_gemm *g = s->g;
  int64_t each = (int64_t)s->rows * s->columns, batch = task / each, i = task % each / s->columns,
          j = task % s->columns;
  int64_t outer = batch / g->inner, inner = batch % g->inner;
  if (s->tiny)
    NAME(tiny)(g, outer, inner);
  else
    NAME(block)
  (s, outer, inner, split(g->m, MR, i, s->rows), split(g->m, MR, i + 1, s->rows),
   split(g->n, NR, j, s->columns), split(g->n, NR, j + 1, s->columns));
}

// Whoever is free takes the next few tasks; which thread computes a block does not change its result.
static void NAME(run_tasks)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)begin, (void)end, (void)part;
  tasks *s = context;
  int64_t few = s->count / (16 * s->threads) + 1;
  for (;;) {
    int64_t task = atomic_fetch_add_explicit(&s->next, few, memory_order_relaxed);
    if (task >= s->count) return;
    for (int64_t i = task; i < task + few && i < s->count; i++) NAME(run_task)(s, i);
  }
}

// Block sizes, and what is packed: a small operand that is read few times is used where it is.
static void NAME(choose_blocks)(tasks *s) {
  const rap_gemm *g = s->g;
  int64_t rows = s->rows == 1 ? g->m : (g->m + MR) / s->rows + MR;
  int64_t columns = s->columns == 1 ? g->n : (g->n + NR) / s->columns + NR;
  s->kc = block_size(g->k, KC, 4);
  s->steps = g->k ? (g->k + s->kc - 1) / s->kc : 1, s->terms = g->sum ? g->sum : 1;
  s->mc = block_size(rows, MC, MR);
  s->nc = block_size(columns, rows > MC ? 2048 : 512, NR);
  int small_b = g->k * columns * (int64_t)sizeof(T) <= RAP_SMALL_BYTES;
  s->direct_b = !g->pack_b && g->b_col == 1 && rows <= (small_b ? RAP_DIRECT_SMALL_B : RAP_DIRECT_B);
  int small_a = g->a_col == 1 && g->a_row == g->k && s->steps == 1 &&
                rows * g->k * (int64_t)sizeof(T) <= RAP_SMALL_A_BYTES;
  s->direct_a = small_a || columns <= (g->a_col == 1 ? RAP_DIRECT_A : RAP_DIRECT_A_COLUMNS);
  if (!g->pack_b && !s->direct_b && rows * s->kc * (int64_t)sizeof(T) <= RAP_STRIP_BYTES) {
    s->mc = (rows + MR - 1) / MR * MR;
    s->strip = NR * (g->b_row == 1 ? 1 : columns > RAP_WIDE_ROW ? 8 : 4);
    s->packed_b = s->strip * s->kc + LANES;
  } else if (!s->direct_b)
    s->packed_b = (s->nc + NR - 1) / NR * NR * s->kc + LANES;
  else if (g->n % LANES)
    s->packed_b = NR * s->kc;
  if (!s->direct_a) s->packed_a = (s->mc + MR - 1) / MR * MR * s->kc;
}

#include "gemm_shared.h"

void NAME(rap_gemm)(const rap_gemm *g) {
  if (!g->m || !g->n || !g->outer || !g->inner || NAME(try_skinny)(g)) return;
  tasks s = {.g = g, .threads = 1, .rows = 1, .columns = 1};
  s.tiny = g->m * g->n * g->k <= RAP_TINY && g->b_col == 1 && !g->sum && !g->pack_b;
  plan(&s, MR, NR);
  if (NAME(try_shared)(&s)) return;
  if (!s.tiny) NAME(choose_blocks)(&s);
  if (s.threads > 1) {
    rap_parallel(s.threads, 1, NAME(run_tasks), &s);
    return;
  }
  for (int64_t outer = 0; outer < g->outer; outer++)
    for (int64_t inner = 0; inner < g->inner; inner++) {
      if (s.tiny)
        NAME(tiny)(g, outer, inner);
      else
        NAME(block)(&s, outer, inner, 0, g->m, 0, g->n);
    }
}

#undef T
#undef V
#undef LANES
#undef LOAD
#undef STORE
#undef LOAD_TAIL
#undef STORE_TAIL
#undef SET
#undef RELU
#undef SUM
#undef SUM4
#undef TRANSPOSE
#undef KC
#undef NV
#undef NR
#undef MC
#undef NAME
#undef ARGS
