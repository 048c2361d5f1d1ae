// A small pthread pool. A job is cut into parts, and a part belongs to whoever claims it first: a worker that
// is awake, or the caller itself when the workers are late. So the caller never waits for a sleeping thread,
// and what is computed depends only on the parts. A worker polls for a while after its last job, since the
// next kernel usually follows at once, and then sleeps on a condition variable.
#define _GNU_SOURCE
#include "threads.h"
#include "../raptorch.h"
#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MAX_THREADS 128
// How long a worker polls: longer than the gap between two kernels of a training step, too short to matter
// when idle.
#define POLL_NS 100000
// How often a thread polls for what another is doing before it gives up its core to it.
#define WAIT_SPINS 2000

#if defined(__x86_64__)
#define RELAX() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RELAX() __asm__ volatile("isb" ::: "memory")
#else
#define RELAX() atomic_signal_fence(memory_order_seq_cst)
#endif

// The ticket is one word, so that a claim is one compare-and-swap that fails for a job already over:
// generation << 32 | parts << 16 | next part to claim.
#define GENERATION(t) ((uint32_t)((t) >> 32))
#define PARTS(t)      ((int32_t)((t) >> 16 & 0xffff))
#define NEXT(t)       ((int32_t)((t)&0xffff))

static struct {
  _Alignas(64) _Atomic uint64_t ticket;
  _Atomic int64_t done;     // parts finished
  _Atomic int32_t sleeping; // workers on the condition variable
  rap_range body;
  void *context;
  int64_t n;
  _Alignas(64) atomic_flag busy; // a caller owns the pool
  _Atomic int32_t threads;       // 0: not decided yet
  int32_t started;
  pthread_mutex_t lock;
  pthread_cond_t wake;
} pool = {.busy = ATOMIC_FLAG_INIT, .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

static _Thread_local int inside;

static void run_part(rap_range body, void *context, int64_t n, int32_t part, int32_t parts) {
  int64_t begin = n * part / parts, end = n * (part + 1) / parts;
  if (begin < end) body(context, begin, end, part);
}

// Claims parts of the current job and runs them until none is left; `seen` is the ticket of that job.
static void run_claims(uint64_t *seen) {
  uint64_t t = atomic_load_explicit(&pool.ticket, memory_order_acquire);
  while (NEXT(t) < PARTS(t)) {
    if (!atomic_compare_exchange_weak_explicit(&pool.ticket, &t, t + 1, memory_order_acq_rel,
                                               memory_order_acquire))
      continue;
    // The job lives at least until this part is done, so its description may be read now.
    run_part(pool.body, pool.context, pool.n, NEXT(t), PARTS(t));
    atomic_fetch_add_explicit(&pool.done, 1, memory_order_release);
    t = atomic_load_explicit(&pool.ticket, memory_order_acquire);
  }
  *seen = t;
}

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int job_after(uint64_t seen, int order) {
  return GENERATION(atomic_load_explicit(&pool.ticket, order)) != GENERATION(seen);
}

static void wait_for_job(uint64_t seen) {
  for (int64_t until = now_ns() + POLL_NS; now_ns() < until;)
    for (int i = 0; i < 32; i++) {
      if (job_after(seen, memory_order_acquire)) return;
      RELAX();
    }
  pthread_mutex_lock(&pool.lock);
  // Announced before the last look at the ticket; the caller writes the ticket before it looks for sleepers.
  atomic_fetch_add_explicit(&pool.sleeping, 1, memory_order_seq_cst);
  while (!job_after(seen, memory_order_seq_cst)) pthread_cond_wait(&pool.wake, &pool.lock);
  atomic_fetch_sub_explicit(&pool.sleeping, 1, memory_order_relaxed);
  pthread_mutex_unlock(&pool.lock);
}

static void *worker(void *unused) {
  (void)unused;
  inside = 1;
  for (uint64_t seen;;) {
    run_claims(&seen);
    wait_for_job(seen);
  }
  return 0;
}

static int32_t clamp_threads(int64_t n) { return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : (int32_t)n; }

int32_t rap_get_num_threads(void) {
  int32_t threads = atomic_load_explicit(&pool.threads, memory_order_relaxed);
  if (threads) return threads;
#if defined(__linux__)
  cpu_set_t cpus; // a container may be given fewer processors than are online
  if (!sched_getaffinity(0, sizeof cpus, &cpus)) threads = clamp_threads(CPU_COUNT(&cpus));
#endif
  if (!threads) threads = clamp_threads(sysconf(_SC_NPROCESSORS_ONLN));
  atomic_store_explicit(&pool.threads, threads, memory_order_relaxed);
  return threads;
}

void rap_set_num_threads(int32_t n) {
  atomic_store_explicit(&pool.threads, clamp_threads(n), memory_order_relaxed);
}

int32_t rap_parts(int64_t n, int64_t grain) {
  if (inside) return 1;
  int64_t parts = grain > 0 ? n / grain : n;
  if (parts <= 1) return 1;
  int64_t threads = rap_get_num_threads();
  return (int32_t)(parts < threads ? parts : threads);
}

// The workers never end, so their code must stay: Deno closes the library with the last isolate that has
// opened it (a test file, a worker), and unloading it would take the ground from under them. A handle that is
// never closed holds it.
static void stay_loaded(void) {
  Dl_info info;
  if (dladdr((void *)&pool, &info) && info.dli_fname) dlopen(info.dli_fname, RTLD_LAZY);
}

// Workers are only ever added; those beyond the current number of parts find nothing to claim.
static void start_workers(int32_t wanted) {
  if (!pool.started && wanted > 0) stay_loaded();
  while (pool.started < wanted) {
    pthread_t thread;
    if (pthread_create(&thread, 0, worker, 0)) return;
    pthread_detach(thread);
    pool.started++;
  }
}

static void wake_sleepers(int32_t wanted) {
  int32_t sleeping = atomic_load_explicit(&pool.sleeping, memory_order_seq_cst);
  if (!sleeping) return;
  pthread_mutex_lock(&pool.lock);
  if (sleeping <= wanted) {
    pthread_cond_broadcast(&pool.wake);
  } else {
    for (int32_t i = 0; i < wanted; i++) pthread_cond_signal(&pool.wake);
  }
  pthread_mutex_unlock(&pool.lock);
}

void rap_wait(_Atomic int64_t *count, int64_t least) {
  for (int spins = 0; atomic_load_explicit(count, memory_order_acquire) < least; spins++) {
    if (spins < WAIT_SPINS)
      RELAX();
    else
      sched_yield();
  }
}

void rap_parallel(int64_t n, int64_t grain, rap_range body, void *context) {
  if (n <= 0) return;
  int32_t parts = rap_parts(n, grain);
  if (parts == 1) {
    body(context, 0, n, 0);
    return;
  }
  if (atomic_flag_test_and_set_explicit(&pool.busy, memory_order_acquire)) {
    // Another thread of the process (a Deno worker) has the pool: the same parts, one after the other.
    inside = 1;
    for (int32_t part = 0; part < parts; part++) run_part(body, context, n, part, parts);
    inside = 0;
    return;
  }
  start_workers(parts - 1);
  pool.body = body, pool.context = context, pool.n = n;
  atomic_store_explicit(&pool.done, 0, memory_order_relaxed);
  uint64_t last = atomic_load_explicit(&pool.ticket, memory_order_relaxed);
  uint64_t ticket = (uint64_t)(GENERATION(last) + 1u) << 32 | (uint64_t)parts << 16 | 1;
  atomic_store_explicit(&pool.ticket, ticket, memory_order_seq_cst);
  wake_sleepers(parts - 1);
  inside = 1;
  run_part(body, context, n, 0, parts);
  run_claims(&ticket);
  // Claimed parts count in `done`: all but part 0.
  rap_wait(&pool.done, parts - 1);
  inside = 0;
  atomic_flag_clear_explicit(&pool.busy, memory_order_release);
}

#define SLOTS 4
static _Thread_local struct {
  void *data;
  int64_t bytes;
} scratch[SLOTS];

void *rap_scratch(int32_t slot, int64_t bytes) {
  if (scratch[slot].bytes < bytes) {
    free(scratch[slot].data);
    // Whole huge pages where there would be at least half of one.
    int64_t page = bytes >= 1 << 20 ? 2 << 20 : 4096, rounded = (bytes + page - 1) & -page;
    scratch[slot].data = aligned_alloc((size_t)page, (size_t)rounded);
    scratch[slot].bytes = scratch[slot].data ? rounded : 0;
    if (scratch[slot].data && page > 4096) rap_advise_huge(scratch[slot].data, (double)rounded);
  }
  return scratch[slot].data;
}
