// Optimizer steps: all parameters of a call as one index range, each element read and written once.
#ifndef REAL_BITS
#include "../raptorch.h"
#include "simd.h"
#include "threads.h"
#include "vecmath.h"

// The most states of a parameter, and numbers of an update.
#define STATES  5
#define NUMBERS 8
// Elements worth handing to another thread.
#define GRAIN 16384

typedef struct job job;
typedef void (*update)(const job *j, void *const *state, int64_t n);
struct job {
  update run;
  void *const *table;
  const int32_t *sizes;
  int32_t count, states, flags, bytes;
  double number[NUMBERS];
};

#define REAL_BITS 32
#include "optim.c"
#undef REAL_BITS
#define REAL_BITS 64
#include "optim.c"
#undef REAL_BITS

// Elements [begin, end) of the parameters laid end to end.
static void walk(void *context, int64_t begin, int64_t end, int32_t part) {
  const job *j = context;
  int64_t first = 0;
  (void)part;
  for (int32_t i = 0; i < j->count && first < end; first += j->sizes[i++]) {
    int64_t from = begin > first ? begin - first : 0,
            to = end - first < j->sizes[i] ? end - first : j->sizes[i];
    if (from >= to) continue;
    void *state[STATES];
    for (int32_t k = 0; k < j->states; k++) {
      char *p = j->table[(int64_t)i * j->states + k];
      state[k] = p ? p + from * j->bytes : 0;
    }
    j->run(j, state, to - from);
  }
}

static int32_t step(int32_t dtype, update f32, update f64, const void *table, int32_t states, int32_t flags,
                    const double *numbers, const int32_t *meta) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  job j = {
      .table = (void *const *)table, .sizes = meta + 1, .count = meta[0], .states = states, .flags = flags};
  j.run = dtype == RAP_FLOAT32 ? f32 : f64, j.bytes = dtype == RAP_FLOAT32 ? 4 : 8;
  memcpy(j.number, numbers, sizeof j.number);
  int64_t total = 0;
  for (int32_t i = 0; i < j.count; i++) total += j.sizes[i];
  rap_parallel(total, GRAIN, walk, &j);
  return RAP_OK;
}
#define STEP(name, states, ...)                                                                              \
  return step(dtype, name##_f32, name##_f64, table, states, flags, (const double[NUMBERS]){__VA_ARGS__}, meta)

int32_t rap_sgd(int32_t dtype, const void *table, int32_t flags, double lr, double momentum, double dampening,
                double weight_decay, const int32_t *meta) {
  STEP(sgd, 3, -lr, momentum, 1 - dampening, weight_decay);
}
int32_t rap_adam(int32_t dtype, const void *table, int32_t flags, double lr, double beta1, double beta2,
                 double eps, double weight_decay, double bias1, double bias2, const int32_t *meta) {
  STEP(adam, 5, -lr / bias1, 1 - beta1, beta2, 1 - beta2, eps,
       flags & 4 ? 1 - lr * weight_decay : weight_decay, sqrt(bias2));
}
int32_t rap_rmsprop(int32_t dtype, const void *table, int32_t flags, double lr, double alpha, double eps,
                    double weight_decay, double momentum, const int32_t *meta) {
  STEP(rmsprop, 5, -lr, alpha, 1 - alpha, eps, weight_decay, momentum);
}
int32_t rap_adagrad(int32_t dtype, const void *table, int32_t flags, double lr, double eps,
                    double weight_decay, const int32_t *meta) {
  STEP(adagrad, 3, -lr, eps, weight_decay);
}
int32_t rap_adadelta(int32_t dtype, const void *table, int32_t flags, double lr, double rho, double eps,
                     double weight_decay, const int32_t *meta) {
  STEP(adadelta, 4, -lr, rho, 1 - rho, eps, weight_decay);
}
int32_t rap_adamax(int32_t dtype, const void *table, int32_t flags, double lr, double beta1, double beta2,
                   double eps, double weight_decay, const int32_t *meta) {
  STEP(adamax, 4, -lr, 1 - beta1, beta2, eps, weight_decay);
}

#else
#include "real.h"

// a + w (b - a), from the nearer end as torch.lerp
INLINE V N(lerp)(V a, V b, S w) { return w < (S)0.5 ? a + F(set)(w) * (b - a) : b - (b - a) * F(set)(1 - w); }

// One element's update, on vectors: p and g are the parameter and its gradient; LOAD(k) and STORE(k, v) reach
// state k, NUMBER(k) the k-th number. Tails are padded with ones, which no formula divides by zero.
#define LOAD(k)     (full ? F(load)((const S *)state[k] + i) : F(load_tail)((const S *)state[k] + i, rest, 1))
#define STORE(k, v) (full ? F(store)((S *)state[k] + i, v) : F(store_tail)((S *)state[k] + i, v, rest))
#define NUMBER(k)   F(set)((S)j->number[k])
#define UPDATE(name, ...)                                                                                    \
  static void N(name)(const job *j, void *const *state, int64_t n) {                                         \
    for (int64_t i = 0; i < n; i += LANES) {                                                                 \
      const int full = n - i >= LANES, rest = full ? LANES : (int)(n - i);                                   \
      V p = LOAD(0), g = LOAD(1);                                                                            \
      if (j->flags & 1) g = -g;                                                                              \
      __VA_ARGS__                                                                                            \
      STORE(0, p);                                                                                           \
    }                                                                                                        \
  }

UPDATE(sgd, {
  if (j->number[3] != 0) g += NUMBER(3) * p;
  if (state[2]) {
    V buffer = j->flags & 4 ? g : LOAD(2) * NUMBER(1) + g * NUMBER(2);
    STORE(2, buffer);
    g = j->flags & 2 ? g + NUMBER(1) * buffer : buffer;
  }
  p += NUMBER(0) * g;
})
UPDATE(adam, {
  if (j->flags & 4)
    p *= NUMBER(5);
  else if (j->number[5] != 0)
    g += NUMBER(5) * p;
  V m = N(lerp)(LOAD(2), g, (S)j->number[1]), v = LOAD(3) * NUMBER(2) + NUMBER(3) * g * g, largest = v;
  STORE(2, m);
  STORE(3, v);
  if (j->flags & 2) {
    largest = LOAD(4);
    largest = F(select)((MASK)((largest > v) | (largest != largest)), largest, v);
    STORE(4, largest);
  }
  p += NUMBER(0) * m / (F(sqrt)(largest) / NUMBER(6) + NUMBER(4));
})
UPDATE(rmsprop, {
  if (j->number[4] != 0) g += NUMBER(4) * p;
  V square = LOAD(2) * NUMBER(1) + NUMBER(2) * g * g, average = square;
  STORE(2, square);
  if (j->flags & 2) {
    V mean = N(lerp)(LOAD(4), g, (S)j->number[2]);
    STORE(4, mean);
    average = square - mean * mean;
  }
  average = F(sqrt)(average) + NUMBER(3);
  if (state[3]) {
    V buffer = LOAD(3) * NUMBER(5) + g / average;
    STORE(3, buffer);
    p += NUMBER(0) * buffer;
  } else
    p += NUMBER(0) * g / average;
})
UPDATE(adagrad, {
  if (j->number[2] != 0) g += NUMBER(2) * p;
  V sum = LOAD(2) + g * g;
  STORE(2, sum);
  p += NUMBER(0) * g / (F(sqrt)(sum) + NUMBER(1));
})
UPDATE(adadelta, {
  if (j->number[4] != 0) g += NUMBER(4) * p;
  V square = LOAD(2) * NUMBER(1) + NUMBER(2) * g * g, moved = LOAD(3);
  V delta = F(sqrt)(moved + NUMBER(3)) / F(sqrt)(square + NUMBER(3)) * g;
  STORE(2, square);
  STORE(3, moved * NUMBER(1) + NUMBER(2) * delta * delta);
  p += NUMBER(0) * delta;
})
UPDATE(adamax, {
  if (j->number[4] != 0) g += NUMBER(4) * p;
  V m = N(lerp)(LOAD(2), g, (S)j->number[1]), old = LOAD(3) * NUMBER(2), now = F(abs)(g) + NUMBER(3);
  V largest = F(select)((MASK)((old > now) | (old != old)), old, now);
  STORE(2, m);
  STORE(3, largest);
  p += NUMBER(0) * m / largest;
})
#undef LOAD
#undef STORE
#undef NUMBER
#undef UPDATE
#endif
