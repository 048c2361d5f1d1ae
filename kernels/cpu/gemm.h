// Matrix multiplication inside the library: rap_matmul and the convolutions run the same block loops.
//   C[m,n] = activation(alpha * A[m,k]·B[k,n] + beta * bias[m,n])
#ifndef RAP_GEMM_H
#define RAP_GEMM_H

#include "simd.h"
#include <stdint.h>

// A block of B is packed in panels of this many columns.
#define RAP_GEMM_NR_F32 (2 * F32_LANES)
#define RAP_GEMM_NR_F64 (2 * F64_LANES)

enum { RAP_ACTIVATION_NONE = 0, RAP_ACTIVATION_RELU = 1 };

// Writes rows [p, p+depth) and columns [j, j+columns) of B of problem `batch` to `to` as panels of NR
// columns: panel q, row r, column s at to[(q*depth + r)*NR + s]. The last panel may be partial: its missing
// columns may hold anything, but are there, and so is a vector behind everything. j is a multiple of NR. `to`
// is 64-byte aligned.
typedef void (*rap_pack_b)(void *context, void *to, int64_t batch, int64_t p, int64_t depth, int64_t j,
                           int64_t columns);

// All strides are in elements. Zero-initialise, then set what is needed.
typedef struct {
  int64_t m, n, k;
  const void *a, *b, *bias; // bias may be null, or c itself: then C += beta/alpha… as any bias
  void *c;                  // its columns are adjacent
  int64_t a_row, a_col, b_row, b_col, c_row, bias_row, bias_col;
  double alpha, beta;
  int32_t activation;
  // outer * inner independent problems; problem `batch` is outer index * inner + inner index.
  int64_t outer, inner;
  int64_t a_outer, a_inner, b_outer, b_inner, c_outer, c_inner, bias_outer, bias_inner;
  // Where not zero: so many pairs of matrices, each a_sum and b_sum further on, whose products are added up.
  int64_t sum, a_sum, b_sum;
  // Where set, it replaces b. Called from several threads at once, each with its own `to`; inside,
  // rap_scratch slots 0 and 1 are taken.
  rap_pack_b pack_b;
  void *context;
} rap_gemm;

void rap_gemm_f32(const rap_gemm *g);
void rap_gemm_f64(const rap_gemm *g);

#endif
