// Attention in blocks of scores that stay in the L2 cache: the softmax runs along as blocks of keys pass
// (Milakov, Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention",
// 2022), and the backward makes the scores again from the logarithm of each row's sum.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "gemm.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

// Queries and keys of a block of scores.
#define QUERIES 128
#define KEYS    256
// Multiplications worth handing to another thread.
#define GRAIN (400 * 1000)

// Where a [batch, head, row, …] operand's parts lie, in elements; its last dimension is adjacent.
typedef struct {
  int64_t batch, head, row;
} layout;

typedef struct {
  const void *q, *k, *v, *mask, *dy, *y_in, *lse_in;
  void *y, *lse, *dq, *dk, *dv;
  double scale;
  int64_t batch, heads, groups, length, source, width, out, blocks;
  int causal;
  layout q_at, k_at, v_at, y_at, mask_at, dy_at, dq_at, dk_at, dv_at;
  int64_t mask_column;
} job;

static layout read_layout(const int32_t *meta) { return (layout){meta[0], meta[1], meta[2]}; }

static job read_job(const int32_t *meta, double scale) {
  job j = {.scale = scale,
           .batch = meta[0],
           .heads = meta[1],
           .groups = meta[2],
           .length = meta[3],
           .source = meta[4],
           .width = meta[5],
           .out = meta[6],
           .causal = meta[7],
           .q_at = read_layout(meta + 8),
           .k_at = read_layout(meta + 11),
           .v_at = read_layout(meta + 14),
           .y_at = read_layout(meta + 17),
           .mask_at = read_layout(meta + 20),
           .mask_column = meta[23]};
  j.blocks = (j.length + QUERIES - 1) / QUERIES;
  return j;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// How many keys from k0 on query i sees.
static int64_t seen(const job *j, int64_t i, int64_t k0, int64_t keys) {
  const int64_t n = j->causal ? i + 1 - k0 : keys;
  return n < 0 ? 0 : least(n, keys);
}

#define REAL_BITS 32
#include "attention.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "attention.c"
#undef REAL_BITS

int32_t rap_attention(int32_t dtype, void *y, void *lse, const void *q, const void *k, const void *v,
                      const void *mask, double scale, const int32_t *meta) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  job j = read_job(meta, scale);
  j.y = y, j.lse = lse, j.q = q, j.k = k, j.v = v, j.mask = mask;
  const int64_t item = 1 + least(j.length, QUERIES) * j.source * (j.width + j.out);
  rap_parallel(j.batch * j.heads * j.blocks, (GRAIN + item - 1) / item,
               dtype == RAP_FLOAT32 ? forward_f32 : forward_f64, &j);
  return RAP_OK;
}

int32_t rap_attention_backward(int32_t dtype, void *dq, void *dk, void *dv, const void *dy, const void *y,
                               const void *lse, const void *q, const void *k, const void *v, const void *mask,
                               double scale, const int32_t *meta) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  job j = read_job(meta, scale);
  j.dq = dq, j.dk = dk, j.dv = dv, j.dy = dy, j.y_in = y, j.lse_in = lse, j.q = q, j.k = k, j.v = v,
  j.mask = mask;
  j.dy_at = read_layout(meta + 24), j.dq_at = read_layout(meta + 27);
  j.dk_at = read_layout(meta + 30), j.dv_at = read_layout(meta + 33);
  const int64_t item = 1 + j.heads / j.groups * j.length * j.source * (3 * j.width + 2 * j.out);
  rap_parallel(j.batch * j.groups, (GRAIN + item - 1) / item,
               dtype == RAP_FLOAT32 ? backward_f32 : backward_f64, &j);
  return RAP_OK;
}

#else
#include "softmax_rows.h"

// c[m, n] = alpha a b + bias; a and b at any strides. With bias = c it is added to.
static void N(product)(S *c, int64_t c_row, const S *a, int64_t a_row, int64_t a_col, const S *b,
                       int64_t b_row, int64_t b_col, int64_t m, int64_t n, int64_t k, double alpha,
                       const S *bias, int64_t bias_row, int64_t bias_col) {
  const rap_gemm g = {.m = m,
                      .n = n,
                      .k = k,
                      .a = a,
                      .b = b,
                      .c = c,
                      .bias = bias,
                      .a_row = a_row,
                      .a_col = a_col,
                      .b_row = b_row,
                      .b_col = b_col,
                      .c_row = c_row,
                      .bias_row = bias_row,
                      .bias_col = bias_col,
                      .alpha = alpha,
                      .beta = 1,
                      .outer = 1,
                      .inner = 1};
  N(rap_gemm)(&g);
}

// s [rows, keys] = scale q kᵀ + mask for queries from i and keys from k0 on.
static void N(scores)(const job *j, S *s, const S *q, const S *k, const S *mask, int64_t i, int64_t rows,
                      int64_t k0, int64_t keys) {
  const S *bias = mask ? mask + i * j->mask_at.row + k0 * j->mask_column : 0;
  N(product)
  (s, KEYS, q + i * j->q_at.row, j->q_at.row, 1, k + k0 * j->k_at.row, 1, j->k_at.row, rows, keys, j->width,
   j->scale, bias, j->mask_at.row, j->mask_column);
}

static const S *N(mask_of)(const job *j, int64_t batch, int64_t head) {
  return j->mask ? (const S *)j->mask + batch * j->mask_at.batch + head * j->mask_at.head : 0;
}

INLINE void N(scale_row)(S *y, int64_t n, S by) {
  for (int64_t c = 0; c < n; c++) y[c] *= by;
}

// Item (batch, head, block of queries).
static void N(forward)(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  S *s = rap_scratch(3, QUERIES * KEYS * (int64_t)sizeof(S));
  (void)part;
  for (int64_t item = begin; item < end; item++) {
    const int64_t batch = item / j->blocks / j->heads, head = item / j->blocks % j->heads,
                  group = head / (j->heads / j->groups), i = item % j->blocks * QUERIES,
                  rows = least(QUERIES, j->length - i);
    const S *q = (const S *)j->q + batch * j->q_at.batch + head * j->q_at.head;
    const S *k = (const S *)j->k + batch * j->k_at.batch + group * j->k_at.head;
    const S *v = (const S *)j->v + batch * j->v_at.batch + group * j->v_at.head;
    S *y = (S *)j->y + batch * j->y_at.batch + head * j->y_at.head + i * j->y_at.row;
    S *lse = (S *)j->lse + (batch * j->heads + head) * j->length + i;
    S top[QUERIES];
    double sum[QUERIES];
    for (int64_t r = 0; r < rows; r++) top[r] = -(S)INFINITY, sum[r] = 0;
    const int64_t reach = j->causal ? least(j->source, i + rows) : j->source;
    for (int64_t k0 = 0; k0 < reach; k0 += KEYS) {
      const int64_t keys = least(KEYS, reach - k0);
      N(scores)(j, s, q, k, N(mask_of)(j, batch, head), i, rows, k0, keys);
      for (int64_t r = 0; r < rows; r++) {
        S *row = s + r * KEYS;
        const int64_t n = seen(j, i + r, k0, keys);
        S most = n ? N(row_largest)(row, n) : -(S)INFINITY;
        if (top[r] > most) most = top[r];
        // Nothing is seen yet, unless what is there is not a number.
        int blind = most == -(S)INFINITY;
        for (int64_t c = 0; blind && c < n; c++) blind = row[c] == row[c];
        if (blind) {
          memset(row, 0, (size_t)keys * sizeof(S));
          continue;
        }
        if (k0 && top[r] != most) {
          const S by = (S)exp((double)top[r] - (double)most);
          sum[r] *= (double)by;
          N(scale_row)(y + r * j->y_at.row, j->out, by);
        }
        top[r] = most;
        sum[r] += N(row_exp_sum)(row, row, n, most);
        memset(row + n, 0, (size_t)(keys - n) * sizeof(S));
      }
      N(product)
      (y, j->y_at.row, s, KEYS, 1, v + k0 * j->v_at.row, j->v_at.row, 1, rows, j->out, keys, 1, k0 ? y : 0,
       j->y_at.row, 1);
    }
    for (int64_t r = 0; r < rows; r++) {
      if (reach) N(scale_row)(y + r * j->y_at.row, j->out, sum[r] == 0 ? 0 : (S)(1 / sum[r]));
      // Exponentials of scores less infinity are 0, which a row that sees nothing asks for.
      lse[r] = sum[r] == 0 ? (S)INFINITY : (S)((double)top[r] + log(sum[r]));
    }
  }
}

// s = exp(s - lse), which is at most 1, 0 beyond n; ds = s (dp - delta) scale, in dp.
static void N(slopes)(S *s, S *dp, int64_t n, int64_t keys, S lse, S delta, S scale) {
  const V vl = F(set)(lse), vd = F(set)(delta), vs = F(set)(scale);
  int64_t c = 0;
  for (; c + LANES <= n; c += LANES) {
    const V p = F(exp_below)(F(load)(s + c) - vl);
    F(store)(s + c, p);
    F(store)(dp + c, p * (F(load)(dp + c) - vd) * vs);
  }
  if (c < n) {
    const int rest = (int)(n - c);
    const V p = F(exp_below)(F(load_tail)(s + c, rest, 0) - vl);
    F(store_tail)(s + c, p, rest);
    F(store_tail)(dp + c, p * (F(load_tail)(dp + c, rest, 0) - vd) * vs, rest);
  }
  memset(s + n, 0, (size_t)(keys - n) * sizeof(S));
  memset(dp + n, 0, (size_t)(keys - n) * sizeof(S));
}

static void N(clear)(S *x, int64_t row, int64_t rows, int64_t columns) {
  for (int64_t r = 0; r < rows; r++) memset(x + r * row, 0, (size_t)columns * sizeof(S));
}

// Item (batch, group of heads that share keys and values).
static void N(backward)(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  S *s = rap_scratch(3, 2 * QUERIES * KEYS * (int64_t)sizeof(S)), *dp = s + QUERIES * KEYS;
  const int64_t share = j->heads / j->groups;
  (void)part;
  for (int64_t item = begin; item < end; item++) {
    const int64_t batch = item / j->groups, group = item % j->groups;
    const S *k = (const S *)j->k + batch * j->k_at.batch + group * j->k_at.head;
    const S *v = (const S *)j->v + batch * j->v_at.batch + group * j->v_at.head;
    S *dk = (S *)j->dk + batch * j->dk_at.batch + group * j->dk_at.head;
    S *dv = (S *)j->dv + batch * j->dv_at.batch + group * j->dv_at.head;
    N(clear)(dk, j->dk_at.row, j->source, j->width);
    N(clear)(dv, j->dv_at.row, j->source, j->out);
    for (int64_t head = group * share; head < (group + 1) * share; head++)
      for (int64_t i = 0; i < j->length; i += QUERIES) {
        const int64_t rows = least(QUERIES, j->length - i);
        const S *q = (const S *)j->q + batch * j->q_at.batch + head * j->q_at.head;
        const S *dy = (const S *)j->dy + batch * j->dy_at.batch + head * j->dy_at.head + i * j->dy_at.row;
        const S *y = (const S *)j->y_in + batch * j->y_at.batch + head * j->y_at.head + i * j->y_at.row;
        const S *lse = (const S *)j->lse_in + (batch * j->heads + head) * j->length + i;
        S *dq = (S *)j->dq + batch * j->dq_at.batch + head * j->dq_at.head + i * j->dq_at.row;
        S delta[QUERIES];
        for (int64_t r = 0; r < rows; r++) {
          double dot = 0;
          for (int64_t c = 0; c < j->out; c++)
            dot += (double)dy[r * j->dy_at.row + c] * (double)y[r * j->y_at.row + c];
          delta[r] = (S)dot;
        }
        N(clear)(dq, j->dq_at.row, rows, j->width);
        const int64_t reach = j->causal ? least(j->source, i + rows) : j->source;
        for (int64_t k0 = 0; k0 < reach; k0 += KEYS) {
          const int64_t keys = least(KEYS, reach - k0);
          S *dk0 = dk + k0 * j->dk_at.row, *dv0 = dv + k0 * j->dv_at.row;
          N(scores)(j, s, q, k, N(mask_of)(j, batch, head), i, rows, k0, keys);
          N(product)
          (dp, KEYS, dy, j->dy_at.row, 1, v + k0 * j->v_at.row, 1, j->v_at.row, rows, keys, j->out, 1, 0, 0,
           0);
          for (int64_t r = 0; r < rows; r++) N(slopes)
          (s + r * KEYS, dp + r * KEYS, seen(j, i + r, k0, keys), keys, lse[r], delta[r], (S)j->scale);
          N(product)
          (dv0, j->dv_at.row, s, 1, KEYS, dy, j->dy_at.row, 1, keys, j->out, rows, 1, dv0, j->dv_at.row, 1);
          N(product)
          (dk0, j->dk_at.row, dp, 1, KEYS, q + i * j->q_at.row, j->q_at.row, 1, keys, j->width, rows, 1, dk0,
           j->dk_at.row, 1);
          N(product)
          (dq, j->dq_at.row, dp, KEYS, 1, k + k0 * j->k_at.row, j->k_at.row, 1, rows, j->width, keys, 1, dq,
           j->dq_at.row, 1);
        }
      }
  }
}
#endif
