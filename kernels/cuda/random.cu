// Random numbers: fills whose numbers are PyTorch's on CUDA (rand, randn, randint and what they are made of),
// and samples with parameters for each element.
#include "philox.cuh"

namespace {

// ---- fills
// ---------------------------------------------------------------------------------------------------

// Each thread makes Draws<F>::count elements from four draws, one grid apart, as PyTorch's kernels do.
template <typename T, typename F, bool Normal, typename Make>
__global__ void __launch_bounds__(kBlock) philox_fill(T *out, int n, PhiloxState state, Make make) {
  constexpr int count = Draws<F>::count;
  const int64_t thread = static_cast<int64_t>(blockIdx.x) * kBlock + threadIdx.x,
                grid = static_cast<int64_t>(gridDim.x) * kBlock;
  Philox philox(state, static_cast<uint64_t>(thread));
  for (int64_t first = thread; first < n; first += grid * count) {
    const uint4 raw = philox.next();
    Draws<F> draws;
    if constexpr (Normal)
      draws = Draws<F>::normal(raw);
    else
      draws = Draws<F>::uniform(raw);
#pragma unroll
    for (int k = 0; k < count; k++) {
      const int64_t i = first + grid * k;
      if (i < n) out[i] = make(draws.v[k], i);
    }
  }
}

template <typename T, typename F, bool Normal, typename Make>
void fill(void *out, void *generator, int n, const Make &make) {
  if (n == 0) return;
  const int blocks = philox_blocks(n);
  const PhiloxState state = philox_take(generator, n, blocks, Draws<F>::count);
  RUN((philox_fill<T, F, Normal, Make>), blocks, kBlock, static_cast<T *>(out), n, state, make);
}

template <typename F> DEVICE F epsilon() {
  return sizeof(F) == 4 ? F(1.1920929e-07f) : F(2.220446049250313e-16);
}

// out = from a number u of (0, 1]
template <typename T, typename F> struct Uniform {
  F from, range;
  DEVICE T operator()(F u, int64_t) const {
    return static_cast<T>((u == F(1) ? F(0) : u) * range + from);
  } // [from, to)
};
template <typename T, typename F> struct Normal {
  F mean, deviation;
  int take_exp;
  DEVICE T operator()(F v, int64_t) const {
    v = v * deviation + mean;
    return static_cast<T>(take_exp ? op_exp(v) : v);
  }
};
template <typename T, typename F> struct Cauchy {
  F median, scale;
  DEVICE T operator()(F u, int64_t) const {
    const F eps = epsilon<F>();
    u = u > F(1) - eps ? F(1) - eps : u < eps ? eps : u;
    return static_cast<T>(median + scale * op_tan(F(RAP_PI) * (u - F(0.5))));
  }
};
template <typename T, typename F> struct Exponential {
  F rate;
  DEVICE T operator()(F u, int64_t) const {
    const F half = epsilon<F>() / 2;
    return static_cast<T>(F(-1) / rate * (u >= F(1) - half ? -half : op_log(u)));
  }
};
template <typename T, typename F> struct Geometric {
  F log_failure;
  DEVICE T operator()(F u, int64_t) const { return static_cast<T>(op_ceil(op_log(u) / log_failure)); }
};
template <typename T, typename F> struct Bernoulli {
  F p, value;
  DEVICE T operator()(F u, int64_t) const { return u < p ? static_cast<T>(value) : T(0); }
};
// With a probability for each element; P is its type.
template <typename T, typename P> struct BernoulliEach {
  const P *p;
  int *fault;
  DEVICE T operator()(P u, int64_t i) const {
    const P probability = p[i];
    if (!(probability >= P(0) && probability <= P(1))) atomicMax(fault, RAP_FAULT_PARAMETER);
    return u <= probability && probability > P(0) ? T(1) : T(0);
  }
};
template <typename T, typename U> struct Integer {
  U range; // 0: all of them
  uint64_t base;
  DEVICE T operator()(U r, int64_t) const {
    const uint64_t v = (range ? r % range : r) + base;
    return static_cast<T>(static_cast<int64_t>(v));
  }
};

template <typename T, typename F>
bool fill_with(void *out, void *generator, int n, int distribution, double a, double b) {
  const F fa = static_cast<F>(a), fb = static_cast<F>(b);
  if (distribution == RAP_FILL_GEOMETRIC) {
    fill<T, F, false>(out, generator, n, Geometric<T, F>{static_cast<F>(log1p(-a))});
    return true;
  }
  if (distribution == RAP_FILL_BERNOULLI) {
    fill<T, F, false>(out, generator, n, Bernoulli<T, F>{fa, fb});
    return true;
  }
  if constexpr (is_float<T>()) {
    switch (distribution) {
    case RAP_FILL_UNIFORM:
      fill<T, F, false>(out, generator, n, Uniform<T, F>{fa, static_cast<F>(b - a)});
      break;
    case RAP_FILL_NORMAL:
    case RAP_FILL_NORMAL_EACH: fill<T, F, true>(out, generator, n, Normal<T, F>{fa, fb, 0}); break;
    case RAP_FILL_LOG_NORMAL: fill<T, F, true>(out, generator, n, Normal<T, F>{fa, fb, 1}); break;
    case RAP_FILL_CAUCHY: fill<T, F, false>(out, generator, n, Cauchy<T, F>{fa, fb}); break;
    case RAP_FILL_EXPONENTIAL: fill<T, F, false>(out, generator, n, Exponential<T, F>{fa}); break;
    default: return false;
    }
    return true;
  }
  return false;
}

// The element a dtype is stored as, bool as a byte.
template <typename F> bool for_any(int32_t dtype, F f) {
  return for_number(dtype == RAP_BOOL ? RAP_UINT8 : dtype, f);
}

// ---- samples by rejection
// --------------------------------------------------------------------------------------

struct Stream {
  Philox philox;
  DEVICE double uniform() {
    const uint4 r = philox.next();
    return unit_double(r.x, r.y);
  }
  DEVICE double normal() { return Draws<double>::normal(philox.next()).v[0]; }
};

// Poisson by the transformed rejection method PTRS (W. Hörmann 1993), below a mean of 10 by multiplying
// uniforms.
DEVICE double poisson(Stream &s, double mean) {
  if (mean == 0) return 0;
  if (isinf(mean)) return HUGE_VAL - HUGE_VAL;
  if (mean < 10) {
    const double bound = exp(-mean);
    double product = 1, k = 0;
    for (;; k++) {
      product *= s.uniform();
      if (!(product > bound)) return k;
    }
  }
  const double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b, log_mean = log(mean);
  const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - fabs(u),
                 k = floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= quick) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= -mean + k * log_mean - lgamma(k + 1))
      return k;
  }
}

// Gamma by the method of Marsaglia and Tsang (2000), doi:10.1145/358407.358414.
DEVICE double standard_gamma(Stream &s, double shape) {
  double scale = 1;
  if (shape == 0) return 0;
  if (!(shape > 0)) return HUGE_VAL - HUGE_VAL; // no draw would ever be accepted
  if (shape < 1) scale = pow(s.uniform(), 1 / shape), shape += 1;
  const double d = shape - 1.0 / 3, c = 1 / sqrt(9 * d);
  for (;;) {
    double x, y;
    do x = s.normal(), y = 1 + c * x;
    while (y <= 0);
    const double v = y * y * y, u = s.uniform(), xx = x * x;
    if (u < 1 - 0.0331 * xx * xx || log(u) < 0.5 * xx + d * (1 - v + log(v))) return scale * d * v;
  }
}

// log k! less Stirling's leading terms.
DEVICE double stirling_tail(double k) {
  if (k < 10) {
    double factorial = 1;
    for (double i = 2; i <= k; i++) factorial *= i;
    return log(factorial) - (0.91893853320467274178 + (k + 0.5) * log(k + 1) - (k + 1)); // log sqrt(2 pi)
  }
  const double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Binomial, p <= 1/2: counts geometric gaps, or from a mean of 10 on the rejection method BTRS (W. Hörmann
// 1993).
DEVICE double binomial_half(Stream &s, double count, double p) {
  const double mean = count * p, q = 1 - p;
  if (mean < 10) {
    const double failure = log1p(-p);
    double sum = 0;
    for (double successes = 0;; successes++) {
      sum += ceil(log(s.uniform()) / failure);
      if (sum > count) return successes;
    }
  }
  const double deviation = sqrt(mean * q), b = 1.15 + 2.53 * deviation, a = -0.0873 + 0.0248 * b + 0.01 * p,
               c = mean + 0.5;
  const double quick = 0.92 - 4.2 / b, alpha = (2.83 + 5.1 / b) * deviation, odds = p / q,
               mode = floor((count + 1) * p);
  for (;;) {
    const double u = s.uniform() - 0.5, v = s.uniform(), us = 0.5 - fabs(u),
                 k = floor((2 * a / us + b) * u + c);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= quick) return k;
    const double bound = (mode + 0.5) * log((mode + 1) / (odds * (count - mode + 1))) +
                         (count + 1) * log((count - mode + 1) / (count - k + 1)) +
                         (k + 0.5) * log(odds * (count - k + 1) / (k + 1)) + stirling_tail(mode) +
                         stirling_tail(count - mode) - stirling_tail(k) - stirling_tail(count - k);
    if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}
DEVICE double binomial(Stream &s, double count, double p) {
  if (count <= 0 || p <= 0) return 0;
  if (isinf(count) || count != count || p != p) return HUGE_VAL - HUGE_VAL;
  if (p >= 1) return count;
  return p <= 0.5 ? binomial_half(s, count, p) : count - binomial_half(s, count, 1 - p);
}

template <typename T, int Distribution>
__global__ void __launch_bounds__(kBlock)
    random_sample(T *out, const T *a, const T *b, int n, T smallest, PhiloxState state, int *fault) {
  Stream s{Philox(state, static_cast<uint64_t>(blockIdx.x) * kBlock + threadIdx.x)};
  GRID_STRIDE(i, n) {
    const double x = static_cast<double>(a[i]), y = b ? static_cast<double>(b[i]) : 0;
    double v;
    if (Distribution == RAP_SAMPLE_POISSON) {
      const bool wrong = !(x >= 0);
      if (wrong) atomicMax(fault, RAP_FAULT_PARAMETER);
      v = wrong ? 0 : poisson(s, x);
    } else if (Distribution == RAP_SAMPLE_BINOMIAL) {
      v = binomial(s, x, y);
    } else {
      v = standard_gamma(s, x);
      if (v < static_cast<double>(smallest)) v = static_cast<double>(smallest);
    }
    out[i] = static_cast<T>(v);
  }
}

// ---- multinomial
// -----------------------------------------------------------------------------------------------

// keys = weight / Exp(1), of which the largest are the draw: Gumbel's trick without logarithms.
template <typename T> struct RaceKey {
  const T *weights;
  int *fault;
  DEVICE T operator()(T u, int64_t i) const {
    const T w = weights[i];
    if (!(w >= T(0)) || isinf(w)) atomicMax(fault, RAP_FAULT_PARAMETER);
    const T half = epsilon<T>() / 2;
    return w / (u >= T(1) - half ? half : -op_log(u));
  }
};

// The first category whose running sum reaches u times the row's total.
template <typename T> struct Pick {
  const T *sums;
  int categories;
  Divider samples;
  int *fault;
  DEVICE int64_t operator()(T u, int64_t i) const {
    const T *row = sums + static_cast<int64_t>(samples.divide(static_cast<uint32_t>(i))) * categories;
    const T total = row[categories - 1];
    if (!(total > T(0)) || isinf(total)) atomicMax(fault, RAP_FAULT_PARAMETER);
    const T at = u * total;
    int low = 0, high = categories - 1;
    while (low < high) {
      const int middle = (low + high) / 2;
      if (row[middle] < at)
        low = middle + 1;
      else
        high = middle;
    }
    return low;
  }
};

} // namespace

void rap_generator_seed(void *generator, int32_t seed_low, int32_t seed_high) {
  const PhiloxState s{
      static_cast<uint64_t>(static_cast<uint32_t>(seed_high)) << 32 | static_cast<uint32_t>(seed_low), 0};
  memset(generator, 0, RAP_GENERATOR_BYTES);
  memcpy(generator, &s, sizeof s);
}

int32_t rap_random_fill(int32_t dtype, void *out, void *generator, int32_t n, int32_t distribution, double a,
                        double b) {
  bool done = false;
  for_any(dtype, [&](auto element) {
    using T = decltype(element);
    using F = std::conditional_t<sizeof(T) == 8, double, float>;
    done = fill_with<T, F>(out, generator, n, distribution, a, b);
  });
  return done ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_random_integers(int32_t dtype, void *out, void *generator, int32_t n, const int32_t *meta) {
  const uint64_t range =
      static_cast<uint64_t>(static_cast<uint32_t>(meta[1])) << 32 | static_cast<uint32_t>(meta[0]);
  const uint64_t base =
      static_cast<uint64_t>(static_cast<uint32_t>(meta[3])) << 32 | static_cast<uint32_t>(meta[2]);
  const bool known = for_any(dtype, [&](auto element) {
    using T = decltype(element);
    // PyTorch takes 64 bits from here on, to keep the skew of the remainder below 5 %.
    if (range == 0 || range >= uint64_t{1} << 28)
      fill<T, uint64_t, false>(out, generator, n, Integer<T, uint64_t>{range, base});
    else
      fill<T, uint32_t, false>(out, generator, n, Integer<T, uint32_t>{static_cast<uint32_t>(range), base});
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_random_any(int32_t dtype, void *out, void *generator, int32_t n) {
  // The integer types' ranges are powers of two.
  const uint64_t ranges[] = {(1ull << 24) + 1, (1ull << 53) + 1, 1ull << 63, 1ull << 31, 1ull << 8, 2};
  const uint64_t range = ranges[dtype <= RAP_BOOL ? dtype : 0];
  const bool known = for_any(dtype, [&](auto element) {
    using T = decltype(element);
    if (sizeof(T) == 8)
      fill<T, uint64_t, false>(out, generator, n, Integer<T, uint64_t>{range, 0});
    else
      fill<T, uint32_t, false>(out, generator, n, Integer<T, uint32_t>{static_cast<uint32_t>(range), 0});
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_randperm(int32_t dtype, void *out, void *generator, int32_t n) {
  if (dtype >= RAP_BOOL) return RAP_UNSUPPORTED;
  if (n == 0) return RAP_OK;
  const Scratch memory(3 * sizeof(int64_t) * static_cast<size_t>(n));
  int64_t *keys = memory.as<int64_t>();
  if (!keys) return RAP_OK; // the allocation's failure is noted
  rap_random_any(RAP_INT64, keys, generator, n);
  rap_sort(RAP_INT64, keys + n, keys + 2 * static_cast<int64_t>(n), keys, 1, n, n, 0, 1);
  rap_cast(dtype, RAP_INT64, out, keys + 2 * static_cast<int64_t>(n), n);
  return RAP_OK;
}

int32_t rap_random_bernoulli(int32_t dtype, void *out, void *generator, const void *p, int32_t p_dtype,
                             int32_t n) {
  bool known = false;
  for_any(dtype, [&](auto element) {
    using T = decltype(element);
    known = for_float(p_dtype, [&](auto probability) {
      using P = decltype(probability);
      fill<T, P, false>(out, generator, n, BernoulliEach<T, P>{static_cast<const P *>(p), rap_fault_flag()});
    });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_random_sample(int32_t dtype, void *out, void *generator, const void *a, const void *b, int32_t n,
                          int32_t distribution) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (n == 0) return;
    const int blocks = philox_blocks(n);
    // Rejection has no bound; a thousand blocks of draws an element leave no overlap in practice.
    PhiloxState state, next;
    memcpy(&state, generator, sizeof state);
    next = state;
    next.offset += static_cast<uint64_t>(ceil_div(n, blocks * kBlock)) * 4096;
    memcpy(generator, &next, sizeof next);
    const T smallest =
        sizeof(T) == 4 ? static_cast<T>(1.17549435e-38f) : static_cast<T>(2.2250738585072014e-308);
    T *to = static_cast<T *>(out);
    const T *as = static_cast<const T *>(a), *bs = static_cast<const T *>(b);
    int *fault = rap_fault_flag();
    switch (distribution) {
    case RAP_SAMPLE_POISSON:
      RUN((random_sample<T, RAP_SAMPLE_POISSON>), blocks, kBlock, to, as, bs, n, smallest, state, fault);
      break;
    case RAP_SAMPLE_BINOMIAL:
      RUN((random_sample<T, RAP_SAMPLE_BINOMIAL>), blocks, kBlock, to, as, bs, n, smallest, state, fault);
      break;
    default:
      RUN((random_sample<T, RAP_SAMPLE_STANDARD_GAMMA>), blocks, kBlock, to, as, bs, n, smallest, state,
          fault);
      break;
    }
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_multinomial(int32_t dtype, void *out, void *generator, const void *weights, int32_t rows,
                        int32_t categories, int32_t samples, int32_t replacement) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int n = rows * categories;
    if (n == 0 || samples == 0) return;
    const Scratch memory((static_cast<size_t>(n) + static_cast<size_t>(rows) * samples) * sizeof(T));
    T *table = memory.as<T>();
    if (!table) return;
    const T *w = static_cast<const T *>(weights);
    if (replacement && samples > 1) {
      rap_scan(RAP_SCAN_CUMSUM, dtype, table, nullptr, w, rows, categories, 1);
      fill<int64_t, T, false>(
          out, generator, rows * samples,
          Pick<T>{table, categories, Divider(static_cast<uint32_t>(samples)), rap_fault_flag()});
    } else {
      fill<T, T, false>(table, generator, n, RaceKey<T>{w, rap_fault_flag()});
      rap_sort(dtype, table + n, out, table, rows, categories, samples, 1, 1);
    }
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
