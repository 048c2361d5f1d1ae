// Optimizer steps: one launch updates many parameters, each element read and written once.
#include "math.cuh"

namespace {

// The addresses and sizes of the parameters of one launch, by value; `most` fit a kernel's 4 KB of arguments.
constexpr int kStates = 5, kMost = 64, kNumbers = 8;
template <typename T> struct Table {
  T *at[kMost][kStates];
  int size[kMost];
  int flags;
  double number[kNumbers];
};

// a + w (b - a), from the nearer end as torch.lerp
template <typename T> DEVICE T lerp(T a, T b, T w) {
  return w < T(0.5) ? a + w * (b - a) : b - (b - a) * (T(1) - w);
}

// One element's update: p and g are the parameter and its gradient, LOAD and STORE reach state k, NUMBER(k) a
// number.
#define LOAD(k)     state[k][i]
#define STORE(k, v) state[k][i] = (v)
#define NUMBER(k)   static_cast<T>(t.number[k])
#define UPDATE(name, ...)                                                                                    \
  struct name {                                                                                              \
    template <typename T> static DEVICE void step(const Table<T> &t, T *const *state, unsigned i) {          \
      T p = LOAD(0), g = LOAD(1);                                                                            \
      if (t.flags & 1) g = -g;                                                                               \
      __VA_ARGS__                                                                                            \
      STORE(0, p);                                                                                           \
    }                                                                                                        \
  };

UPDATE(Sgd, {
  if (t.number[3] != 0) g += NUMBER(3) * p;
  if (state[2]) {
    const T buffer = t.flags & 4 ? g : LOAD(2) * NUMBER(1) + g * NUMBER(2);
    STORE(2, buffer);
    g = t.flags & 2 ? g + NUMBER(1) * buffer : buffer;
  }
  p += NUMBER(0) * g;
})
UPDATE(Adam, {
  if (t.flags & 4)
    p *= NUMBER(5);
  else if (t.number[5] != 0)
    g += NUMBER(5) * p;
  const T m = lerp(LOAD(2), g, NUMBER(1)), v = LOAD(3) * NUMBER(2) + NUMBER(3) * g * g;
  T largest = v;
  STORE(2, m);
  STORE(3, v);
  if (t.flags & 2) {
    largest = LOAD(4);
    largest = largest > v || largest != largest ? largest : v;
    STORE(4, largest);
  }
  p += NUMBER(0) * m / (op_sqrt(largest) / NUMBER(6) + NUMBER(4));
})
UPDATE(Rmsprop, {
  if (t.number[4] != 0) g += NUMBER(4) * p;
  const T square = LOAD(2) * NUMBER(1) + NUMBER(2) * g * g;
  T average = square;
  STORE(2, square);
  if (t.flags & 2) {
    const T mean = lerp(LOAD(4), g, NUMBER(2));
    STORE(4, mean);
    average = square - mean * mean;
  }
  average = op_sqrt(average) + NUMBER(3);
  if (state[3]) {
    const T buffer = LOAD(3) * NUMBER(5) + g / average;
    STORE(3, buffer);
    p += NUMBER(0) * buffer;
  } else {
    p += NUMBER(0) * g / average;
  }
})
UPDATE(Adagrad, {
  if (t.number[2] != 0) g += NUMBER(2) * p;
  const T sum = LOAD(2) + g * g;
  STORE(2, sum);
  p += NUMBER(0) * g / (op_sqrt(sum) + NUMBER(1));
})
UPDATE(Adadelta, {
  if (t.number[4] != 0) g += NUMBER(4) * p;
  const T square = LOAD(2) * NUMBER(1) + NUMBER(2) * g * g;
  const T moved = LOAD(3);
  const T delta = op_sqrt(moved + NUMBER(3)) / op_sqrt(square + NUMBER(3)) * g;
  STORE(2, square);
  STORE(3, moved * NUMBER(1) + NUMBER(2) * delta * delta);
  p += NUMBER(0) * delta;
})
UPDATE(Adamax, {
  if (t.number[4] != 0) g += NUMBER(4) * p;
  const T m = lerp(LOAD(2), g, NUMBER(1));
  const T old = LOAD(3) * NUMBER(2);
  const T now = op_abs(g) + NUMBER(3);
  const T largest = old > now || old != old ? old : now;
  STORE(2, m);
  STORE(3, largest);
  p += NUMBER(0) * m / largest;
})

// grid: parts of a parameter (x), parameters (y)
template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock) optimizer_step(const __grid_constant__ Table<T> t) {
  const int which = blockIdx.y;
  GRID_STRIDE(i, t.size[which]) Op::step(t, t.at[which], i);
}

template <typename Op>
int32_t run(int32_t dtype, const void *table, int states, int32_t flags, const double (&numbers)[kNumbers],
            const int32_t *meta) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    void *const *at = static_cast<void *const *>(table);
    for (int begin = 0; begin < meta[0]; begin += kMost) {
      Table<T> t = {};
      const int count = meta[0] - begin < kMost ? meta[0] - begin : kMost;
      int largest = 0;
      for (int i = 0; i < count; i++) {
        for (int k = 0; k < states; k++) t.at[i][k] = static_cast<T *>(at[(begin + i) * states + k]);
        t.size[i] = meta[1 + begin + i];
        if (t.size[i] > largest) largest = t.size[i];
      }
      t.flags = flags;
      memcpy(t.number, numbers, sizeof numbers);
      if (largest)
        RUN((optimizer_step<Op, T>),
            dim3(static_cast<unsigned>(blocks_for(largest)), static_cast<unsigned>(count)), kBlock, t);
    }
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

} // namespace

int32_t rap_sgd(int32_t dtype, const void *table, int32_t flags, double lr, double momentum, double dampening,
                double weight_decay, const int32_t *meta) {
  return run<Sgd>(dtype, table, 3, flags, {-lr, momentum, 1 - dampening, weight_decay}, meta);
}
int32_t rap_adam(int32_t dtype, const void *table, int32_t flags, double lr, double beta1, double beta2,
                 double eps, double weight_decay, double bias1, double bias2, const int32_t *meta) {
  return run<Adam>(dtype, table, 5, flags,
                   {-lr / bias1, 1 - beta1, beta2, 1 - beta2, eps,
                    flags & 4 ? 1 - lr * weight_decay : weight_decay, sqrt(bias2)},
                   meta);
}
int32_t rap_rmsprop(int32_t dtype, const void *table, int32_t flags, double lr, double alpha, double eps,
                    double weight_decay, double momentum, const int32_t *meta) {
  return run<Rmsprop>(dtype, table, 5, flags, {-lr, alpha, 1 - alpha, eps, weight_decay, momentum}, meta);
}
int32_t rap_adagrad(int32_t dtype, const void *table, int32_t flags, double lr, double eps,
                    double weight_decay, const int32_t *meta) {
  return run<Adagrad>(dtype, table, 3, flags, {-lr, eps, weight_decay}, meta);
}
int32_t rap_adadelta(int32_t dtype, const void *table, int32_t flags, double lr, double rho, double eps,
                     double weight_decay, const int32_t *meta) {
  return run<Adadelta>(dtype, table, 4, flags, {-lr, rho, 1 - rho, eps, weight_decay}, meta);
}
int32_t rap_adamax(int32_t dtype, const void *table, int32_t flags, double lr, double beta1, double beta2,
                   double eps, double weight_decay, const int32_t *meta) {
  return run<Adamax>(dtype, table, 4, flags, {-lr, 1 - beta1, beta2, eps, weight_decay}, meta);
}
