// Sums, means and maxima of bags of rows: a thread an element of the result. Back, what goes to the same row
// is sorted together, and one thread adds it up, in the order of the indices.
#include "sorted_keys.cuh"

namespace {

template <typename T>
__global__ void __launch_bounds__(kBlock)
    bag_rows(int mode, T *y, int *at, const T *w, const int64_t *index, const int64_t *starts,
             const T *factor, int total, Divider width, int64_t padding) {
  GRID_STRIDE(e, total) {
    const uint32_t bag = width.divide(e), k = e - bag * width.divisor;
    T best = T(0);
    int from = -1, count = 0;
    for (int64_t i = starts[bag]; i < starts[bag + 1]; i++) {
      const int64_t row = index[i];
      if (row == padding) continue;
      const T v = w[row * width.divisor + k];
      if (mode != RAP_BAG_MAX)
        best += factor ? factor[i] * v : v;
      else if (count == 0 || v > best) // of NaNs only the first of all, as in PyTorch
        best = v, from = static_cast<int>(row);
      count++;
    }
    y[e] = mode == RAP_BAG_MEAN && count > 1 ? best / static_cast<T>(count) : best;
    if (mode == RAP_BAG_MAX) at[e] = from;
  }
}

// For each index its bag, and what its row's gradient is multiplied by.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    bag_shares(int mode, int *bag, T *share, const int64_t *index, const int64_t *starts, const T *factor,
               int bags, int64_t padding) {
  GRID_STRIDE(b, bags) {
    int count = 0;
    for (int64_t i = starts[b]; i < starts[b + 1]; i++) count += index[i] != padding;
    for (int64_t i = starts[b]; i < starts[b + 1]; i++) {
      const T part = mode == RAP_BAG_MEAN && count > 0 ? T(1) / static_cast<T>(count) : T(1);
      bag[i] = static_cast<int>(b), share[i] = factor ? factor[i] * part : part;
    }
  }
}

// An index that no bag has keeps bag -1.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    bag_spread(T *dw, const T *dy, const int64_t *keys, const int64_t *order, const int *bag, const T *share,
               int count, int total, Divider width, int64_t padding) {
  GRID_STRIDE(e, total) {
    const int at = static_cast<int>(width.divide(e)), k = static_cast<int>(e - at * width.divisor);
    if (keys[at] == padding || (at > 0 && keys[at - 1] == keys[at])) continue;
    T sum = dw[keys[at] * width.divisor + k];
    for (int i = at; i < count && keys[i] == keys[at]; i++) {
      const int64_t from = order[i];
      if (bag[from] >= 0) sum += share[from] * dy[static_cast<int64_t>(bag[from]) * width.divisor + k];
    }
    dw[keys[at] * width.divisor + k] = sum;
  }
}

__global__ void __launch_bounds__(kBlock) no_bags(int *bag, int n) { GRID_STRIDE(i, n) bag[i] = -1; }

template <typename T>
__global__ void __launch_bounds__(kBlock)
    bag_dots(T *dfactor, const T *dy, const T *w, const int64_t *index, const int64_t *starts, int bags,
             int width, int64_t padding) {
  GRID_STRIDE(b, bags) {
    for (int64_t i = starts[b]; i < starts[b + 1]; i++) {
      double sum = 0;
      if (index[i] != padding)
        for (int k = 0; k < width; k++)
          sum += static_cast<double>(dy[static_cast<int64_t>(b) * width + k]) *
                 static_cast<double>(w[index[i] * width + k]);
      dfactor[i] = static_cast<T>(sum);
    }
  }
}

} // namespace

int32_t rap_bag(int32_t dtype, int32_t mode, void *y, void *at, const void *w, const void *index,
                const void *starts, const void *factor, int32_t bags, int32_t width, int32_t padding) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int total = bags * width;
    if (!total) return;
    RUN((bag_rows<T>), blocks_for(total), kBlock, mode, static_cast<T *>(y), static_cast<int *>(at),
        static_cast<const T *>(w), static_cast<const int64_t *>(index), static_cast<const int64_t *>(starts),
        static_cast<const T *>(factor), total, Divider(static_cast<uint32_t>(width)), padding);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_bag_spread(int32_t dtype, int32_t mode, void *dw, const void *dy, const void *index,
                       const void *starts, const void *factor, int32_t n, int32_t bags, int32_t width,
                       int32_t padding) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int total = n * width;
    if (!total || !bags) return;
    const SortedKeys sorted(static_cast<const int64_t *>(index), n);
    const Scratch shares(sizeof(T) * static_cast<size_t>(n)), numbers(sizeof(int) * static_cast<size_t>(n));
    T *share = shares.as<T>();
    int *bag = numbers.as<int>();
    if (!sorted.keys || !share || !bag) return;
    RUN(no_bags, blocks_for(n), kBlock, bag, n);
    RUN((bag_shares<T>), blocks_for(bags), kBlock, mode, bag, share, static_cast<const int64_t *>(index),
        static_cast<const int64_t *>(starts), static_cast<const T *>(factor), bags, padding);
    RUN((bag_spread<T>), blocks_for(total), kBlock, static_cast<T *>(dw), static_cast<const T *>(dy),
        sorted.keys, sorted.order, bag, share, n, total, Divider(static_cast<uint32_t>(width)), padding);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_bag_dot(int32_t dtype, void *dfactor, const void *dy, const void *w, const void *index,
                    const void *starts, int32_t bags, int32_t width, int32_t padding) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (!bags) return;
    RUN((bag_dots<T>), blocks_for(bags), kBlock, static_cast<T *>(dfactor), static_cast<const T *>(dy),
        static_cast<const T *>(w), static_cast<const int64_t *>(index), static_cast<const int64_t *>(starts),
        bags, width, padding);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
