// Rows by index, elements by index along a dimension, and where a mask is true. Repeated indices are handled
// in index order, whatever the card: the destinations are sorted (stably), and one thread applies all that
// goes to one place.
#include "lines.cuh"
#include "sorted_keys.cuh"

namespace {

__global__ void __launch_bounds__(kBlock)
    wrap_index(int64_t *out, const int64_t *index, int n, int64_t size, int *fault) {
  GRID_STRIDE(i, n) {
    const int64_t v = index[i];
    const bool bad = v < -size || v >= size;
    if (bad) atomicMax(fault, RAP_FAULT_INDEX);
    out[i] = bad ? 0 : v < 0 ? v + size : v;
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    take_rows(T *y, const T *x, const int64_t *index, int n, Divider row) {
  GRID_STRIDE(i, n) {
    const uint32_t r = row.divide(i);
    y[i] = x[index[r] * row.divisor + (i - r * row.divisor)];
  }
}

// NaN wins a maximum and a minimum.
template <typename T> DEVICE T combine(int op, T d, T s) {
  switch (op) {
  case RAP_SCATTER_SET: return s;
  case RAP_SCATTER_ADD: return static_cast<T>(d + s);
  case RAP_SCATTER_MUL: return static_cast<T>(d * s);
  case RAP_SCATTER_MAX: return s > d || s != s ? s : d;
  default: return s < d || s != s ? s : d;
  }
}

// The runs of equal sorted keys: the thread of a run's first entry goes through it.
template <typename T>
__global__ void __launch_bounds__(kBlock) put_rows(int op, T *y, const int64_t *keys, const int64_t *order,
                                                   const T *v, int count, int n, Divider row, int v_stride) {
  GRID_STRIDE(i, n) {
    const int at = row.divide(i), k = static_cast<int>(i) - at * static_cast<int>(row.divisor);
    if (at > 0 && keys[at - 1] == keys[at]) continue;
    T *to = y + keys[at] * row.divisor + k;
    T d = op == RAP_SCATTER_SET ? T(0) : *to;
    for (int e = at; e < count && keys[e] == keys[at]; e++) d = combine(op, d, v[order[e] * v_stride + k]);
    *to = d;
  }
}

// Where element i of an index tensor lies: in the indexed tensor without the indexed dimension, and in the
// values.
struct Walk {
  Strided<2> at;
  int64_t stride; // of the indexed dimension
  static Walk of(const int32_t *meta) {
    const int n = meta[0], dim = meta[1];
    int32_t layout[1 + 3 * RAP_MAX_DIMS] = {n};
    for (int i = 0; i < 3 * n; i++) layout[1 + i] = meta[2 + i];
    layout[1 + n + dim] = 0;
    return {Strided<2>(layout), n ? meta[2 + n + dim] : 0};
  }
};

template <typename T>
__global__ void __launch_bounds__(kBlock) gather(T *y, const T *x, const int64_t *index, int n, Walk walk) {
  GRID_STRIDE(i, n) {
    int64_t at[2];
    walk.at.offsets(i, at);
    y[i] = x[at[0] + index[i] * walk.stride];
  }
}

__global__ void __launch_bounds__(kBlock)
    scatter_keys(int64_t *keys, const int64_t *index, int n, Walk walk) {
  GRID_STRIDE(i, n) {
    int64_t at[2];
    walk.at.offsets(i, at);
    keys[i] = at[0] + index[i] * walk.stride;
  }
}
template <typename T>
__global__ void __launch_bounds__(kBlock)
    scatter(int op, T *y, const int64_t *keys, const int64_t *order, const T *v, int n, Walk walk) {
  GRID_STRIDE(i, n) {
    if (i > 0 && keys[i - 1] == keys[i]) continue;
    T d = op == RAP_SCATTER_SET ? T(0) : y[keys[i]];
    for (int e = i; e < n && keys[e] == keys[i]; e++) {
      int64_t at[2];
      walk.at.offsets(static_cast<uint32_t>(order[e]), at);
      d = combine(op, d, v[at[1]]);
    }
    y[keys[i]] = d;
  }
}

// ---- nonzero: counts of parts, their running sum, then every part writes its positions
// ------------------------

constexpr int kPart = 4096;

__global__ void __launch_bounds__(kBlock) nonzero_counts(int *counts, const uint8_t *mask, int n) {
  const int begin = blockIdx.x * kPart, end = begin + kPart < n ? begin + kPart : n;
  int count = 0;
  for (int i = begin + static_cast<int>(threadIdx.x); i < end; i += kBlock) count += mask[i] != 0;
  count = line_join<kBlock>(count, Plus{});
  if (threadIdx.x == 0) counts[blockIdx.x] = count;
}
__global__ void __launch_bounds__(kBlock)
    nonzero_write(int64_t *out, const int *ends, const uint8_t *mask, int n) {
  RAP_SHARED(int, warps, kBlock / 32);
  const int begin = blockIdx.x * kPart, lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  int at = blockIdx.x ? ends[blockIdx.x - 1] : 0;
  for (int base = begin; base < begin + kPart && base < n; base += kBlock) {
    const int i = base + static_cast<int>(threadIdx.x);
    const bool set = i < n && mask[i] != 0;
    const unsigned votes = __ballot_sync(kFullWarp, set);
    if (lane == 0) warps[warp] = __popc(votes);
    __syncthreads();
    int before = 0, total = 0;
    for (int w = 0; w < kBlock / 32; w++) {
      const int count = warps[w];
      if (w < warp) before += count;
      total += count;
    }
    if (set) out[at + before + __popc(votes & ((1u << lane) - 1))] = i;
    at += total;
    __syncthreads();
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock) searchsorted(int64_t *out, const T *sorted, const T *values, int n,
                                                       int total, Divider per_row, int right) {
  GRID_STRIDE(i, total) {
    const T *s = sorted + static_cast<int64_t>(per_row.divide(i)) * n;
    const T v = values[i];
    int low = 0, high = n;
    while (low < high) {
      const int middle = low + (high - low) / 2;
      if (right ? !(s[middle] > v) : !(s[middle] >= v))
        low = middle + 1;
      else
        high = middle;
    }
    out[i] = low;
  }
}

__global__ void __launch_bounds__(kBlock) bincount(unsigned long long *out, const int64_t *index, int n) {
  GRID_STRIDE(i, n) atomicAdd(&out[index[i]], 1ull);
}

// The element type of a dtype for operations that only set: any of its size.
template <typename F> bool for_stored(int32_t op, int32_t dtype, F f) {
  if (dtype == RAP_FLOAT16 || dtype == RAP_BFLOAT16) {
    if (op != RAP_SCATTER_SET) return false;
    f(uint16_t{});
    return true;
  }
  return for_number(dtype == RAP_BOOL ? RAP_UINT8 : dtype, f);
}

} // namespace

int32_t rap_wrap_index(void *out, const void *index, int32_t n, int32_t size) {
  if (n)
    RUN(wrap_index, blocks_for(n), kBlock, static_cast<int64_t *>(out), static_cast<const int64_t *>(index),
        n, size, rap_fault_flag());
  return -1; // a wrong index shows at the next synchronisation
}

void rap_take_rows(int32_t size, void *y, const void *x, const void *index, int32_t n, int32_t row) {
  const int total = n * row;
  if (!total) return;
  for_size(size, [&](auto element) {
    using T = decltype(element);
    RUN((take_rows<T>), blocks_for(total), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
        static_cast<const int64_t *>(index), total, Divider(static_cast<uint32_t>(row)));
  });
}

int32_t rap_put_rows(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                     int32_t row, int32_t v_stride) {
  const bool known = for_stored(op, dtype, [&](auto element) {
    using T = decltype(element);
    const int total = n * row;
    if (!total) return;
    const SortedKeys sorted(static_cast<const int64_t *>(index), n);
    if (!sorted.keys) return;
    RUN((put_rows<T>), blocks_for(total), kBlock, op, static_cast<T *>(y), sorted.keys, sorted.order,
        static_cast<const T *>(v), n, total, Divider(static_cast<uint32_t>(row)), v_stride);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

void rap_gather(int32_t size, void *y, const void *x, const void *index, int32_t n, const int32_t *meta) {
  if (!n) return;
  const Walk walk = Walk::of(meta);
  for_size(size, [&](auto element) {
    using T = decltype(element);
    RUN((gather<T>), blocks_for(n), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
        static_cast<const int64_t *>(index), n, walk);
  });
}

int32_t rap_scatter(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                    const int32_t *meta) {
  const bool known = for_stored(op, dtype, [&](auto element) {
    using T = decltype(element);
    if (!n) return;
    const Walk walk = Walk::of(meta);
    const Scratch unsorted(sizeof(int64_t) * static_cast<size_t>(n));
    int64_t *keys = unsorted.as<int64_t>();
    if (!keys) return;
    RUN(scatter_keys, blocks_for(n), kBlock, keys, static_cast<const int64_t *>(index), n, walk);
    const SortedKeys sorted(keys, n);
    if (!sorted.keys) return;
    RUN((scatter<T>), blocks_for(n), kBlock, op, static_cast<T *>(y), sorted.keys, sorted.order,
        static_cast<const T *>(v), n, walk);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

void rap_nonzero(void *out, const void *mask, int32_t n) {
  if (!n) return;
  const int parts = ceil_div(n, kPart);
  const Scratch memory(2 * sizeof(int) * static_cast<size_t>(parts));
  int *counts = memory.as<int>(), *ends = counts + parts;
  if (!counts) return;
  RUN(nonzero_counts, parts, kBlock, counts, static_cast<const uint8_t *>(mask), n);
  rap_scan(RAP_SCAN_CUMSUM, RAP_INT32, ends, nullptr, counts, 1, parts, 1);
  RUN(nonzero_write, parts, kBlock, static_cast<int64_t *>(out), ends, static_cast<const uint8_t *>(mask), n);
}

int32_t rap_searchsorted(int32_t dtype, void *out, const void *sorted, const void *values, int32_t rows,
                         int32_t n, int32_t m, int32_t right) {
  const bool known = for_number(dtype, [&](auto element) {
    using T = decltype(element);
    const int total = (rows < 0 ? 1 : rows) * m;
    if (total)
      RUN((searchsorted<T>), blocks_for(total), kBlock, static_cast<int64_t *>(out),
          static_cast<const T *>(sorted), static_cast<const T *>(values), n, total,
          Divider(static_cast<uint32_t>(m)), right);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_bincount(int32_t dtype, void *out, const void *index, const void *weights, int32_t n) {
  if (weights)
    return dtype <= RAP_FLOAT64 ? rap_put_rows(RAP_SCATTER_ADD, dtype, out, index, weights, n, 1, 1)
                                : RAP_UNSUPPORTED;
  if (n)
    RUN(bincount, blocks_for(n), kBlock, static_cast<unsigned long long *>(out),
        static_cast<const int64_t *>(index), n);
  return RAP_OK;
}
