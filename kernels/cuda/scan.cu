// Running sums, products and extremes along the middle dimension of [outer, dim, inner]: a thread to a line
// where there are many, else a block to a line, which scans 256 elements at a time and carries the state on.
// A few long lines are cut into parts, each scanned by a block; a second and a third kernel put what comes
// before in front of every part.
#include "lines.cuh"
#include "math.cuh"

namespace {

// Floats accumulate in double, as PyTorch does on the CPU; integers wrap.
template <typename T> using Sum = std::conditional_t<is_float<T>(), double, uint64_t>;

template <typename T> struct CumSum {
  using State = Sum<T>;
  static DEVICE State enter(T x, int) { return static_cast<State>(x); }
  static DEVICE State join(State a, State b) { return a + b; }
  static DEVICE T value(State s) { return static_cast<T>(s); }
  static DEVICE int64_t index(State) { return 0; }
};
template <typename T> struct CumProd : CumSum<T> {
  using State = Sum<T>;
  static DEVICE State join(State a, State b) { return a * b; }
};
template <typename T> struct LogCumSumExp {
  using State = double;
  static DEVICE State enter(T x, int) { return static_cast<double>(x); }
  static DEVICE State join(State a, State b) {
    if (a != a || b != b) return a + b;
    const double high = a > b ? a : b, low = a > b ? b : a;
    return isinf(high) ? high : high + log1p(exp(low - high));
  }
  static DEVICE T value(State s) { return static_cast<T>(s); }
  static DEVICE int64_t index(State) { return 0; }
};
// The last of equals; NaN wins.
template <typename T, bool Least> struct CumExtreme {
  struct State {
    T v;
    int index;
  };
  static DEVICE State enter(T x, int i) { return {x, i}; }
  static DEVICE State join(State a, State b) {
    const bool take_b = b.v != b.v || (a.v == a.v && (Least ? b.v <= a.v : b.v >= a.v));
    return take_b ? b : a;
  }
  static DEVICE T value(State s) { return s.v; }
  static DEVICE int64_t index(State s) { return s.index; }
};

template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock) scan_threads(T *y, int64_t *indices, const T *x, Lines l) {
  int64_t at = 0;
  if (l.mine<1>(at) < 0) return;
  auto s = Op::enter(x[at], 0);
  for (int i = 0; i < l.dim; i++, at += l.inner) {
    if (i > 0) s = Op::join(s, Op::enter(x[at], i));
    y[at] = Op::value(s);
    if (indices) indices[at] = Op::index(s);
  }
}

// grid: lines (x), parts of `length` elements (y), whose last states go into totals [lines, parts] unless it
// is null.
template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock)
    scan_block(T *y, int64_t *indices, const T *x, typename Op::State *totals, int length, Lines l) {
  using S = typename Op::State;
  RAP_SHARED(S, buffer, 2 * kBlock);
  RAP_SHARED(S, carry, 1);
  int64_t at = 0;
  l.mine<kBlock>(at);
  const int t = threadIdx.x;
  const int first = blockIdx.y * length, end = first + length < l.dim ? first + length : l.dim;
  for (int begin = first; begin < end; begin += kBlock) {
    const int i = begin + t;
    const int64_t mine = at + static_cast<int64_t>(i) * l.inner;
    const bool inside = i < end;
    S s = Op::enter(inside ? x[mine] : x[at], i);
    if (begin > first && t == 0) {
      const S before = carry[0];
      s = Op::join(before, s);
    }
    // Hillis and Steele, from one half of the buffer into the other.
    int from = 0;
    buffer[t] = s;
    __syncthreads();
#pragma unroll
    for (int step = 1; step < kBlock; step *= 2) {
      if (t >= step) {
        const S before = buffer[from + t - step];
        s = Op::join(before, s);
      }
      from = kBlock - from;
      buffer[from + t] = s;
      __syncthreads();
    }
    if (inside) {
      y[mine] = Op::value(s);
      if (indices) indices[mine] = Op::index(s);
      if (totals && i == end - 1) totals[static_cast<int64_t>(blockIdx.x) * gridDim.y + blockIdx.y] = s;
    }
    if (t == kBlock - 1) carry[0] = s;
    __syncthreads();
  }
}

// totals[line, part] becomes the state of everything up to and with the part.
template <typename Op>
__global__ void __launch_bounds__(kBlock) scan_totals(typename Op::State *totals, int lines, int parts) {
  GRID_STRIDE(line, lines) {
    typename Op::State *t = totals + static_cast<int64_t>(line) * parts;
    for (int p = 1; p < parts; p++) t[p] = Op::join(t[p - 1], t[p]);
  }
}

// grid: lines (x), the parts after the first (y)
template <typename Op, typename T>
__global__ void __launch_bounds__(kBlock)
    scan_continue(T *y, int64_t *indices, const typename Op::State *totals, int length, Lines l) {
  int64_t at = 0;
  l.mine<kBlock>(at);
  const int part = blockIdx.y + 1, first = part * length,
            end = first + length < l.dim ? first + length : l.dim;
  const auto before = totals[static_cast<int64_t>(blockIdx.x) * (gridDim.y + 1) + part - 1];
  for (int i = first + static_cast<int>(threadIdx.x); i < end; i += kBlock) {
    const int64_t mine = at + static_cast<int64_t>(i) * l.inner;
    const auto s = Op::join(before, Op::enter(y[mine], indices ? static_cast<int>(indices[mine]) : 0));
    y[mine] = Op::value(s);
    if (indices) indices[mine] = Op::index(s);
  }
}

template <typename Op, typename T> void run(void *y, void *indices, const void *x, const Lines &l) {
  T *to = static_cast<T *>(y);
  int64_t *at = static_cast<int64_t *>(indices);
  const T *from = static_cast<const T *>(x);
  using S = typename Op::State;
  if (l.dim <= 64 || l.lines >= 2048) {
    RUN((scan_threads<Op, T>), ceil_div(l.lines, kBlock), kBlock, to, at, from, l);
    return;
  }
  int length = l.dim;
  if (l.lines < 2 * rap_multiprocessors() && l.dim >= 8192)
    length = ceil_div(ceil_div(l.dim, 256), 4096) * 4096; // at most 256 parts
  const int parts = ceil_div(l.dim, length);
  const Scratch memory(parts > 1 ? static_cast<size_t>(l.lines) * parts * sizeof(S) : 0);
  S *totals = parts > 1 ? memory.as<S>() : nullptr;
  if (parts > 1 && !totals) return;
  RUN((scan_block<Op, T>), dim3(static_cast<unsigned>(l.lines), static_cast<unsigned>(parts)), kBlock, to, at,
      from, totals, length, l);
  if (parts == 1) return;
  RUN((scan_totals<Op>), blocks_for(l.lines), kBlock, totals, l.lines, parts);
  RUN((scan_continue<Op, T>), dim3(static_cast<unsigned>(l.lines), static_cast<unsigned>(parts - 1)), kBlock,
      to, at, totals, length, l);
}

} // namespace

int32_t rap_scan(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer, int32_t dim,
                 int32_t inner) {
  if (dtype > RAP_BOOL || (op == RAP_SCAN_LOGCUMSUMEXP && dtype > RAP_FLOAT64)) return RAP_UNSUPPORTED;
  const Lines l(outer, dim, inner);
  if (l.lines == 0 || dim == 0) return RAP_OK;
  for_number(dtype == RAP_BOOL ? RAP_UINT8 : dtype, [&](auto element) {
    using T = decltype(element);
    switch (op) {
    case RAP_SCAN_CUMSUM: run<CumSum<T>, T>(y, nullptr, x, l); break;
    case RAP_SCAN_CUMPROD: run<CumProd<T>, T>(y, nullptr, x, l); break;
    case RAP_SCAN_CUMMAX: run<CumExtreme<T, false>, T>(y, indices, x, l); break;
    case RAP_SCAN_CUMMIN: run<CumExtreme<T, true>, T>(y, indices, x, l); break;
    case RAP_SCAN_LOGCUMSUMEXP:
      if constexpr (is_float<T>()) run<LogCumSumExp<T>, T>(y, nullptr, x, l);
      break;
    }
  });
  return RAP_OK;
}
