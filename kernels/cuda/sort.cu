// Sorting of rows with the indices that sort them, always stable, and selecting from the sorted rows, of
// equal elements the first: PyTorch's own CUDA kernels promise none, and to follow its choice on the CPU
// would leave one thread alone with each row. Blocks sort tiles in shared memory (bitonic, ties by index, so
// the order is total); passes then merge neighbouring runs, each element finding its place by a binary
// search.
#include "common.cuh"

namespace {

constexpr int kTile = 512; // two elements a thread

template <typename T> DEVICE bool less(T a, T b) { return b != b ? a == a : a < b; } // NaN is the largest
// Whether (a, i) comes before (b, j).
template <typename T> DEVICE bool before(T a, int i, T b, int j, int descending) {
  if (descending ? less(b, a) : less(a, b)) return true;
  if (descending ? less(a, b) : less(b, a)) return false;
  return i < j;
}

// grid: tiles of a row (x), rows (y)
template <typename T>
__global__ void __launch_bounds__(kBlock)
    sort_tiles(T *values, int *order, const T *x, int rows, int n, int padded, int descending) {
  RAP_SHARED(T, v, kTile);
  RAP_SHARED(int, at, kTile); // the index within the row; n and above: padding, behind everything
  const int first = blockIdx.x * kTile;
  for (int row = blockIdx.y; row < rows; row += gridDim.y) {
    const T *from = x + static_cast<int64_t>(row) * n;
    for (int i = threadIdx.x; i < padded; i += kBlock) {
      v[i] = first + i < n ? from[first + i] : T(0);
      at[i] = first + i;
    }
    __syncthreads();
    for (int size = 2; size <= padded; size *= 2)
      for (int step = size / 2; step > 0; step /= 2) {
        for (int pair = threadIdx.x; pair < padded / 2; pair += kBlock) {
          const int i = pair / step * step * 2 + pair % step, j = i + step;
          const T a = v[i], b = v[j];
          const int ia = at[i], ib = at[j];
          const bool ordered = ib >= n ? ia < n || ia < ib : ia < n && before(a, ia, b, ib, descending);
          if (ordered != ((i & size) == 0)) v[i] = b, v[j] = a, at[i] = ib, at[j] = ia;
        }
        __syncthreads();
      }
    for (int i = threadIdx.x; i < padded && first + i < n; i += kBlock) {
      values[static_cast<int64_t>(row) * n + first + i] = v[i];
      order[static_cast<int64_t>(row) * n + first + i] = at[i];
    }
    __syncthreads();
  }
}

// Merges runs of `width`: an element's place is its own rank plus how many of the other run come before it.
template <typename T>
__global__ void __launch_bounds__(kBlock) sort_merge(T *to, int *to_order, const T *from, const int *order,
                                                     int total, Divider n, int width, int descending) {
  GRID_STRIDE(i, total) {
    const int row = n.divide(i), length = n.divisor, mine = static_cast<int>(i) - row * length;
    const T *run = from + static_cast<int64_t>(row) * length;
    const int *run_order = order + static_cast<int64_t>(row) * length;
    const int begin = mine / (2 * width) * 2 * width,
              middle = begin + width < length ? begin + width : length;
    const int end = middle + width < length ? middle + width : length;
    int low = mine < middle ? middle : begin, high = mine < middle ? end : middle;
    const int other = low;
    const T v = run[mine];
    const int at = run_order[mine];
    while (low < high) {
      const int half = (low + high) / 2;
      if (before(run[half], run_order[half], v, at, descending))
        low = half + 1;
      else
        high = half;
    }
    const int64_t place = static_cast<int64_t>(row) * length + begin +
                          (mine - (mine < middle ? begin : middle)) + (low - other);
    to[place] = v, to_order[place] = at;
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    sort_take(T *values, int64_t *indices, const T *from, const int *order, int total, Divider k, int n,
              int first) {
  GRID_STRIDE(i, total) {
    const uint32_t row = k.divide(i);
    const int64_t at = static_cast<int64_t>(row) * n + first + (i - row * k.divisor);
    values[i] = from[at], indices[i] = order[at];
  }
}

// NaNs are the last of a sorted row; the first of them is the median, unless they do not count.
template <typename T>
__global__ void __launch_bounds__(kBlock) sort_median(T *values, int64_t *indices, const T *from,
                                                      const int *order, int rows, int n, int ignore_nan) {
  GRID_STRIDE(row, rows) {
    const int64_t begin = static_cast<int64_t>(row) * n;
    int numbers = 0;
    for (int high = n; numbers < high;) {
      const int half = (numbers + high) / 2;
      if (from[begin + half] == from[begin + half])
        numbers = half + 1;
      else
        high = half;
    }
    const int at = numbers < n && (!ignore_nan || numbers == 0) ? numbers : (numbers - 1) / 2;
    values[row] = from[begin + at], indices[row] = order[begin + at];
  }
}

// The last of the longest run of equals of a sorted row; a NaN equals nothing.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    sort_mode(T *values, int64_t *indices, const T *from, const int *order, int rows, int n) {
  GRID_STRIDE(row, rows) {
    const int64_t begin = static_cast<int64_t>(row) * n;
    int best = 0, longest = 0, run = 0;
    for (int i = 0; i < n; i++) {
      run++;
      if (i < n - 1 && from[begin + i] == from[begin + i + 1]) continue;
      if (run > longest) longest = run, best = i;
      run = 0;
    }
    values[row] = from[begin + best], indices[row] = order[begin + best];
  }
}

// Sorts the rows of x and hands them on with their order.
template <typename Use>
int32_t sort_rows(int32_t dtype, const void *x, int32_t outer, int32_t n, int32_t descending, Use use) {
  const bool known = for_number(dtype == RAP_BOOL ? RAP_UINT8 : dtype, [&](auto element) {
    using T = decltype(element);
    const int total = outer * n;
    if (total == 0) return;
    const Scratch memory(2 * static_cast<size_t>(total) * (sizeof(T) + sizeof(int)) + 4);
    T *value[2] = {memory.as<T>(), memory.as<T>() + total};
    int *order[2] = {reinterpret_cast<int *>(value[1] + total), nullptr};
    if (sizeof(T) < sizeof(int))
      order[0] = reinterpret_cast<int *>((reinterpret_cast<uintptr_t>(value[1] + total) + 3) & ~uintptr_t{3});
    order[1] = order[0] + total;
    if (!value[0]) return;
    int padded = 2;
    while (padded < n && padded < kTile) padded *= 2;
    RUN((sort_tiles<T>),
        dim3(static_cast<unsigned>(ceil_div(n, kTile)), static_cast<unsigned>(outer < 65535 ? outer : 65535)),
        kBlock, value[0], order[0], static_cast<const T *>(x), outer, n, padded, descending);
    int now = 0;
    for (int64_t width = kTile; width < n; width *= 2, now ^= 1)
      RUN((sort_merge<T>), blocks_for(total), kBlock, value[now ^ 1], order[now ^ 1], value[now], order[now],
          total, Divider(static_cast<uint32_t>(n)), static_cast<int>(width), descending);
    use(static_cast<const T *>(value[now]), order[now]);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

// The elements first … first + k of each sorted row.
int32_t take(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
             int32_t first, int32_t k, int32_t descending) {
  if (k == 0) return RAP_OK;
  return sort_rows(dtype, x, outer, n, descending, [&](auto *from, const int *order) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(from)>>;
    RUN((sort_take<T>), blocks_for(outer * k), kBlock, static_cast<T *>(values),
        static_cast<int64_t *>(indices), from, order, outer * k, Divider(static_cast<uint32_t>(k)), n, first);
  });
}

} // namespace

int32_t rap_sort(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                 int32_t k, int32_t descending, int32_t) {
  return take(dtype, values, indices, x, outer, n, 0, k, descending);
}

int32_t rap_topk(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                 int32_t k, int32_t largest, int32_t) {
  return take(dtype, values, indices, x, outer, n, 0, k, largest);
}

int32_t rap_kth(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                int32_t k) {
  return take(dtype, values, indices, x, outer, n, k, 1, 0);
}

int32_t rap_median(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                   int32_t ignore_nan) {
  return sort_rows(dtype, x, outer, n, 0, [&](auto *from, const int *order) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(from)>>;
    RUN((sort_median<T>), blocks_for(outer), kBlock, static_cast<T *>(values),
        static_cast<int64_t *>(indices), from, order, outer, n, ignore_nan);
  });
}

int32_t rap_mode(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n) {
  return sort_rows(dtype, x, outer, n, 0, [&](auto *from, const int *order) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(from)>>;
    RUN((sort_mode<T>), blocks_for(outer), kBlock, static_cast<T *>(values), static_cast<int64_t *>(indices),
        from, order, outer, n);
  });
}
