// Fractional max pooling: a thread an element of the result.
#include "common.cuh"

#define FRACTIONAL_REAL    float
#define FRACTIONAL_NAME(f) fractional_##f
#include "../fractional_pool.h"
#undef FRACTIONAL_REAL
#define FRACTIONAL_REAL double
#include "../fractional_pool.h"

namespace {

template <typename T>
__global__ void __launch_bounds__(kBlock)
    fractional_max(T *y, int64_t *index, const T *x, const T *samples, rap_fractional f, int n) {
  GRID_STRIDE(i, n) y[i] = fractional_largest(&f, x, samples, i, &index[i]);
}

} // namespace

int32_t rap_fractional_max_pool(int32_t dtype, void *y, void *index, const void *x, const void *samples,
                                const int32_t *meta) {
  const rap_fractional f = rap_fractional_of(meta);
  const int n = f.planes * f.out[0] * f.out[1] * f.out[2];
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (!n) return;
    RUN((fractional_max<T>), blocks_for(n), kBlock, static_cast<T *>(y), static_cast<int64_t *>(index),
        static_cast<const T *>(x), static_cast<const T *>(samples), f, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
