// Images sampled at the points of a grid, and lines resampled with tables of taps. Gradients of images are
// gathered by one thread for all that adds to them, so that they repeat from run to run.
#include "common.cuh"
#include "math.cuh"

#define TAPS_REAL    float
#define TAPS_NAME(f) f
#include "../grid_sample.h"
#define TAPS_REAL    double
#define TAPS_NAME(f) f
#include "../grid_sample.h"

namespace {

struct Sample {
  rap_grid g;
  int batch, channels, points, plane;

  // meta: batch, channels, dims, the image's D, H, W and the grid's (D is 1 where dims is 2).
  Sample(int32_t mode, int32_t padding, int32_t align, const int32_t *meta)
      : g{meta[2], {meta[5], meta[4], meta[3]}, mode, padding, align}, batch(meta[0]), channels(meta[1]),
        points(meta[6] * meta[7] * meta[8]), plane(meta[3] * meta[4] * meta[5]) {}
};

// A thread an element of y.
template <typename T>
__global__ void __launch_bounds__(kBlock) sample(T *y, const T *x, const T *grid, Sample s) {
  int64_t at[RAP_MAX_TAPS];
  T w[RAP_MAX_TAPS], dw[3 * RAP_MAX_TAPS];
  GRID_STRIDE(i, s.batch * s.channels * s.points) {
    const int plane = i / s.points, point = i % s.points, n = plane / s.channels;
    const int count = taps(&s.g, grid + (static_cast<int64_t>(n) * s.points + point) * s.g.dims, at, w, dw);
    const T *from = x + static_cast<int64_t>(plane) * s.plane;
    T sum = 0;
    for (int k = 0; k < count; k++)
      if (at[k] >= 0) sum += w[k] * from[at[k]];
    y[i] = sum;
  }
}

// A thread a plane of dx.
template <typename T>
__global__ void __launch_bounds__(kBlock) sample_image(T *dx, const T *dy, const T *grid, Sample s) {
  int64_t at[RAP_MAX_TAPS];
  T w[RAP_MAX_TAPS], dw[3 * RAP_MAX_TAPS];
  GRID_STRIDE(plane, s.batch * s.channels) {
    const int n = plane / s.channels;
    T *to = dx + static_cast<int64_t>(plane) * s.plane;
    for (int i = 0; i < s.plane; i++) to[i] = 0;
    for (int point = 0; point < s.points; point++) {
      const int count = taps(&s.g, grid + (static_cast<int64_t>(n) * s.points + point) * s.g.dims, at, w, dw);
      const T g = dy[static_cast<int64_t>(plane) * s.points + point];
      for (int k = 0; k < count; k++)
        if (at[k] >= 0) to[at[k]] += w[k] * g;
    }
  }
}

// A thread a point of the grid.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    sample_grid(T *dgrid, const T *dy, const T *x, const T *grid, Sample s) {
  int64_t at[RAP_MAX_TAPS];
  T w[RAP_MAX_TAPS], dw[3 * RAP_MAX_TAPS];
  GRID_STRIDE(i, s.batch * s.points) {
    const int n = i / s.points, point = i % s.points;
    const int count = taps(&s.g, grid + static_cast<int64_t>(i) * s.g.dims, at, w, dw);
    T slope[3] = {0, 0, 0};
    for (int c = 0; c < s.channels; c++) {
      const int64_t plane = static_cast<int64_t>(n) * s.channels + c;
      const T g = dy[plane * s.points + point];
      for (int k = 0; k < count; k++) {
        if (at[k] < 0) continue;
        for (int d = 0; d < s.g.dims; d++) slope[d] += dw[3 * k + d] * x[plane * s.plane + at[k]] * g;
      }
    }
    for (int d = 0; d < s.g.dims; d++) dgrid[static_cast<int64_t>(i) * s.g.dims + d] = slope[d];
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    resample(T *y, const T *x, const int32_t *positions, const double *weights, int total, int in,
             Divider inner, Divider out, int taps) {
  GRID_STRIDE(i, total) {
    const uint32_t line = inner.divide(i), q = i - line * inner.divisor, o = out.divide(line),
                   row = (line - o * out.divisor) * taps;
    const T *from = x + static_cast<int64_t>(o) * in * inner.divisor + q;
    T sum = 0;
    for (int k = 0; k < taps; k++) {
      const int place = positions[row + k];
      if (place < 0) break;
      sum += static_cast<T>(weights[row + k]) * from[static_cast<int64_t>(place) * inner.divisor];
    }
    y[i] = sum;
  }
}

// A thread a line of dx.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    resample_backward(T *dx, const T *dy, const int32_t *positions, const double *weights, int lines, int in,
                      Divider inner, int out, int taps) {
  GRID_STRIDE(i, lines) {
    const uint32_t o = inner.divide(i), q = i - o * inner.divisor;
    T *to = dx + static_cast<int64_t>(o) * in * inner.divisor + q;
    const T *from = dy + static_cast<int64_t>(o) * out * inner.divisor + q;
    for (int k = 0; k < in; k++) to[static_cast<int64_t>(k) * inner.divisor] = 0;
    for (int row = 0; row < out; row++)
      for (int k = 0; k < taps; k++) {
        const int place = positions[row * taps + k];
        if (place < 0) break;
        to[static_cast<int64_t>(place) * inner.divisor] +=
            static_cast<T>(weights[row * taps + k]) * from[static_cast<int64_t>(row) * inner.divisor];
      }
  }
}

} // namespace

int32_t rap_grid_sample(int32_t dtype, void *y, const void *x, const void *grid, int32_t mode,
                        int32_t padding, int32_t align, const int32_t *meta) {
  const Sample s(mode, padding, align, meta);
  const int n = s.batch * s.channels * s.points;
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (n)
      RUN(sample<T>, blocks_for(n), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
          static_cast<const T *>(grid), s);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_grid_sample_backward(int32_t dtype, void *dx, void *dgrid, const void *dy, const void *x,
                                 const void *grid, int32_t mode, int32_t padding, int32_t align,
                                 const int32_t *meta) {
  const Sample s(mode, padding, align, meta);
  const int planes = s.batch * s.channels, points = s.batch * s.points;
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    const T *dys = static_cast<const T *>(dy), *xs = static_cast<const T *>(x),
            *grids = static_cast<const T *>(grid);
    if (dx && planes) RUN(sample_image<T>, blocks_for(planes), kBlock, static_cast<T *>(dx), dys, grids, s);
    if (dgrid && points)
      RUN(sample_grid<T>, blocks_for(points), kBlock, static_cast<T *>(dgrid), dys, xs, grids, s);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_resample(int32_t dtype, void *y, const void *x, const void *positions, const void *weights,
                     int32_t outer, int32_t in, int32_t inner, int32_t out, int32_t taps) {
  const int n = outer * out * inner;
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (n)
      RUN(resample<T>, blocks_for(n), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
          static_cast<const int32_t *>(positions), static_cast<const double *>(weights), n, in,
          Divider(inner), Divider(out), taps);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_resample_backward(int32_t dtype, void *dx, const void *dy, const void *positions,
                              const void *weights, int32_t outer, int32_t in, int32_t inner, int32_t out,
                              int32_t taps) {
  const int lines = outer * inner;
  const bool found = for_float(dtype, [&](auto zero) {
    using T = decltype(zero);
    if (lines)
      RUN(resample_backward<T>, blocks_for(lines), kBlock, static_cast<T *>(dx), static_cast<const T *>(dy),
          static_cast<const int32_t *>(positions), static_cast<const double *>(weights), lines, in,
          Divider(inner), out, taps);
  });
  return found ? RAP_OK : RAP_UNSUPPORTED;
}
