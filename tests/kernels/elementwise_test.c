// Pointwise ops, copies, reductions, softmax, losses, norms and optimizer steps against plain loops in
// double, on exactly sized blocks of odd sizes, so that AddressSanitizer sees every step too far; with one
// and two threads.
//   cc -O2 -march=x86-64-v3 -Ikernels tests/kernels/elementwise_test.c kernels/cpu/*.c -lpthread -lm &&
//   ./a.out
#include "raptorch.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static double uniform(void) { // xorshift, in [-1, 1)
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (double)(state >> 11) / 4503599627370496.0 - 1;
}
static int failures;
static float *floats(int64_t n) {
  float *p = malloc((size_t)n * 4 + !n);
  for (int64_t i = 0; i < n; i++) p[i] = (float)(3 * uniform());
  return p;
}
static void check(const char *what, int64_t i, double got, double want, double bound) {
  double size = fabs(want) > 1 ? fabs(want) : 1;
  if (got == want || (isnan(got) && isnan(want)) || fabs(got - want) <= bound * size) return;
  if (failures++ < 20) printf("FAIL %s [%lld]: %.9g, not %.9g\n", what, (long long)i, got, want);
}

static const int sizes[] = {0, 1, 3, 7, 8, 9, 31, 64, 100, 1023, 70001};

static void test_contiguous(int64_t n) {
  float *a = floats(n), *b = floats(n), *y = floats(n);
  uint8_t *flags = malloc((size_t)n + !n);
  rap_binary(RAP_BINARY_SUB, RAP_FLOAT32, y, a, b, (int32_t)n, 0, 0, 0);
  for (int64_t i = 0; i < n; i++) check("sub", i, (double)y[i], (double)(a[i] - b[i]), 0);
  rap_binary_scalar(RAP_BINARY_SUB, RAP_FLOAT32, y, a, (int32_t)n, 1, 2.5, 0, 0);
  for (int64_t i = 0; i < n; i++) check("rsub", i, (double)y[i], 2.5 - (double)a[i], 1e-6);
  rap_binary(RAP_BINARY_LT, RAP_FLOAT32, flags, a, b, (int32_t)n, 0, 0, 0);
  for (int64_t i = 0; i < n; i++) check("lt", i, flags[i], a[i] < b[i], 0);
  rap_ternary(RAP_TERNARY_WHERE, RAP_FLOAT32, y, flags, a, b, (int32_t)n, 0, 0);
  for (int64_t i = 0; i < n; i++) check("where", i, (double)y[i], (double)(a[i] < b[i] ? a[i] : b[i]), 0);
  rap_unary(RAP_UNARY_GELU, RAP_FLOAT32, y, a, (int32_t)n, 0, 0);
  for (int64_t i = 0; i < n; i++)
    check("gelu", i, (double)y[i], 0.5 * (double)a[i] * (1 + erf((double)a[i] * 0.70710678118654752)), 5e-7);
  memcpy(y, a, (size_t)n * 4);
  rap_unary(RAP_UNARY_TANH, RAP_FLOAT32, y, y, (int32_t)n, 0, 0);
  for (int64_t i = 0; i < n; i++) check("tanh in place", i, (double)y[i], tanh((double)a[i]), 3e-7);
  double *d = malloc((size_t)n * 8 + !n);
  rap_cast(RAP_FLOAT64, RAP_FLOAT32, d, a, (int32_t)n);
  for (int64_t i = 0; i < n; i++) check("cast", i, d[i], (double)a[i], 0);
  double sum = 0, size = 0, most = -INFINITY;
  int64_t at = 0;
  for (int64_t i = 0; i < n; i++) {
    sum += (double)a[i], size += fabs((double)a[i]);
    if ((double)a[i] > most) most = (double)a[i], at = i;
  }
  if (n) {
    float out;
    int64_t index;
    rap_reduce(RAP_REDUCE_SUM, RAP_FLOAT32, &out, 0, a, 1, (int32_t)n, 1, 0);
    check("sum", n, (double)out / size, sum / size, 1e-7);
    rap_reduce(RAP_REDUCE_MAX, RAP_FLOAT32, &out, &index, a, 1, (int32_t)n, 1, 0);
    check("max", n, (double)out, most, 0);
    check("max's index", n, (double)index, (double)at, 0);
    double mean = sum / (double)n, m2 = 0;
    for (int64_t i = 0; i < n; i++) m2 += ((double)a[i] - mean) * ((double)a[i] - mean);
    rap_var(RAP_FLOAT32, &out, 0, a, 1, (int32_t)n, 1, 0, 0);
    check("var", n, (double)out, m2 / (double)n, 1e-6);
    const void *table[] = {y, b, 0};
    float *before = malloc((size_t)n * 4);
    memcpy(before, y, (size_t)n * 4);
    rap_sgd(RAP_FLOAT32, table, 0, 0.1, 0, 0, 0.5, (const int32_t[]){1, (int32_t)n});
    for (int64_t i = 0; i < n; i++)
      check("sgd", i, (double)y[i], (double)before[i] - 0.1 * ((double)b[i] + 0.5 * (double)before[i]), 1e-6);
    free(before);
  }
  free(a), free(b), free(y), free(flags), free(d);
}

// y [rows, cols] = a + b, a transposed, b a row, a column or a number.
static void test_strided(int rows, int cols) {
  float *a = floats((int64_t)rows * cols), *b = floats(rows + cols), *y = floats((int64_t)rows * cols);
  for (int kind = 0; kind < 3; kind++) {
    int row = kind == 0, column = kind == 1;
    const int32_t meta[] = {2, rows, cols, cols, 1, 1, rows, column, row};
    rap_binary(RAP_BINARY_ADD, RAP_FLOAT32, y, a, b, rows * cols, 0, 0, meta);
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < cols; c++)
        check("strided add", r * cols + c, (double)y[r * cols + c],
              (double)(a[c * rows + r] + b[row * c + column * r]), 0);
  }
  // y transposed, x not.
  const int32_t meta[] = {2, rows, cols, 1, rows, cols, 1};
  rap_copy_strided(4, y, a, meta);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < cols; c++)
      check("copy", r * cols + c, (double)y[c * rows + r], (double)a[r * cols + c], 0);
  free(a), free(b), free(y);
}

static void test_rows(int rows, int cols) {
  const int64_t n = (int64_t)rows * cols;
  float *x = floats(n), *y = floats(n), *dy = floats(n), *dx = floats(n), *saved = floats(rows + 1),
        *rstd = floats(rows);
  float *gamma = floats(cols), *beta = floats(cols), loss, one = 1;
  int64_t *target = malloc((size_t)rows * 8);
  for (int r = 0; r < rows; r++) target[r] = r % 5 == 4 ? -100 : (r * 7) % cols;
  rap_softmax(RAP_FLOAT32, y, x, rows, cols, 1, 0);
  rap_softmax_backward(RAP_FLOAT32, dx, dy, y, rows, cols, 1, 0);
  double total = 0, count = 0;
  for (int r = 0; r < rows; r++) {
    const float *row = x + (int64_t)r * cols;
    double sum = 0, dot = 0;
    for (int c = 0; c < cols; c++) sum += exp((double)row[c]);
    for (int c = 0; c < cols; c++) dot += (double)dy[(int64_t)r * cols + c] * exp((double)row[c]) / sum;
    for (int c = 0; c < cols; c++) {
      double p = exp((double)row[c]) / sum;
      check("softmax", r, (double)y[(int64_t)r * cols + c], p, 1e-6);
      check("softmax backward", r, (double)dx[(int64_t)r * cols + c],
            p * ((double)dy[(int64_t)r * cols + c] - dot), 2e-6);
    }
    if (target[r] >= 0) total += log(sum) - (double)row[target[r]], count++;
  }
  int status = rap_cross_entropy(RAP_FLOAT32, &loss, saved, x, target, 0, rows, cols, 1, -100,
                                 RAP_REDUCTION_MEAN, 0, 0);
  check("cross entropy's status", 0, status, 0, 0);
  check("cross entropy", rows, (double)loss, total / count, 2e-6);
  rap_cross_entropy_backward(RAP_FLOAT32, dx, &one, saved, x, target, 0, rows, cols, 1, -100,
                             RAP_REDUCTION_MEAN, 0, 0);
  for (int r = 0; r < rows; r++)
    for (int c = 0; c < cols; c++) {
      double p = (double)y[(int64_t)r * cols + c] - (c == target[r]);
      check("cross entropy backward", r, (double)dx[(int64_t)r * cols + c], target[r] < 0 ? 0 : p / count,
            1e-6);
    }
  rap_layer_norm(RAP_FLOAT32, y, saved, rstd, x, gamma, beta, rows, cols, 1e-5);
  for (int r = 0; r < rows; r++) {
    const float *row = x + (int64_t)r * cols;
    double mean = 0, m2 = 0;
    for (int c = 0; c < cols; c++) mean += (double)row[c] / cols;
    for (int c = 0; c < cols; c++) m2 += ((double)row[c] - mean) * ((double)row[c] - mean);
    for (int c = 0; c < cols; c++)
      check("layer norm", r, (double)y[(int64_t)r * cols + c],
            ((double)row[c] - mean) / sqrt(m2 / cols + 1e-5) * (double)gamma[c] + (double)beta[c], 1e-4);
  }
  free(x), free(y), free(dy), free(dx), free(saved), free(rstd), free(gamma), free(beta), free(target);
}

int main(void) {
  for (int threads = 1; threads <= 2; threads++) {
    rap_set_num_threads(threads);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) test_contiguous(sizes[i]);
    for (int i = 0; i < 60; i++) test_strided(1 + (i * 37) % 83, 1 + (i * 53) % 301);
    test_strided(1000, 530);
    for (int i = 0; i < 40; i++) test_rows(1 + (i * 13) % 47, 1 + (i * 29) % 113);
    test_rows(300, 1003);
  }
  printf(failures ? "%d failures\n" : "ok\n", failures);
  return failures != 0;
}
