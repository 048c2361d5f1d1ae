// Matrix multiplication where one side is a vector or a few of them, so that packing the large operand would
// cost more than it saves. Included by gemm.c once per element type, with the macros of gemm_loops.h and
// SUM4.

// x [rows, k] times y [n, k] transposed, y being the large operand; c and bias by their strides along x and
// along y.
typedef struct {
  const rap_gemm *g;
  int y_is_b;
  int64_t rows, n, k, x_row, x_col, y_row, y_col, c_x, c_y, bias_x, bias_y;
  const T *x, *y, *bias;
  T *c, alpha, beta;
  int activation;
} NAME(skinny);
#define SKINNY NAME(skinny)

INLINE void NAME(finish_at)(const SKINNY *s, T *c, int64_t c_y, const T *bias, int64_t bias_y, const T *sums,
                            int64_t count) {
  T alpha = s->alpha, beta = s->beta;
  int relu = s->activation == RAP_ACTIVATION_RELU;
  for (int64_t q = 0; q < count; q++) {
    T x = sums[q] * alpha;
    if (beta != 0) x += beta * bias[q * bias_y];
    c[q * c_y] = relu && x < 0 ? 0 : x;
  }
}
// Stores `count` sums of row i of x and rows j … of y.
INLINE void NAME(finish)(const SKINNY *s, int64_t i, int64_t j, const T *sums, int64_t count) {
  T *c = s->c + i * s->c_x + j * s->c_y;
  const T *bias = s->bias + i * s->bias_x + j * s->bias_y;
  if (s->c_y != 1)
    NAME(finish_at)(s, c, s->c_y, bias, s->bias_y, sums, count);
  else if (s->beta == 0 && s->activation == RAP_ACTIVATION_NONE && s->alpha == 1)
    memcpy(c, sums, (size_t)count * sizeof(T));
  else if (s->bias_y == 1)
    NAME(finish_at)(s, c, 1, bias, 1, sums, count);
  else
    NAME(finish_at)(s, c, 1, bias, s->bias_y, sums, count);
}

// Dot products of mr rows of x and nr (1 or a multiple of 4) rows of y, both contiguous along k.
INLINE void NAME(dot)(const int mr, const int nr, const SKINNY *s, int64_t i, int64_t j) {
  V sum[3][8];
  const T *x = s->x + i * s->x_row, *y = s->y + j * s->y_row;
  int64_t x_row = s->x_row, y_row = s->y_row, k = s->k, p = 0;
  RAP_UNROLL for (int r = 0; r < mr; r++) RAP_UNROLL for (int q = 0; q < nr; q++) sum[r][q] = (V){0};
  for (; p + LANES <= k; p += LANES) {
    V a[3];
    RAP_UNROLL for (int r = 0; r < mr; r++) a[r] = LOAD(x + r * x_row + p);
    RAP_UNROLL for (int q = 0; q < nr; q++) {
      V b = LOAD(y + q * y_row + p);
      RAP_UNROLL for (int r = 0; r < mr; r++) sum[r][q] += a[r] * b;
    }
  }
  if (p < k) {
    int left = (int)(k - p);
    V a[3];
    RAP_UNROLL for (int r = 0; r < mr; r++) a[r] = LOAD_TAIL(x + r * x_row + p, left, 0);
    RAP_UNROLL for (int q = 0; q < nr; q++) {
      V b = LOAD_TAIL(y + q * y_row + p, left, 0);
      RAP_UNROLL for (int r = 0; r < mr; r++) sum[r][q] += a[r] * b;
    }
  }
  RAP_UNROLL for (int r = 0; r < mr; r++) {
    T sums[8];
    if (nr == 1)
      sums[0] = SUM(sum[r][0]);
    else
      RAP_UNROLL for (int q = 0; q < nr; q += 4)
          SUM4(sums + q, sum[r][q], sum[r][q + 1], sum[r][q + 2], sum[r][q + 3]);
    NAME(finish)(s, i + r, j, sums, nr);
  }
}

KERNEL void NAME(dot_1x8)(const SKINNY *s, int64_t i, int64_t j) { NAME(dot)(1, 8, s, i, j); }
KERNEL void NAME(dot_1x4)(const SKINNY *s, int64_t i, int64_t j) { NAME(dot)(1, 4, s, i, j); }
KERNEL void NAME(dot_2x4)(const SKINNY *s, int64_t i, int64_t j) { NAME(dot)(2, 4, s, i, j); }
KERNEL void NAME(dot_3x4)(const SKINNY *s, int64_t i, int64_t j) { NAME(dot)(3, 4, s, i, j); }
KERNEL void NAME(dot_1x1)(const SKINNY *s, int64_t i, int64_t j) { NAME(dot)(1, 1, s, i, j); }

static void NAME(dots)(const SKINNY *s, int64_t j, int64_t end) {
  if (s->rows == 1)
    for (; j + 8 <= end; j += 8) NAME(dot_1x8)(s, 0, j);
  for (; j + 4 <= end; j += 4) {
    int64_t i = 0;
    for (; i + 3 <= s->rows; i += 3) NAME(dot_3x4)(s, i, j);
    if (s->rows - i == 2) NAME(dot_2x4)(s, i, j);
    if (s->rows - i == 1) NAME(dot_1x4)(s, i, j);
  }
  for (; j < end; j++)
    for (int64_t i = 0; i < s->rows; i++) NAME(dot_1x1)(s, i, j);
}

// Adds steps k-slices of y, each contiguous along n, into mr rows of sums.
INLINE void NAME(axpy)(const int mr, const int steps, T *sums, int64_t width, const T *x, int64_t x_row,
                       int64_t x_col, const T *y, int64_t y_col) {
  V a[3][8];
  RAP_UNROLL for (int r = 0; r < mr; r++) RAP_UNROLL for (int q = 0; q < steps; q++) a[r][q] =
      SET(x[r * x_row + q * x_col]);
  int64_t j = 0;
  for (; j + LANES <= width; j += LANES) {
    V sum[3];
    RAP_UNROLL for (int r = 0; r < mr; r++) sum[r] = LOAD(sums + r * RAP_SKINNY_WIDTH + j);
    RAP_UNROLL for (int q = 0; q < steps; q++) {
      V b = LOAD(y + q * y_col + j);
      RAP_UNROLL for (int r = 0; r < mr; r++) sum[r] += a[r][q] * b;
    }
    RAP_UNROLL for (int r = 0; r < mr; r++) STORE(sums + r * RAP_SKINNY_WIDTH + j, sum[r]);
  }
  for (; j < width; j++)
    for (int r = 0; r < mr; r++)
      for (int q = 0; q < steps; q++)
        sums[r * RAP_SKINNY_WIDTH + j] += x[r * x_row + q * x_col] * y[q * y_col + j];
}

#define AXPYS(mr, steps)                                                                                     \
  KERNEL int64_t NAME(axpys_##mr##x##steps)(const SKINNY *s, T *sums, int64_t j, int64_t width, int64_t p) { \
    for (; p + steps <= s->k; p += steps) NAME(axpy)                                                         \
    (mr, steps, sums, width, s->x + p * s->x_col, s->x_row, s->x_col, s->y + j + p * s->y_col, s->y_col);    \
    return p;                                                                                                \
  }
AXPYS(1, 8)
AXPYS(1, 1)
AXPYS(2, 4)
AXPYS(2, 1)
AXPYS(3, 4)
AXPYS(3, 1)
#undef AXPYS

static void NAME(axpys)(const SKINNY *s, int64_t begin, int64_t end) {
  T *sums = rap_scratch(1, 3 * RAP_SKINNY_WIDTH * (int64_t)sizeof(T));
  for (int64_t j = begin; j < end; j += RAP_SKINNY_WIDTH) {
    int64_t width = end - j < RAP_SKINNY_WIDTH ? end - j : RAP_SKINNY_WIDTH, p = 0;
    for (int64_t i = 0; i < s->rows; i++) memset(sums + i * RAP_SKINNY_WIDTH, 0, (size_t)width * sizeof(T));
    if (s->rows == 1) p = NAME(axpys_1x8)(s, sums, j, width, p), NAME(axpys_1x1)(s, sums, j, width, p);
    if (s->rows == 2) p = NAME(axpys_2x4)(s, sums, j, width, p), NAME(axpys_2x1)(s, sums, j, width, p);
    if (s->rows == 3) p = NAME(axpys_3x4)(s, sums, j, width, p), NAME(axpys_3x1)(s, sums, j, width, p);
    for (int64_t i = 0; i < s->rows; i++) NAME(finish)(s, i, j, sums + i * RAP_SKINNY_WIDTH, width);
  }
}

// A range of blocks of 16 rows of y, over all problems of the batch.
static void NAME(run_skinny)(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  const SKINNY *whole = context;
  const rap_gemm *g = whole->g;
  int64_t blocks = (whole->n + 15) / 16;
  while (begin < end) {
    int64_t batch = begin / blocks, first = begin % blocks, last = first + end - begin;
    if (last > blocks) last = blocks;
    begin += last - first;
    int64_t outer = batch / g->inner, inner = batch % g->inner;
    int64_t a = outer * g->a_outer + inner * g->a_inner, b = outer * g->b_outer + inner * g->b_inner;
    SKINNY s = *whole;
    s.x += s.y_is_b ? a : b, s.y += s.y_is_b ? b : a;
    s.c += outer * g->c_outer + inner * g->c_inner, s.bias += outer * g->bias_outer + inner * g->bias_inner;
    int64_t j = first * 16, stop = last * 16 < s.n ? last * 16 : s.n;
    if (s.y_col == 1)
      NAME(dots)(&s, j, stop);
    else
      NAME(axpys)(&s, j, stop);
  }
}

// Does the problem this way if it suits; returns 0 if not.
static int NAME(try_skinny)(const rap_gemm *g) {
  if (g->sum || g->pack_b || g->k < 8) return 0;
  int64_t few = g->k / RAP_SKINNY_DEPTH, batches = g->outer * g->inner;
  int dot_rows = g->b_row == 1 && (g->m <= 3 || (g->m <= few && g->m <= RAP_SKINNY_ROWS));
  int dot_columns = g->a_col == 1 && (g->n == 1 || (g->n <= few && g->n <= RAP_SKINNY_COLUMNS));
  int add_rows = g->b_col == 1 && g->m <= 3, add_columns = g->a_row == 1 && g->n <= 3;
  SKINNY s = {.g = g, .k = g->k, .c = g->c, .alpha = (T)g->alpha, .activation = g->activation};
  s.beta = g->bias ? (T)g->beta : 0, s.bias = g->bias ? g->bias : g->a;
  s.y_is_b = dot_rows || add_rows;
  if (s.y_is_b) {
    s.rows = g->m, s.x = g->a, s.x_row = g->a_row, s.x_col = g->a_col;
    s.n = g->n, s.y = g->b, s.y_row = g->b_col, s.y_col = g->b_row;
    s.c_x = g->c_row, s.c_y = 1, s.bias_x = g->bias_row, s.bias_y = g->bias_col;
  } else if (dot_columns || add_columns) {
    s.rows = g->n, s.x = g->b, s.x_row = g->b_col, s.x_col = g->b_row;
    s.n = g->m, s.y = g->a, s.y_row = g->a_row, s.y_col = g->a_col;
    s.c_x = 1, s.c_y = g->c_row, s.bias_x = g->bias_col, s.bias_y = g->bias_row;
  } else {
    return 0;
  }
  if (s.y_col == 1 && s.x_col != 1) {
    if (batches > 1) return 0;
    T *x = rap_scratch(1, s.rows * s.k * (int64_t)sizeof(T));
    NAME(pack_rows)(x, s.x, s.x_row, s.x_col, s.rows, s.k);
    s.x = x, s.x_row = s.k, s.x_col = 1;
  }
  // Memory is what it waits for: a thread is worth waking for 64 KB of y.
  int64_t blocks = (s.n + 15) / 16, each = (65536 / (int64_t)sizeof(T)) / (16 * s.k * (s.rows + 2) / 3) + 1;
  rap_parallel(batches * blocks, each, NAME(run_skinny), &s);
  return 1;
}
#undef SKINNY
