// Reductions over the middle dimension of [outer, reduce, inner], deterministic: every state is joined in a
// fixed order. Rows (inner 1) take a warp or a block each, columns are taken 32 at a time; few long lines are
// split over blocks, whose states a second kernel joins. Floats are summed in double: reductions wait for
// memory, not for arithmetic.
#include "lines.cuh"
#include "math.cuh"

namespace {

struct Target {
  int op, take_root, integer;
  void *y, *second; // indices, or the mean beside a variance
  double p;         // the norm's exponent, or the variance's correction
  int rows;
};

// ---- the ops: a state, how an element enters it, how two states join, what it gives
// ------------------------

template <typename T> using Sum = std::conditional_t<is_float<T>(), double, uint64_t>;

template <typename T> DEVICE void put(const Target &t, int64_t at, double v) {
  static_cast<T *>(t.y)[at] = static_cast<T>(v);
}

template <typename T> struct SumOp { // SUM, NANSUM, MEAN
  using State = Sum<T>;
  static DEVICE State zero(const Target &, const T *) { return 0; }
  static DEVICE void add(State &s, T x, int, const Target &t, const T *) {
    if (t.op != RAP_REDUCE_NANSUM || x == x) s += static_cast<State>(x);
  }
  static DEVICE State join(State a, State b, const Target &) { return a + b; }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    if (!is_float<T>())
      static_cast<int64_t *>(t.y)[at] = static_cast<int64_t>(s);
    else
      put<T>(t, at, t.op == RAP_REDUCE_MEAN ? static_cast<double>(s) / t.rows : static_cast<double>(s));
  }
};
template <typename T> struct ProductOp {
  using State = Sum<T>;
  static DEVICE State zero(const Target &, const T *) { return 1; }
  static DEVICE void add(State &s, T x, int, const Target &, const T *) { s *= static_cast<State>(x); }
  static DEVICE State join(State a, State b, const Target &) { return a * b; }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    if (!is_float<T>())
      static_cast<int64_t *>(t.y)[at] = static_cast<int64_t>(s);
    else
      put<T>(t, at, static_cast<double>(s));
  }
};
template <typename T> struct NormOp {
  using State = double;
  static DEVICE State zero(const Target &t, const T *) { return t.p < 0 && isinf(t.p) ? HUGE_VAL : 0; }
  static DEVICE double join(double a, double b, const Target &t) {
    if (!isinf(t.p)) return a + b;
    if (a != a || b != b) return a + b;
    return (t.p > 0) == (a > b) ? a : b;
  }
  static DEVICE void add(State &s, T x, int, const Target &t, const T *) {
    const double v = fabs(static_cast<double>(x));
    s = join(s,
             isinf(t.p) ? v
             : t.p == 2 ? v * v
             : t.p == 1 ? v
             : t.p == 0 ? (v != 0 ? 1.0 : 0.0)
                        : pow(v, t.p),
             t);
  }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    put<T>(t, at, t.p == 2 ? sqrt(s) : t.p == 0 || t.p == 1 || isinf(t.p) ? s : pow(s, 1 / t.p));
  }
};
template <typename T> struct LogSumExpOp {
  struct State {
    double top, sum; // sum of exp(x - top)
  };
  static DEVICE State zero(const Target &, const T *) { return {-HUGE_VAL, 0}; }
  static DEVICE State join(State a, State b, const Target &) {
    const bool first = a.top > b.top || a.top != a.top;
    const State high = first ? a : b, low = first ? b : a;
    if (isinf(high.top)) return {high.top, high.top > 0 ? 1.0 : a.sum + b.sum};
    return {high.top, high.sum + low.sum * exp(low.top - high.top)};
  }
  static DEVICE void add(State &s, T x, int, const Target &t, const T *) {
    s = join(s, {static_cast<double>(x), 1}, t);
  }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    put<T>(t, at, isinf(s.top) ? s.top : s.top + log(s.sum));
  }
};
// MAX, MIN, ARGMAX, ARGMIN: NaN wins, and the first of equals.
template <typename T> struct ExtremeOp {
  struct State {
    T value;
    int index;
  };
  static DEVICE State zero(const Target &, const T *first) { return {*first, INT32_MAX}; }
  static DEVICE State join(State a, State b, const Target &t) {
    const bool a_nan = a.value != a.value, b_nan = b.value != b.value,
               least = t.op == RAP_REDUCE_MIN || t.op == RAP_REDUCE_ARGMIN;
    bool take_b = least ? b.value < a.value : b.value > a.value;
    if (a_nan || b_nan)
      take_b = b_nan && (!a_nan || b.index < a.index);
    else if (a.value == b.value)
      take_b = b.index < a.index;
    return take_b ? b : a;
  }
  static DEVICE void add(State &s, T x, int i, const Target &t, const T *) { s = join(s, {x, i}, t); }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    if (t.op == RAP_REDUCE_ARGMAX || t.op == RAP_REDUCE_ARGMIN) {
      static_cast<int64_t *>(t.y)[at] = s.index;
      return;
    }
    static_cast<T *>(t.y)[at] = s.value;
    if (t.second) static_cast<int64_t *>(t.second)[at] = s.index;
  }
};
template <typename T> struct CountOp { // ANY, ALL, COUNT_NONZERO
  using State = int;
  static DEVICE State zero(const Target &, const T *) { return 0; }
  static DEVICE void add(State &s, T x, int, const Target &, const T *) { s += x != T(0); }
  static DEVICE State join(State a, State b, const Target &) { return a + b; }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    if (t.op == RAP_REDUCE_ANY)
      static_cast<uint8_t *>(t.y)[at] = s != 0;
    else if (t.op == RAP_REDUCE_ALL)
      static_cast<uint8_t *>(t.y)[at] = s == t.rows;
    else
      static_cast<int64_t *>(t.y)[at] = s;
  }
};
// Sums of x - first and of its square: shifted, so that little cancels.
template <typename T> struct VarianceOp {
  struct State {
    double sum, square, shift;
  };
  static DEVICE State zero(const Target &, const T *first) { return {0, 0, static_cast<double>(*first)}; }
  static DEVICE void add(State &s, T x, int, const Target &, const T *) {
    const double d = static_cast<double>(x) - s.shift;
    s.sum += d, s.square += d * d;
  }
  static DEVICE State join(State a, State b, const Target &) {
    return {a.sum + b.sum, a.square + b.square, a.shift};
  }
  static DEVICE void finish(State s, const Target &t, int64_t at) {
    const double mean = s.sum / t.rows, divisor = t.rows - t.p, m2 = s.square - s.sum * mean;
    double v = (m2 > 0 ? m2 : m2 * 0) / (divisor > 0 ? divisor : 0);
    put<T>(t, at, t.take_root ? sqrt(v) : v);
    if (t.second) static_cast<T *>(t.second)[at] = static_cast<T>(s.shift + mean);
  }
};

// ---- the kernels
// -------------------------------------------------------------------------------------------

// Part blockIdx.y of `splits` equal parts of a line.
struct Part {
  int begin, end;
  DEVICE Part(int dim, int splits) {
    const int size = (dim + splits - 1) / splits;
    begin = blockIdx.y * size, end = begin + size < dim ? begin + size : dim;
  }
};

template <typename Op, typename T, int L>
__global__ void __launch_bounds__(kBlock)
    reduce_rows(typename Op::State *states, const T *x, Lines l, int splits, Target t) {
  int64_t at = 0;
  const int line = l.mine<L>(at);
  if (line < 0) return;
  x += at;
  const Part part(l.dim, splits);
  auto s = Op::zero(t, x);
  for (int i = part.begin + static_cast<int>(threadIdx.x) % L; i < part.end; i += L)
    Op::add(s, x[static_cast<int64_t>(i) * l.inner], i, t, x);
  s = line_join<L>(s, [&](auto a, auto b) { return Op::join(a, b, t); });
  if (threadIdx.x % L) return;
  if (splits > 1)
    states[static_cast<int64_t>(blockIdx.y) * l.lines + line] = s;
  else
    Op::finish(s, t, line);
}

// 32 neighbouring columns, 8 threads to each.
template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock)
    reduce_columns(typename Op::State *states, const T *x, Lines l, int tiles, int splits, Target t) {
  using S = typename Op::State;
  RAP_SHARED(S, shared, kBlock);
  const int outer = blockIdx.x / tiles, column = blockIdx.x % tiles * 32 + static_cast<int>(threadIdx.x) % 32;
  const int row = threadIdx.x / 32;
  const bool inside = column < l.inner;
  const T *from = x + static_cast<int64_t>(outer) * l.dim * l.inner + (inside ? column : 0);
  const Part part(l.dim, splits);
  S s = Op::zero(t, from);
  if (inside)
    for (int i = part.begin + row; i < part.end; i += 8)
      Op::add(s, from[static_cast<int64_t>(i) * l.inner], i, t, from);
  shared[threadIdx.x] = s;
  __syncthreads();
  if (row > 0 || !inside) return;
  for (int r = 1; r < 8; r++) {
    const S other = shared[r * 32 + threadIdx.x];
    s = Op::join(s, other, t);
  }
  const int64_t line = static_cast<int64_t>(outer) * l.inner + column;
  if (splits > 1)
    states[blockIdx.y * static_cast<int64_t>(l.lines) + line] = s;
  else
    Op::finish(s, t, line);
}

template <typename Op>
__global__ void __launch_bounds__(kBlock)
    reduce_join(const typename Op::State *states, int lines, int splits, Target t) {
  GRID_STRIDE(line, lines) {
    auto s = states[line];
    for (int k = 1; k < splits; k++) s = Op::join(s, states[static_cast<int64_t>(k) * lines + line], t);
    Op::finish(s, t, line);
  }
}

template <typename Op, typename T> void run(const void *input, const Lines &l, const Target &t) {
  using S = typename Op::State;
  const T *x = static_cast<const T *>(input);
  const bool columns = l.inner > 1;
  const int tiles = ceil_div(l.inner, 32), outer = l.lines / l.inner;
  const int blocks = columns ? outer * tiles : l.dim <= 1024 ? ceil_div(l.lines, kBlock / 32) : l.lines;
  // Parts of at least 4096 elements for rows, 256 for columns, until every multiprocessor has work.
  const int most = l.dim / (columns ? 256 : 4096), wanted = ceil_div(4 * rap_multiprocessors(), blocks);
  int splits = most < wanted ? most : wanted;
  splits = splits < 1 ? 1 : splits > 256 ? 256 : splits;
  if (splits > 1) splits = ceil_div(l.dim, ceil_div(l.dim, splits)); // no empty part
  const Scratch memory(splits > 1 ? static_cast<size_t>(l.lines) * splits * sizeof(S) : 0);
  S *states = splits > 1 ? memory.as<S>() : nullptr;
  if (splits > 1 && !states) return;
  const dim3 grid(static_cast<unsigned>(blocks), static_cast<unsigned>(splits));
  if (columns)
    RUN((reduce_columns<Op, T>), grid, kBlock, states, x, l, tiles, splits, t);
  else if (l.dim <= 1024)
    RUN((reduce_rows<Op, T, 32>), grid, kBlock, states, x, l, splits, t);
  else
    RUN((reduce_rows<Op, T, kBlock>), grid, kBlock, states, x, l, splits, t);
  if (splits > 1) RUN((reduce_join<Op>), blocks_for(l.lines), kBlock, states, l.lines, splits, t);
}

} // namespace

int32_t rap_reduce(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer,
                   int32_t reduce, int32_t inner, double p) {
  if (dtype > RAP_BOOL) return RAP_UNSUPPORTED;
  if (dtype >= RAP_INT64 && op >= RAP_REDUCE_MEAN && op <= RAP_REDUCE_LOGSUMEXP) return RAP_UNSUPPORTED;
  const Lines l(outer, reduce, inner);
  const Target t{op, 0, dtype >= RAP_INT64, y, indices, p, reduce};
  if (l.lines == 0) return RAP_OK;
  for_number(dtype == RAP_BOOL ? RAP_UINT8 : dtype, [&](auto element) {
    using T = decltype(element);
    switch (op) {
    case RAP_REDUCE_SUM:
    case RAP_REDUCE_NANSUM:
    case RAP_REDUCE_MEAN: run<SumOp<T>, T>(x, l, t); break;
    case RAP_REDUCE_PROD: run<ProductOp<T>, T>(x, l, t); break;
    case RAP_REDUCE_NORM:
      if constexpr (is_float<T>()) run<NormOp<T>, T>(x, l, t);
      break;
    case RAP_REDUCE_LOGSUMEXP:
      if constexpr (is_float<T>()) run<LogSumExpOp<T>, T>(x, l, t);
      break;
    case RAP_REDUCE_MAX:
    case RAP_REDUCE_MIN:
    case RAP_REDUCE_ARGMAX:
    case RAP_REDUCE_ARGMIN: run<ExtremeOp<T>, T>(x, l, t); break;
    default: run<CountOp<T>, T>(x, l, t); break;
    }
  });
  return RAP_OK;
}

int32_t rap_var(int32_t dtype, void *var, void *mean, const void *x, int32_t outer, int32_t reduce,
                int32_t inner, int32_t take_root, double correction) {
  const Lines l(outer, reduce, inner);
  const Target t{0, take_root, 0, var, mean, correction, reduce};
  if (reduce == 0 && dtype <= RAP_FLOAT64) {
    rap_fill(dtype, var, l.lines, NAN);
    if (mean) rap_fill(dtype, mean, l.lines, NAN);
    return RAP_OK;
  }
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (l.lines) run<VarianceOp<T>, T>(x, l, t);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
