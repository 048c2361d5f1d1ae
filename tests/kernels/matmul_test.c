// rap_matmul against a naive double reference over odd shapes, layouts,
// batches, epilogues and thread counts. cc -O2 -pthread -DRAP_ABI_HASH=0
// tests/kernels/matmul_test.c kernels/cpu/{matmul,gemm,threads,library}.c -lm
#include "../../kernels/cpu/gemm.h"
#include "../../kernels/raptorch.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state = 1;
static int64_t below(int64_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (int64_t)((state >> 33) % (uint64_t)n);
}

// An operand of rows by cols in a random layout inside a random larger block.
typedef struct {
  int64_t rows, cols, row, col, outer, inner, size;
} layout;

static layout pick_layout(int64_t rows, int64_t cols, int64_t outer,
                          int64_t inner, int adjacent) {
  layout l = {.rows = rows, .cols = cols};
  int kind = adjacent ? 0 : (int)below(8);
  int64_t step = kind == 6 ? 2 : 1, slack = below(3) ? 0 : below(9),
          rest = cols, far = rows;
  if (kind >= 3 && kind < 6)
    l.row = step, rest = rows, far = cols;
  else
    l.col = step;
  int64_t lead = rest * step + slack;
  if (kind >= 3 && kind < 6)
    l.col = lead;
  else
    l.row = lead;
  if (kind == 7)
    l.row = 0, far = 1;
  int64_t one = lead * far + below(5);
  l.inner = below(4) || adjacent ? one : 0;
  l.outer = one * inner;
  l.size = one * inner * outer + 16;
  return l;
}

static int64_t at(layout l, int64_t o, int64_t b, int64_t i, int64_t j) {
  return o * l.outer + b * l.inner + i * l.row + j * l.col;
}

static double get(int dtype, const void *p, int64_t i) {
  switch (dtype) {
  case RAP_FLOAT32:
    return ((const float *)p)[i];
  case RAP_FLOAT64:
    return ((const double *)p)[i];
  case RAP_INT64:
    return (double)((const int64_t *)p)[i];
  case RAP_INT32:
    return ((const int32_t *)p)[i];
  default:
    return ((const uint8_t *)p)[i];
  }
}
static void put(int dtype, void *p, int64_t i, double x) {
  switch (dtype) {
  case RAP_FLOAT32:
    ((float *)p)[i] = (float)x;
    return;
  case RAP_FLOAT64:
    ((double *)p)[i] = x;
    return;
  case RAP_INT64:
    ((int64_t *)p)[i] = (int64_t)x;
    return;
  case RAP_INT32:
    ((int32_t *)p)[i] = (int32_t)x;
    return;
  default:
    ((uint8_t *)p)[i] = (uint8_t)(int64_t)x;
    return;
  }
}
static int64_t bytes_of(int dtype) { return (int64_t[]){4, 8, 8, 4, 1}[dtype]; }

// Exactly as many bytes as the operand spans, so that AddressSanitizer sees a
// read past its end.
static void *fill(int dtype, layout l, int64_t outer, int64_t inner,
                  int special) {
  int64_t n = 1;
  if (l.rows > 0 && l.cols > 0)
    n = at(l, outer - 1, inner - 1, l.rows - 1, l.cols - 1) + 1;
  void *p = malloc((size_t)(n * bytes_of(dtype)));
  for (int64_t i = 0; i < n; i++) {
    double x = (double)(below(2001) - 1000) / 500;
    if (dtype > RAP_FLOAT64)
      x = (double)below(7);
    else if (special && below(40) == 0)
      x = (double[]){NAN, INFINITY, -INFINITY, 0}[below(4)];
    put(dtype, p, i, x);
  }
  return p;
}

static int failures = 0, checks = 0;

static void run(int dtype, int64_t m, int64_t n, int64_t k, int64_t outer,
                int64_t inner) {
  int special = below(10) == 0, activation = below(3) == 0;
  double alpha = below(3) ? 1 : 2, beta = below(3) ? 1 : below(2) ? 3 : 0;
  layout a = pick_layout(m, k, outer, inner, 0),
         b = pick_layout(k, n, outer, inner, 0);
  layout c = pick_layout(m, n, outer, inner, 1),
         d = pick_layout(m, n, outer, inner, 0);
  int bias_kind = (int)below(4); // none, any matrix, row, c itself
  if (bias_kind == 2)
    d.row = 0, d.col = 1;
  if (bias_kind == 3)
    d = c;
  void *pa = fill(dtype, a, outer, inner, special),
       *pb = fill(dtype, b, outer, inner, special);
  void *pc = fill(dtype, c, outer, inner, 0),
       *pd = fill(dtype, d, outer, inner, special);
  int64_t size = m && n ? at(c, outer - 1, inner - 1, m - 1, n - 1) + 1 : 1;
  double *expected = malloc((size_t)size * sizeof(double)),
         *scale = calloc((size_t)size, sizeof(double));
  for (int64_t i = 0; i < size; i++)
    expected[i] = get(dtype, pc, i);
  const void *bias = bias_kind == 0 ? 0 : bias_kind == 3 ? pc : pd;
  for (int64_t o = 0; o < outer; o++)
    for (int64_t q = 0; q < inner; q++)
      for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
          double sum = 0, norm = 0;
          for (int64_t p = 0; p < k; p++) {
            double x = get(dtype, pa, at(a, o, q, i, p)) *
                       get(dtype, pb, at(b, o, q, p, j));
            sum += x, norm += fabs(x);
          }
          sum *= alpha;
          if (bias && beta != 0)
            sum += beta * get(dtype, bias, at(d, o, q, i, j));
          if (activation)
            sum = sum < 0 ? 0 : sum;
          if (dtype == RAP_UINT8)
            sum = (uint8_t)(int64_t)sum;
          expected[at(c, o, q, i, j)] = sum,
                                  scale[at(c, o, q, i, j)] = norm * alpha + 10;
        }
  int32_t meta[21] = {(int32_t)m,       (int32_t)n,       (int32_t)k,
                      activation,       (int32_t)outer,   (int32_t)inner,
                      (int32_t)a.row,   (int32_t)a.col,   (int32_t)a.outer,
                      (int32_t)a.inner, (int32_t)b.row,   (int32_t)b.col,
                      (int32_t)b.outer, (int32_t)b.inner, (int32_t)c.row,
                      (int32_t)c.outer, (int32_t)c.inner, (int32_t)d.row,
                      (int32_t)d.col,   (int32_t)d.outer, (int32_t)d.inner};
  if (rap_matmul(dtype, pc, pa, pb, bias, alpha, beta, meta))
    failures++, printf("dtype %d unsupported\n", dtype);
  // Rounding errors of at most k steps on the sum of magnitudes; half of it is
  // never reached by blocked sums.
  double unit = dtype == RAP_FLOAT32   ? 6e-8
                : dtype == RAP_FLOAT64 ? 1.2e-16
                                       : 0;
  for (int64_t i = 0; i < size; i++) {
    double x = get(dtype, pc, i), e = expected[i];
    int good = isnan(e) ? isnan(x)
               : isinf(e)
                   ? x == e
                   : fabs(x - e) <= unit * (4 + sqrt((double)k) * 2) * scale[i];
    if (good || failures++ > 20)
      continue;
    printf("FAILED dtype %d m %d n %d k %d batch %dx%d bias %d act %d at %d: "
           "%g not %g\n",
           dtype, (int)m, (int)n, (int)k, (int)outer, (int)inner, bias_kind,
           activation, (int)i, x, e);
    break;
  }
  checks++;
  free(pa), free(pb), free(pc), free(pd), free(expected), free(scale);
}

// The interface of convolution: a B that only a callback can fill, and sums of
// products.
static void pack_b(void *context, void *to, int64_t batch, int64_t p,
                   int64_t depth, int64_t j, int64_t columns) {
  const rap_gemm *g = context;
  const float *b = (const float *)g->b + batch * g->b_inner;
  for (int64_t q = 0; q < columns; q++)
    for (int64_t r = 0; r < depth; r++) {
      int64_t panel = q / RAP_GEMM_NR_F32, column = q % RAP_GEMM_NR_F32;
      ((float *)to)[(panel * depth + r) * RAP_GEMM_NR_F32 + column] =
          b[(p + r) * g->b_row + (j + q) * g->b_col];
    }
}

static void run_packed(int64_t m, int64_t n, int64_t k, int64_t batches) {
  rap_gemm g = {.m = m,
                .n = n,
                .k = k,
                .alpha = 1,
                .beta = 1,
                .outer = 1,
                .inner = batches};
  g.a_row = k, g.a_col = 1, g.a_inner = m * k, g.b_row = n, g.b_col = 1,
  g.b_inner = k * n;
  g.c_row = n, g.c_inner = m * n,
  g.bias_row = 1; // one bias a row, as for output channels
  layout one = {.rows = 1, .cols = 1};
  one.size = batches * (m * k + k * n + m * n) + m, one.row = 0, one.col = 1,
  one.cols = one.size;
  float *block = fill(RAP_FLOAT32, one, 1, 1, 0),
        *plain = malloc((size_t)(m * n * batches) * sizeof(float));
  g.a = block, g.b = block + batches * m * k,
  g.bias = block + batches * (m * k + k * n);
  g.c = plain;
  rap_gemm_f32(&g);
  rap_gemm source = g;
  g.c = block + batches * (m * k + k * n) + m, g.context = &source;
  g.pack_b = pack_b;
  rap_gemm_f32(&g);
  for (int64_t i = 0; i < m * n * batches; i++) {
    if (fabsf(((float *)g.c)[i] - plain[i]) <= 1e-4f * sqrtf((float)k) * 4)
      continue;
    failures++, printf("FAILED packed m %d n %d k %d at %d\n", (int)m, (int)n,
                       (int)k, (int)i);
    break;
  }
  checks++;
  free(block), free(plain);
}

// The sum of as many products as there are batches, against the products added
// one after the other.
static void run_sum(int64_t m, int64_t n, int64_t k, int64_t terms) {
  rap_gemm g = {.m = m,
                .n = n,
                .k = k,
                .alpha = 2,
                .beta = 1,
                .outer = 1,
                .inner = 1,
                .sum = terms};
  g.a_row = k, g.a_col = 1, g.a_sum = m * k, g.b_row = below(2) ? 1 : n,
  g.b_sum = k * n;
  g.b_col = g.b_row == 1 ? k : 1, g.c_row = n, g.bias_row = 1,
  g.activation = RAP_ACTIVATION_RELU;
  layout one = {.rows = 1, .cols = terms * (m * k + k * n) + m, .col = 1};
  float *block = fill(RAP_FLOAT32, one, 1, 1, 0),
        *sum = malloc((size_t)(2 * m * n) * sizeof(float));
  g.a = block, g.b = block + terms * m * k,
  g.bias = block + terms * (m * k + k * n), g.c = sum;
  rap_gemm_f32(&g);
  for (int64_t i = 0; i < terms; i++) {
    rap_gemm one_term = g;
    one_term.sum = 0, one_term.c = sum + m * n,
    one_term.activation = i + 1 == terms ? RAP_ACTIVATION_RELU : 0;
    one_term.a = block + i * m * k,
    one_term.b = block + terms * m * k + i * k * n;
    if (i > 0)
      one_term.bias = one_term.c, one_term.bias_row = n, one_term.bias_col = 1;
    rap_gemm_f32(&one_term);
  }
  for (int64_t i = 0; i < m * n; i++) {
    if (fabsf(sum[i] - sum[m * n + i]) <= 1e-4f * sqrtf((float)(terms * k)) * 4)
      continue;
    failures++, printf("FAILED sum m %d n %d k %d terms %d\n", (int)m, (int)n,
                       (int)k, (int)terms);
    break;
  }
  checks++;
  free(block), free(sum);
}

// A product that is large enough for threads to work on it together, against
// one thread's: the same sums in the same order, so the same bits.
static void run_shared(int32_t threads, int64_t m, int64_t n, int64_t k,
                       int64_t terms) {
  rap_gemm g = {.m = m,
                .n = n,
                .k = k,
                .alpha = 1,
                .beta = 1,
                .outer = 1,
                .inner = 1,
                .sum = terms};
  int a_turned = (int)below(2), b_turned = (int)below(2);
  g.a_row = a_turned ? 1 : k, g.a_col = a_turned ? m : 1, g.a_sum = m * k;
  g.b_row = b_turned ? 1 : n, g.b_col = b_turned ? k : 1, g.b_sum = k * n;
  g.c_row = n, g.bias_col = 1;
  int64_t pairs = terms ? terms : 1;
  layout one = {.rows = 1, .cols = pairs * (m * k + k * n) + n, .col = 1};
  float *block = fill(RAP_FLOAT32, one, 1, 1, 0),
        *c = malloc((size_t)(2 * m * n) * sizeof(float));
  g.a = block, g.b = block + pairs * m * k,
  g.bias = block + pairs * (m * k + k * n), g.c = c;
  rap_set_num_threads(1);
  rap_gemm_f32(&g);
  rap_set_num_threads(threads), g.c = c + m * n;
  rap_gemm_f32(&g);
  if (memcmp(c, c + m * n, (size_t)(m * n) * sizeof(float)))
    failures++, printf("FAILED shared m %d n %d k %d terms %d threads %d\n",
                       (int)m, (int)n, (int)k, (int)terms, (int)threads);
  checks++;
  free(block), free(c);
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : 1000;
  for (int r = 0; r < rounds; r++) {
    rap_set_num_threads((int32_t)(1 + below(4)));
    int dtype = below(3) == 0 ? 1 : below(8) == 0 ? (int)below(5) : 0;
    int64_t most[] = {5, 20, 40, 70, 150, 400}, top = most[below(6)];
    int64_t size[3];
    for (int i = 0; i < 3; i++)
      size[i] = below(6) == 0 ? 1 + below(4) : 1 + below(top);
    if (below(10) == 0)
      size[below(3)] = 200 + below(500);
    if (below(50) == 0)
      size[below(3)] = 0;
    if (r % 20 == 0)
      run_packed(1 + below(200), 1 + below(200), below(400), 1 + below(3));
    if (r % 20 == 10)
      run_sum(1 + below(100), 1 + below(100), 1 + below(300), 2 + below(4));
    if (r % 50 == 5)
      run_shared((int32_t)(2 + below(4)), 200 + below(600), 300 + below(2400),
                 300 + below(900), below(3) ? 0 : 2);
    int64_t work = size[0] * size[1] * size[2],
            batches = work < 40000 ? 1 + below(6) : 1;
    run(dtype, size[0], size[1], size[2], batches > 2 ? 2 : 1,
        batches > 2 ? batches / 2 : batches);
  }
  printf("%s: %d problems, %d failures\n", failures ? "FAILED" : "ok", checks,
         failures);
  return failures != 0;
}
