// rap_matmul: unpacks meta and runs the blocked loops of gemm.c, or plain loops for the integers.
#include "../raptorch.h"
#include "gemm.h"
#include "threads.h"

// Unsigned, so that overflow wraps. sums[j] of one row: along n where B's rows are contiguous, so that the
// compiler vectorises, else along k.
#define INTEGER_MATMUL(name, T, U)                                                                           \
  static void name##_sums(const rap_gemm *g, const T *a, const T *b, U *sums) {                              \
    int64_t n = g->n, k = g->k;                                                                              \
    memset(sums, 0, (size_t)n * sizeof(U));                                                                  \
    if (g->b_col == 1) {                                                                                     \
      for (int64_t p = 0; p < k; p++)                                                                        \
        for (int64_t j = 0; j < n; j++) sums[j] += (U)a[p * g->a_col] * (U)b[p * g->b_row + j];              \
    } else if (g->b_row == 1 && g->a_col == 1) {                                                             \
      for (int64_t j = 0; j < n; j++) {                                                                      \
        U sum = 0;                                                                                           \
        for (int64_t p = 0; p < k; p++) sum += (U)a[p] * (U)b[p + j * g->b_col];                             \
        sums[j] = sum;                                                                                       \
      }                                                                                                      \
    } else {                                                                                                 \
      for (int64_t j = 0; j < n; j++)                                                                        \
        for (int64_t p = 0; p < k; p++) sums[j] += (U)a[p * g->a_col] * (U)b[p * g->b_row + j * g->b_col];   \
    }                                                                                                        \
  }                                                                                                          \
  static void name(const rap_gemm *g, const T *a, const T *b, const T *bias, T *c) {                         \
    U alpha = (U)(int64_t)g->alpha, beta = (U)(int64_t)g->beta;                                              \
    U *sums = rap_scratch(0, g->n * (int64_t)sizeof(U));                                                     \
    for (int64_t i = 0; i < g->m; i++) {                                                                     \
      name##_sums(g, a + i * g->a_row, b, sums);                                                             \
      for (int64_t j = 0; j < g->n; j++) {                                                                   \
        U x = sums[j] * alpha;                                                                               \
        if (bias && g->beta != 0) x += beta * (U)bias[i * g->bias_row + j * g->bias_col];                    \
        c[i * g->c_row + j] = g->activation == RAP_ACTIVATION_RELU && (T)x < (T)1 ? 0 : (T)x;                \
      }                                                                                                      \
    }                                                                                                        \
  }                                                                                                          \
  static void name##_batches(const rap_gemm *g) {                                                            \
    for (int64_t o = 0; o < g->outer; o++)                                                                   \
      for (int64_t i = 0; i < g->inner; i++)                                                                 \
        name(g, (const T *)g->a + o * g->a_outer + i * g->a_inner,                                           \
             (const T *)g->b + o * g->b_outer + i * g->b_inner,                                              \
             g->bias ? (const T *)g->bias + o * g->bias_outer + i * g->bias_inner : 0,                       \
             (T *)g->c + o * g->c_outer + i * g->c_inner);                                                   \
  }
INTEGER_MATMUL(matmul_i64, int64_t, uint64_t)
INTEGER_MATMUL(matmul_i32, int32_t, uint32_t)
INTEGER_MATMUL(matmul_u8, uint8_t, uint32_t)

int32_t rap_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias, double alpha,
                   double beta, const int32_t *meta) {
  rap_gemm g = {.m = meta[0], .n = meta[1], .k = meta[2], .a = a, .b = b, .bias = bias, .c = c};
  g.alpha = alpha, g.beta = beta, g.activation = meta[3], g.outer = meta[4], g.inner = meta[5];
  g.a_row = meta[6], g.a_col = meta[7], g.a_outer = meta[8], g.a_inner = meta[9];
  g.b_row = meta[10], g.b_col = meta[11], g.b_outer = meta[12], g.b_inner = meta[13];
  g.c_row = meta[14], g.c_outer = meta[15], g.c_inner = meta[16];
  g.bias_row = meta[17], g.bias_col = meta[18], g.bias_outer = meta[19], g.bias_inner = meta[20];
  switch (dtype) {
  case RAP_FLOAT32: rap_gemm_f32(&g); return RAP_OK;
  case RAP_FLOAT64: rap_gemm_f64(&g); return RAP_OK;
  case RAP_INT64: matmul_i64_batches(&g); return RAP_OK;
  case RAP_INT32: matmul_i32_batches(&g); return RAP_OK;
  case RAP_UINT8: matmul_u8_batches(&g); return RAP_OK;
  default: return RAP_UNSUPPORTED;
  }
}
