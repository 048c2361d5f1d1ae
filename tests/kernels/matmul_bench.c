// GFLOP/s of rap_matmul by CPU time of the calling thread, for shapes m k n given on the command line ("T"
// before a shape: B is transposed; "t": A is). cc -O3 -march=native -ffp-contract=fast -pthread
// -DRAP_ABI_HASH=0 tests/kernels/matmul_bench.c
//   kernels/cpu/{matmul,gemm,threads,library}.c
#include "../../kernels/raptorch.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *random_floats(int n) {
  float *p = malloc((size_t)n * sizeof(float));
  for (int i = 0; i < n; i++) p[i] = (float)rand() / (float)RAND_MAX - 0.5f;
  return p;
}

int main(int argc, char **argv) {
  rap_set_num_threads(1);
  for (int i = 1; i + 2 < argc; i += 3) {
    int a_transposed = argv[i][0] == 't', b_transposed = argv[i][0] == 'T';
    if (a_transposed || b_transposed) i++;
    int m = atoi(argv[i]), k = atoi(argv[i + 1]), n = atoi(argv[i + 2]);
    float *a = random_floats(m * k), *b = random_floats(k * n), *c = random_floats(m * n);
    int32_t meta[21] = {m,
                        n,
                        k,
                        0,
                        1,
                        1,
                        a_transposed ? 1 : k,
                        a_transposed ? m : 1,
                        0,
                        0,
                        b_transposed ? 1 : n,
                        b_transposed ? k : 1,
                        0,
                        0,
                        n,
                        0,
                        0,
                        0,
                        0,
                        0,
                        0};
    double work = 2.0 * m * n * k, best = 1e9, total = 0;
    int each = (int)(2e8 / work) + 1;
    for (int sample = 0; sample < 5 || total < 0.5; sample++) {
      double start = now();
      for (int r = 0; r < each; r++) rap_matmul(RAP_FLOAT32, c, a, b, 0, 1, 1, meta);
      double t = (now() - start) / each;
      if (t < best) best = t;
      total += t * each;
    }
    printf("%s%d x %d x %d: %.2f us, %.1f GFLOP/s\n",
           a_transposed   ? "t "
           : b_transposed ? "T "
                          : "",
           m, k, n, best * 1e6, work / best * 1e-9);
    free(a), free(b), free(c);
  }
  return 0;
}
