// A small pthread pool. A worker spins for a short while after its last job, since the next kernel usually follows at
// once, and then sleeps on a condition variable.
#define _GNU_SOURCE
#include "threads.h"
#include "../raptorch.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#define MAX_THREADS 64
// About 20 µs of polling: longer than the gap between two kernels, shorter than a scheduler tick.
#define SPINS 4000

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() atomic_signal_fence(memory_order_seq_cst)
#endif

static struct {
  pthread_mutex_t lock;
  pthread_cond_t wake;
  int32_t threads, started;
  rap_range body;
  void *context;
  int64_t n;
  int32_t parts;
  _Atomic uint32_t generation; // a new value is a new job
  _Atomic int32_t pending;     // workers that have not finished the job
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static _Thread_local int inside;

static void run_part(int32_t part) {
  int64_t begin = pool.n * part / pool.parts, end = pool.n * (part + 1) / pool.parts;
  if (begin < end) pool.body(pool.context, begin, end, part);
}

static void *worker(void *argument) {
  int32_t index = (int32_t)(intptr_t)argument;
  uint32_t seen = 0;
  inside = 1;
  for (;;) {
    uint32_t now = atomic_load_explicit(&pool.generation, memory_order_acquire);
    for (int i = 0; now == seen && i < SPINS; i++) {
      RELAX();
      now = atomic_load_explicit(&pool.generation, memory_order_acquire);
    }
    if (now == seen) {
      pthread_mutex_lock(&pool.lock);
      while ((now = atomic_load_explicit(&pool.generation, memory_order_acquire)) == seen)
        pthread_cond_wait(&pool.wake, &pool.lock);
      pthread_mutex_unlock(&pool.lock);
    }
    seen = now;
    if (index < pool.parts) run_part(index);
    atomic_fetch_sub_explicit(&pool.pending, 1, memory_order_acq_rel);
  }
  return 0;
}

static int32_t default_threads(void) {
  long n = sysconf(_SC_NPROCESSORS_ONLN);
  return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int32_t)n;
}

int32_t rap_get_num_threads(void) {
  if (!pool.threads) pool.threads = default_threads();
  return pool.threads;
}

void rap_set_num_threads(int32_t n) { pool.threads = n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n; }

int32_t rap_parts(int64_t n, int64_t grain) {
  if (inside) return 1;
  int64_t parts = grain > 0 ? n / grain : n, threads = rap_get_num_threads();
  return parts < 1 ? 1 : (int32_t)(parts < threads ? parts : threads);
}

void rap_parallel(int64_t n, int64_t grain, rap_range body, void *context) {
  int32_t parts = rap_parts(n, grain);
  if (parts > 1) {
    // Workers are started once and only ever added to: thread i serves part i.
    while (pool.started < parts - 1) {
      pthread_t thread;
      if (pthread_create(&thread, 0, worker, (void *)(intptr_t)(pool.started + 1))) break;
      pthread_detach(thread);
      pool.started++;
    }
    if (pool.started < parts - 1) parts = 1;
  }
  if (parts == 1) {
    if (n > 0) body(context, 0, n, 0);
    return;
  }
  pool.body = body, pool.context = context, pool.n = n, pool.parts = parts;
  atomic_store_explicit(&pool.pending, pool.started, memory_order_relaxed);
  pthread_mutex_lock(&pool.lock);
  atomic_fetch_add_explicit(&pool.generation, 1, memory_order_release);
  pthread_cond_broadcast(&pool.wake);
  pthread_mutex_unlock(&pool.lock);
  inside = 1;
  run_part(0);
  inside = 0;
  while (atomic_load_explicit(&pool.pending, memory_order_acquire) > 0) RELAX();
}

#define SLOTS 4
static _Thread_local struct {
  void *data;
  int64_t bytes;
} scratch[SLOTS];

void *rap_scratch(int32_t slot, int64_t bytes) {
  if (scratch[slot].bytes < bytes) {
    free(scratch[slot].data);
    int64_t rounded = (bytes + 4095) & ~(int64_t)4095;
    scratch[slot].data = aligned_alloc(4096, (size_t)rounded);
    scratch[slot].bytes = scratch[slot].data ? rounded : 0;
    if (scratch[slot].data) rap_advise_huge(scratch[slot].data, (double)rounded);
  }
  return scratch[slot].data;
}
