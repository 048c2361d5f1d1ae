// The thread pool: every index exactly once, nested calls, several callers, changing thread counts, dispatch
// time. cc -O2 -pthread tests/kernels/threads_test.c kernels/cpu/threads.c kernels/cpu/library.c -o
// threads_test
#include "../../kernels/cpu/threads.h"
#include "../../kernels/raptorch.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define N 1000

static void count(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  int32_t *counts = context;
  for (int64_t i = begin; i < end; i++) counts[i]++;
}

static void nest(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)part;
  int32_t(*counts)[N] = context;
  for (int64_t i = begin; i < end; i++) rap_parallel(N, 1, count, counts[i]);
}

static void check(int ok, const char *what) {
  if (ok) return;
  printf("FAILED: %s\n", what);
  exit(1);
}

// Some microseconds of work a part.
static void spin(void *context, int64_t begin, int64_t end, int32_t part) {
  (void)context, (void)part;
  volatile int64_t x = 0;
  for (int64_t i = 0; i < (end - begin) * 10000; i++) x = x + i;
  (void)x;
}

static void *caller(void *unused) {
  (void)unused;
  int32_t *counts = calloc(N, sizeof *counts);
  for (int round = 1; round <= 2000; round++) {
    rap_parallel(N, 1, count, counts);
    for (int i = 0; i < N; i++) check(counts[i] == round, "every index once, two callers");
  }
  free(counts);
  return 0;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(void) {
  static int32_t counts[N], nested[8][N];
  int32_t round = 0;
  for (int step = 0; step < 3000; step++) {
    rap_set_num_threads(1 + step * 7 % 5);
    rap_parallel(N, 1 + step % 300, count, counts);
    round++;
    if (step % 500 == 0) usleep(3000); // let the workers fall asleep
    for (int i = 0; i < N; i++) check(counts[i] == round, "every index once");
  }
  rap_set_num_threads(3);
  rap_parallel(8, 1, nest, nested);
  for (int i = 0; i < 8 * N; i++) check(nested[i / N][i % N] == 1, "nested calls");
  pthread_t other;
  pthread_create(&other, 0, caller, 0);
  caller(0);
  pthread_join(other, 0);
  rap_set_num_threads(0);
  check(rap_get_num_threads() == 1, "at least one thread");

  double best[3];
  for (int threads = 1; threads <= 2; threads++) {
    rap_set_num_threads(threads);
    best[threads] = 1;
    for (int sample = 0; sample < 50; sample++) {
      double start = now();
      for (int i = 0; i < 200; i++) rap_parallel(threads, 1, spin, 0);
      double each = (now() - start) / 200;
      if (each < best[threads]) best[threads] = each;
    }
  }
  printf("ok: %.2f us of work on 1 thread, twice that on 2 threads takes %.2f us\n", best[1] * 1e6,
         best[2] * 1e6);
  return 0;
}
