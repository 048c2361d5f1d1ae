// Convolution and its two adjoints as products of matrices that are never stored (implicit GEMM): the loaders
// gather image elements straight into the tiles of gemm.cuh. Depthwise and narrow groups have direct kernels;
// 1 × 1 is matmul.
#include "cublas.cuh"
#include "tensor.cuh"

namespace {

struct Shape {
  int batch, channels, outputs, groups;
  int in[3], kernel[3], out[3], stride[3], padding[3], dilation[3];
  int group_channels, group_outputs, in_size, out_size, kernel_size;

  explicit Shape(const int32_t *m) : batch(m[0]), channels(m[1]), outputs(m[2]), groups(m[3]) {
    for (int i = 0; i < 3; i++) {
      in[i] = m[4 + i], kernel[i] = m[7 + i], out[i] = m[10 + i];
      stride[i] = m[13 + i], padding[i] = m[16 + i], dilation[i] = m[19 + i];
    }
    group_channels = channels / groups, group_outputs = outputs / groups;
    in_size = in[0] * in[1] * in[2], out_size = out[0] * out[1] * out[2],
    kernel_size = kernel[0] * kernel[1] * kernel[2];
  }
  bool pointwise() const {
    bool one = groups == 1 && kernel_size == 1;
    for (int i = 0; i < 3; i++) one = one && stride[i] == 1 && padding[i] == 0 && in[i] == out[i];
    return one;
  }
};

// ---- gathering
// ---------------------------------------------------------------------------------------------

// A flat index as [outer, d, h, w].
struct Split {
  Divider volume, plane, width;
  Split() = default;
  explicit Split(const int *size)
      : volume(static_cast<uint32_t>(size[0] * size[1] * size[2])),
        plane(static_cast<uint32_t>(size[1] * size[2])), width(static_cast<uint32_t>(size[2])) {}
  DEVICE void operator()(uint32_t i, int &outer, int &d, int &h, int &w) const {
    outer = volume.divide(i), i -= outer * volume.divisor;
    d = plane.divide(i), i -= d * plane.divisor;
    h = width.divide(i), w = i - h * width.divisor;
  }
};

// One side of a gather: where it begins, and its part of the coordinates. An element needs a spot and a tap.
struct Place {
  int64_t base;
  int d, h, w;
};

// How output positions (spots) and filter taps meet in a source image [batch, planes, D, H, W].
struct Gather {
  Split spots, taps;
  Divider stride_d, stride_h, stride_w;
  int D, H, W, batch_stride, plane_stride; // of the source; the batch stride in planes
  int scale[3], offset[3], step[3];

  // Coordinate = spot * scale + offset + tap * step; Transposed divides it by the stride.
  DEVICE Place spot(uint32_t i) const {
    int n, d, h, w;
    spots(i, n, d, h, w);
    return {static_cast<int64_t>(n) * batch_stride * plane_stride, d * scale[0] + offset[0],
            h * scale[1] + offset[1], w * scale[2] + offset[2]};
  }
  DEVICE Place tap(uint32_t i) const {
    int plane, d, h, w;
    taps(i, plane, d, h, w);
    return {static_cast<int64_t>(plane) * plane_stride, d * step[0], h * step[1], w * step[2]};
  }
  template <bool Transposed, typename T> DEVICE T read(const T *p, const Place &a, const Place &b) const {
    int d = a.d + b.d, h = a.h + b.h, w = a.w + b.w;
    if (Transposed) {
      if ((d | h | w) < 0) return T(0);
      const int qd = stride_d.divide(d), qh = stride_h.divide(h), qw = stride_w.divide(w);
      if (qd * static_cast<int>(stride_d.divisor) != d || qh * static_cast<int>(stride_h.divisor) != h ||
          qw * static_cast<int>(stride_w.divisor) != w)
        return T(0);
      d = qd, h = qh, w = qw;
    }
    const bool inside = static_cast<unsigned>(d) < static_cast<unsigned>(D) &&
                        static_cast<unsigned>(h) < static_cast<unsigned>(H) &&
                        static_cast<unsigned>(w) < static_cast<unsigned>(W);
    return inside ? p[a.base + b.base + (d * H + h) * W + w] : T(0);
  }
};

// From image positions to output positions they take part in: the source is dy.
Gather gather_outputs(const Shape &s) {
  Gather g = {};
  g.spots = Split(s.in), g.taps = Split(s.kernel);
  g.stride_d = Divider(s.stride[0]), g.stride_h = Divider(s.stride[1]), g.stride_w = Divider(s.stride[2]);
  g.D = s.out[0], g.H = s.out[1], g.W = s.out[2], g.batch_stride = s.outputs, g.plane_stride = s.out_size;
  for (int i = 0; i < 3; i++) g.scale[i] = 1, g.offset[i] = s.padding[i], g.step[i] = -s.dilation[i];
  return g;
}
// From output positions to the image positions under the filter: the source is x.
Gather gather_image(const Shape &s) {
  Gather g = {};
  g.spots = Split(s.out), g.taps = Split(s.kernel);
  g.D = s.in[0], g.H = s.in[1], g.W = s.in[2], g.batch_stride = s.channels, g.plane_stride = s.in_size;
  for (int i = 0; i < 3; i++)
    g.scale[i] = s.stride[i], g.offset[i] = -s.padding[i], g.step[i] = s.dilation[i];
  return g;
}

// Rows are spots, the depth is taps: a thread keeps one spot, neighbours take neighbouring spots. S is a Side
// of gemm.cuh.
template <typename S, int THREADS, bool Transposed> struct SpotLoader {
  using T = typename S::T;
  static constexpr int count = S::rows * S::depth / THREADS;
  static_assert(THREADS % S::rows == 0, "a thread stays on one row");
  const T *p;
  const Gather &g;
  bool inside;
  Place spot;
  T held[count];
  DEVICE SpotLoader(const T *p, const Gather &g, int rows, int first_row) : p(p), g(g) {
    const int r = first_row + static_cast<int>(threadIdx.x) % S::rows;
    inside = r < rows;
    spot = g.spot(inside ? r : 0);
  }
  DEVICE void fetch(int k0, int end) {
#pragma unroll
    for (int i = 0; i < count; i++) {
      const int k = k0 + static_cast<int>(threadIdx.x) / S::rows + i * (THREADS / S::rows);
      held[i] = inside && k < end ? g.template read<Transposed>(p, spot, g.tap(k)) : T(0);
    }
  }
  DEVICE void store(RAP_SHARED_PTR(typename S::E) tile) const {
#pragma unroll
    for (int i = 0; i < count; i++)
      tile[S::at(threadIdx.x % S::rows, threadIdx.x / S::rows + i * (THREADS / S::rows))] =
          S::convert(held[i]);
  }
};

// Rows are taps, the depth is spots: neighbours take neighbouring spots.
template <typename S, int THREADS> struct TapLoader {
  using T = typename S::T;
  static constexpr int BK = S::depth, count = S::rows * BK / THREADS;
  const T *p;
  const Gather &g;
  int rows, first_row;
  Place taps[count];
  T held[count];
  DEVICE TapLoader(const T *p, const Gather &g, int rows, int first_row)
      : p(p), g(g), rows(rows), first_row(first_row) {
#pragma unroll
    for (int i = 0; i < count; i++) taps[i] = g.tap(row(i) < rows ? row(i) : 0);
  }
  DEVICE int row(int i) const { return first_row + static_cast<int>(threadIdx.x) / BK + i * (THREADS / BK); }
  DEVICE void fetch(int k0, int end) {
    const int k = k0 + static_cast<int>(threadIdx.x) % BK;
    const Place spot = g.spot(k < end ? k : 0);
#pragma unroll
    for (int i = 0; i < count; i++)
      held[i] = k < end && row(i) < rows ? g.template read<false>(p, spot, taps[i]) : T(0);
  }
  DEVICE void store(RAP_SHARED_PTR(typename S::E) tile) const {
#pragma unroll
    for (int i = 0; i < count; i++)
      tile[S::at(threadIdx.x / BK + i * (THREADS / BK), threadIdx.x % BK)] = S::convert(held[i]);
  }
};

// A matrix whose depth is two-dimensional: element (r, k) at r * row_stride + (k / length) * outer_stride + k
// % length.
template <typename S, int THREADS> struct FoldedLoader {
  using T = typename S::T;
  static constexpr int BK = S::depth, count = S::rows * BK / THREADS;
  const T *p;
  int rows, first_row;
  const int64_t &row_stride, &outer_stride;
  const Divider &length;
  T held[count];
  DEVICE FoldedLoader(const T *p, int rows, int first_row, const int64_t &row_stride,
                      const int64_t &outer_stride, const Divider &length)
      : p(p), rows(rows), first_row(first_row), row_stride(row_stride), outer_stride(outer_stride),
        length(length) {}
  DEVICE void fetch(int k0, int end) {
    const int k = k0 + static_cast<int>(threadIdx.x) % BK;
    const uint32_t outer = length.divide(k);
    const int64_t at = outer * outer_stride + (k - outer * length.divisor);
#pragma unroll
    for (int i = 0; i < count; i++) {
      const int r = first_row + static_cast<int>(threadIdx.x) / BK + i * (THREADS / BK);
      held[i] = k < end && r < rows ? p[r * row_stride + at] : T(0);
    }
  }
  DEVICE void store(RAP_SHARED_PTR(typename S::E) tile) const {
#pragma unroll
    for (int i = 0; i < count; i++)
      tile[S::at(threadIdx.x / BK + i * (THREADS / BK), threadIdx.x % BK)] = S::convert(held[i]);
  }
};

// ---- forward and the gradient of the input
// -----------------------------------------------------------------

// out [batch, planes, positions], of one group the rows [group * rows, (group + 1) * rows).
template <typename T> struct Product {
  T *out;
  const T *w, *source, *bias;
  Gather gather;
  int rows, columns, depth, relu, planes; // rows and depth of a group
  int wide, first_group; // out can be written four elements at a time; blocks take groups from here on
  int64_t w_group, source_group; // elements from one group to the next
  int64_t w_row, w_outer;        // w as a matrix: (r, k) at r * w_row + k / length * w_outer + k % length
  Divider length, positions;
};

// grid: tiles of columns (x), tiles of rows (y), groups (z)
template <typename S, bool Transposed> DEVICE void multiply_spots(const Product<typename S::T> &p) {
  using T = typename S::T;
  RAP_SHARED(typename S::E, buffer, S::shared);
  const int row0 = blockIdx.y * S::BM, column0 = blockIdx.x * S::BN,
            group = p.first_group + static_cast<int>(blockIdx.z);
  typename S::Product product;
  {
    FoldedLoader<typename S::A, S::threads> a(p.w + group * p.w_group, p.rows, row0, p.w_row, p.w_outer,
                                              p.length);
    SpotLoader<typename S::B, S::threads, Transposed> b(p.source + group * p.source_group, p.gather,
                                                        p.columns, column0);
    product.multiply(a, b, 0, p.depth, buffer);
  }
  product.each_four(buffer, [&](int r, int q, const T(&sum)[4]) {
    const int row = row0 + r, column = column0 + q, plane = group * p.rows + row;
    int left = p.columns - column;
    if (row >= p.rows || left <= 0) return;
    T v[4];
#pragma unroll
    for (int j = 0; j < 4; j++) {
      v[j] = p.bias ? sum[j] + p.bias[plane] : sum[j];
      if (p.relu && v[j] < T(0)) v[j] = T(0);
    }
    if (left > 4) left = 4;
    // Four columns are neighbours in memory unless an image ends between them.
    for (int done = 0; done < left;) {
      const uint32_t n = p.positions.divide(column + done), at = column + done - n * p.positions.divisor;
      T *to = p.out + (static_cast<int64_t>(n) * p.planes + plane) * p.positions.divisor + at;
      const int here = static_cast<int>(p.positions.divisor - at);
      if (done == 0 && here >= left) {
        store_four(to, v, left, p.wide);
        return;
      }
#pragma unroll
      for (int j = 0; j < 4; j++)
        if (j >= done && j < left && j - done < here) to[j - done] = v[j];
      done += here;
    }
  });
}

template <typename S, bool Transposed>
__global__ void __launch_bounds__(S::threads, S::resident)
    conv_product(const __grid_constant__ Product<typename S::T> p) {
  multiply_spots<S, Transposed>(p);
}
template <typename S, bool Transposed>
__global__ void __launch_bounds__(S::threads, S::resident)
    conv_fragments(const __grid_constant__ Product<float> p) {
#if RAP_TENSOR_CORES
  multiply_spots<S, Transposed>(p);
#endif
}

template <typename T> using NarrowTile = Tile<T, 32, 128, 8, 4, 4>;
constexpr int kMostGroups = 65535; // blocks along z

template <typename S, typename Run> void launch_product(Product<typename S::T> p, int groups, Run run) {
  for (; p.first_group < groups; p.first_group += kMostGroups) {
    const int left = groups - p.first_group;
    run(dim3(static_cast<unsigned>(ceil_div(p.columns, S::BN)),
             static_cast<unsigned>(ceil_div(p.rows, S::BM)),
             static_cast<unsigned>(left < kMostGroups ? left : kMostGroups)),
        p);
  }
}
template <typename S, bool Transposed> void run_tiles(const Product<typename S::T> &p, int groups) {
  launch_product<S>(p, groups, [](dim3 grid, const auto &part) {
    RUN((conv_product<S, Transposed>), grid, S::threads, part);
  });
}
// The weights' depth is contiguous, neighbouring spots are neighbours.
template <typename How, bool Transposed> void run_fragments(const Product<float> &p, int groups, bool large) {
  auto run = [&](auto tile) {
    using S = decltype(tile);
    launch_product<S>(p, groups, [](dim3 grid, const auto &part) {
      RUN((conv_fragments<S, Transposed>), grid, S::threads, part);
    });
  };
  if (large)
    run(LargeTensorTile<How, true, false>{});
  else
    run(SmallTensorTile<How, true, false>{});
}

template <typename T, bool Transposed> void run_product(Product<T> &p, int groups) {
  p.wide = p.positions.divisor % 4 == 0 && reinterpret_cast<uintptr_t>(p.out) % sizeof(Four<T>) == 0;
  if constexpr (sizeof(T) == 4) {
    const int64_t tiles = static_cast<int64_t>(ceil_div(p.columns, 128)) * ceil_div(p.rows, 128) * groups;
    const bool large = p.rows > 64 && tiles >= rap_multiprocessors();
    const int precision = p.rows >= 16 && p.depth >= 8 ? rap_tensor_precision() : 0;
    if (precision == RAP_PRECISION_BFLOAT16) return run_fragments<Bf16, Transposed>(p, groups, large);
    if (precision == RAP_PRECISION_TF32) return run_fragments<Tf32, Transposed>(p, groups, large);
    if (large) return run_tiles<LargeTile, Transposed>(p, groups);
  }
  if (p.rows <= 32)
    run_tiles<NarrowTile<T>, Transposed>(p, groups);
  else
    run_tiles<SmallTile<T>, Transposed>(p, groups);
}

// ---- direct kernels for narrow groups
// ----------------------------------------------------------------------

// Where a coordinate is in the source, or -1; Transposed ones count only where the stride divides them.
template <bool Transposed> DEVICE int land(int at, const Divider &stride, int size) {
  if (Transposed) {
    if (at < 0) return -1;
    const int q = stride.divide(at);
    at = q * static_cast<int>(stride.divisor) == at ? q : -1;
  }
  return static_cast<unsigned>(at) < static_cast<unsigned>(size) ? at : -1;
}

struct Kernel {
  int d, h, w;
};

// One thread an element of out: Forward sums over the group's channels, otherwise (the gradient of the input)
// its outputs.
template <typename T, bool Forward>
__global__ void __launch_bounds__(kBlock)
    conv_direct(T *out, const T *w, const T *source, const T *bias, int relu, int n, int planes,
                int group_planes, int group_sources, int kernel_size, Kernel kernel, Divider positions,
                Divider plane_count, const __grid_constant__ Gather g) {
  GRID_STRIDE(i, n) {
    const uint32_t line = positions.divide(i), batch = plane_count.divide(line);
    const int plane = line - batch * planes, group = plane / group_planes;
    const Place spot = g.spot(batch * positions.divisor + (i - line * positions.divisor));
    const T *from = source + static_cast<int64_t>(group) * group_sources * g.plane_stride;
    T sum = 0;
    for (int q = 0; q < group_sources; q++, from += g.plane_stride) {
      // w [outputs, channels / groups, kernel]
      const int64_t filter = Forward ? static_cast<int64_t>(plane) * group_sources + q
                                     : (static_cast<int64_t>(group) * group_sources + q) * group_planes +
                                           (plane - group * group_planes);
      const T *weight = w + filter * kernel_size, *image = from + spot.base;
      for (int kd = 0; kd < kernel.d; kd++) {
        const int d = land<!Forward>(spot.d + kd * g.step[0], g.stride_d, g.D);
        for (int kh = 0; kh < kernel.h; kh++, weight += kernel.w) {
          const int h = land<!Forward>(spot.h + kh * g.step[1], g.stride_h, g.H);
          if ((d | h) < 0) continue;
          const T *line = image + (d * g.H + h) * g.W;
          for (int kw = 0; kw < kernel.w; kw++) {
            const int x = land<!Forward>(spot.w + kw * g.step[2], g.stride_w, g.W);
            if (x >= 0) sum += weight[kw] * line[x];
          }
        }
      }
    }
    if (bias) sum += bias[plane];
    if (relu && sum < T(0)) sum = T(0);
    out[i] = sum;
  }
}

template <typename T, bool Forward>
void run_direct(T *out, const T *w, const T *source, const T *bias, int relu, const Shape &s) {
  const int planes = Forward ? s.outputs : s.channels, positions = Forward ? s.out_size : s.in_size;
  const int n = s.batch * planes * positions;
  RUN((conv_direct<T, Forward>), blocks_for(n), kBlock, out, w, source, bias, relu, n, planes,
      planes / s.groups, Forward ? s.group_channels : s.group_outputs, s.kernel_size,
      Kernel{s.kernel[0], s.kernel[1], s.kernel[2]}, Divider(static_cast<uint32_t>(positions)),
      Divider(static_cast<uint32_t>(planes)), Forward ? gather_image(s) : gather_outputs(s));
}

// ---- the gradient of the weight
// ----------------------------------------------------------------------------

template <typename T> struct WeightProduct {
  T *dw;
  typename Accumulator<T>::type *partial; // [splits, outputs, taps], or null for one split
  const T *dy, *x;
  Gather gather;
  int rows, taps, depth, split_depth, splits, outputs;
  int wide,
      first_unit; // dw can be written four elements at a time; blocks take groups and splits from here on
  int64_t dy_row, dy_group, dy_batch, x_group;
  Divider positions;
};

// grid: tiles of taps (x), tiles of outputs (y), groups * splits (z)
template <typename S> DEVICE void multiply_taps(const WeightProduct<typename S::T> &p) {
  using T = typename S::T;
  RAP_SHARED(typename S::E, buffer, S::shared);
  const int unit = p.first_unit + static_cast<int>(blockIdx.z), group = unit / p.splits,
            split = unit % p.splits;
  const int row0 = blockIdx.y * S::BM, column0 = blockIdx.x * S::BN;
  const int begin = split * p.split_depth,
            end = begin + p.split_depth < p.depth ? begin + p.split_depth : p.depth;
  typename S::Product product;
  {
    FoldedLoader<typename S::A, S::threads> a(p.dy + group * p.dy_group, p.rows, row0, p.dy_row, p.dy_batch,
                                              p.positions);
    TapLoader<typename S::B, S::threads> b(p.x + group * p.x_group, p.gather, p.taps, column0);
    product.multiply(a, b, begin, end, buffer);
  }
  T *const to = (p.partial ? p.partial + static_cast<int64_t>(split) * p.outputs * p.taps : p.dw) +
                static_cast<int64_t>(group) * p.rows * p.taps;
  product.each_four(buffer, [&](int r, int q, const T(&sum)[4]) {
    const int row = row0 + r, column = column0 + q;
    if (row < p.rows && column < p.taps)
      store_four(to + (static_cast<int64_t>(row) * p.taps + column), sum, p.taps - column, p.wide);
  });
}

template <typename S>
__global__ void __launch_bounds__(S::threads, S::resident)
    conv_weight_product(const __grid_constant__ WeightProduct<typename S::T> p) {
  multiply_taps<S>(p);
}
template <typename S>
__global__ void __launch_bounds__(S::threads, S::resident)
    conv_weight_fragments(const __grid_constant__ WeightProduct<float> p) {
#if RAP_TENSOR_CORES
  multiply_taps<S>(p);
#endif
}

template <typename T>
__global__ void __launch_bounds__(kBlock) conv_sum_splits(T *dw, const T *partial, int n, int splits) {
  GRID_STRIDE(i, n) {
    T sum = 0;
    for (int s = 0; s < splits; s++) sum += partial[static_cast<int64_t>(s) * n + i];
    dw[i] = sum;
  }
}

template <typename S, typename Run>
void launch_weight_product(WeightProduct<typename S::T> p, int groups, Run run) {
  using T = typename S::T;
  const int columns = ceil_div(p.taps, S::BN), rows = ceil_div(p.rows, S::BM);
  p.splits = depth_splits(static_cast<int64_t>(columns) * rows * groups, p.depth);
  p.split_depth = ceil_div(ceil_div(p.depth, p.splits), S::BK) * S::BK;
  p.splits = ceil_div(p.depth, p.split_depth);
  const int n = p.outputs * p.taps, units = groups * p.splits;
  const Scratch partial(p.splits > 1 ? static_cast<size_t>(n) * p.splits * sizeof(T) : 0);
  p.partial = partial.template as<T>();
  if (p.splits > 1 && !p.partial) return;
  p.wide =
      p.taps % 4 == 0 && reinterpret_cast<uintptr_t>(p.partial ? p.partial : p.dw) % sizeof(Four<T>) == 0;
  for (; p.first_unit < units; p.first_unit += kMostGroups) {
    const int left = units - p.first_unit;
    run(dim3(static_cast<unsigned>(columns), static_cast<unsigned>(rows),
             static_cast<unsigned>(left < kMostGroups ? left : kMostGroups)),
        p);
  }
  if (p.splits > 1) RUN((conv_sum_splits<T>), blocks_for(n), kBlock, p.dw, p.partial, n, p.splits);
}
template <typename S> void run_weight_tiles(const WeightProduct<typename S::T> &p, int groups) {
  launch_weight_product<S>(
      p, groups, [](dim3 grid, const auto &part) { RUN((conv_weight_product<S>), grid, S::threads, part); });
}
// The depth, positions, is contiguous on both sides.
template <typename How> void run_weight_fragments(const WeightProduct<float> &p, int groups) {
  using S = SmallTensorTile<How, true, true>;
  launch_weight_product<S>(p, groups, [](dim3 grid, const auto &part) {
    RUN((conv_weight_fragments<S>), grid, S::threads, part);
  });
}
template <typename T> void run_weight_product(const WeightProduct<T> &p, int groups) {
  if constexpr (sizeof(T) == 4) {
    const int precision = p.rows >= 16 && p.taps >= 16 ? rap_tensor_precision() : 0;
    if (precision == RAP_PRECISION_BFLOAT16) return run_weight_fragments<Bf16>(p, groups);
    if (precision == RAP_PRECISION_TF32) return run_weight_fragments<Tf32>(p, groups);
  }
  if (p.rows <= 32)
    run_weight_tiles<NarrowTile<T>>(p, groups);
  else
    run_weight_tiles<SmallTile<T>>(p, groups);
}

// One block a weight: dw[o, c, k] = Σ dy x over the batch and the positions.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    conv_weight_direct(T *dw, const T *dy, const T *x, int batch, int outputs, int group_channels,
                       int group_outputs, int kernel_size, Divider positions,
                       const __grid_constant__ Gather g) {
  const int weight = blockIdx.x, taps = group_channels * kernel_size, o = weight / taps,
            group = o / group_outputs;
  const Place tap = g.tap(weight - o * taps);
  const T *from = x + static_cast<int64_t>(group) * group_channels * g.plane_stride;
  const uint32_t n = batch * positions.divisor;
  T sum = 0;
  for (uint32_t i = threadIdx.x; i < n; i += kBlock) {
    const uint32_t b = positions.divide(i);
    sum += dy[(static_cast<int64_t>(b) * outputs + o) * positions.divisor + (i - b * positions.divisor)] *
           g.template read<false>(from, g.spot(i), tap);
  }
  sum = block_reduce(sum, T(0), Plus{});
  if (threadIdx.x == 0) dw[weight] = sum;
}

// sums [parts, outputs]: each output's Σ dy over a part of the batch and the positions. grid: outputs, parts
template <typename T>
__global__ void __launch_bounds__(kBlock)
    conv_bias_gradient(T *sums, const T *dy, int batch, int outputs, int part, Divider positions) {
  const int o = blockIdx.x;
  const uint32_t n = batch * positions.divisor, begin = blockIdx.y * part,
                 end = begin + part < n ? begin + part : n;
  T sum = 0;
  for (uint32_t i = begin + threadIdx.x; i < end; i += kBlock) {
    const uint32_t b = positions.divide(i);
    sum += dy[(static_cast<int64_t>(b) * outputs + o) * positions.divisor + (i - b * positions.divisor)];
  }
  sum = block_reduce(sum, T(0), Plus{});
  if (threadIdx.x == 0) sums[static_cast<int64_t>(blockIdx.y) * outputs + o] = sum;
}

template <typename T> void run_bias_gradient(T *dbias, const T *dy, const Shape &s) {
  const int n = s.batch * s.out_size, wanted = ceil_div(8 * rap_multiprocessors(), s.outputs),
            most = ceil_div(n, 8 * kBlock);
  int parts = wanted < most ? wanted : most;
  parts = parts > 1024 ? 1024 : parts;
  const Scratch memory(parts > 1 ? static_cast<size_t>(parts) * s.outputs * sizeof(T) : 0);
  T *sums = parts > 1 ? memory.as<T>() : dbias;
  if (!sums) return;
  RUN((conv_bias_gradient<T>), dim3(static_cast<unsigned>(s.outputs), static_cast<unsigned>(parts)), kBlock,
      sums, dy, s.batch, s.outputs, ceil_div(n, parts), Divider(static_cast<uint32_t>(s.out_size)));
  if (parts > 1) RUN((conv_sum_splits<T>), blocks_for(s.outputs), kBlock, dbias, sums, s.outputs, parts);
}

// Groups of fewer rows than this leave most of a tile empty.
constexpr int kNarrowGroup = 8;

} // namespace

int32_t rap_conv_forward(int32_t dtype, void *y, const void *x, const void *w, const void *bias, int32_t relu,
                         const int32_t *meta) {
  const Shape s(meta);
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  if (s.batch == 0 || s.outputs == 0 || s.out_size == 0) return RAP_OK;
  if (s.pointwise()) {
    const int c = s.channels, o = s.outputs, p = s.out_size;
    const int32_t layout[21] = {o, p,     c, relu, s.batch, 1, c, 1, 0, 0, p,
                                1, c * p, 0, p,    o * p,   0, 1, 0, 0, 0};
    return rap_matmul(dtype, y, w, x, bias, 1, bias ? 1 : 0, layout);
  }
  for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const T *source = static_cast<const T *>(x), *filter = static_cast<const T *>(w),
            *b = static_cast<const T *>(bias);
    if (s.groups > 1 && s.group_outputs < kNarrowGroup)
      return run_direct<T, true>(static_cast<T *>(y), filter, source, b, relu, s);
    const int taps = s.group_channels * s.kernel_size;
    Product<T> p = {};
    p.out = static_cast<T *>(y), p.w = filter, p.source = source, p.bias = b, p.gather = gather_image(s),
    p.relu = relu;
    p.rows = s.group_outputs, p.columns = s.batch * s.out_size, p.depth = taps, p.planes = s.outputs;
    p.w_group = static_cast<int64_t>(s.group_outputs) * taps,
    p.source_group = static_cast<int64_t>(s.group_channels) * s.in_size;
    p.w_row = taps, p.w_outer = 0, p.length = Divider(static_cast<uint32_t>(taps ? taps : 1)),
    p.positions = Divider(static_cast<uint32_t>(s.out_size));
    run_product<T, false>(p, s.groups);
  });
  return RAP_OK;
}

int32_t rap_conv_backward_input(int32_t dtype, void *dx, const void *dy, const void *w, const int32_t *meta) {
  const Shape s(meta);
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  if (s.batch == 0 || s.channels == 0 || s.in_size == 0) return RAP_OK;
  if (s.pointwise()) {
    const int c = s.channels, o = s.outputs, p = s.out_size;
    const int32_t layout[21] = {c, p, o, 0, s.batch, 1, 1, c, 0, 0, p, 1, o * p, 0, p, c * p, 0, 0, 0, 0, 0};
    return rap_matmul(dtype, dx, w, dy, nullptr, 1, 0, layout);
  }
  for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const T *source = static_cast<const T *>(dy), *filter = static_cast<const T *>(w);
    if (s.groups > 1 && s.group_channels < kNarrowGroup)
      return run_direct<T, false>(static_cast<T *>(dx), filter, source, nullptr, 0, s);
    const int taps = s.group_channels * s.kernel_size;
    Product<T> p = {};
    p.out = static_cast<T *>(dx), p.w = filter, p.source = source, p.gather = gather_outputs(s);
    p.rows = s.group_channels, p.columns = s.batch * s.in_size, p.depth = s.group_outputs * s.kernel_size,
    p.planes = s.channels;
    p.w_group = static_cast<int64_t>(s.group_outputs) * taps,
    p.source_group = static_cast<int64_t>(s.group_outputs) * s.out_size;
    p.w_row = s.kernel_size, p.w_outer = taps, p.length = Divider(static_cast<uint32_t>(s.kernel_size));
    p.positions = Divider(static_cast<uint32_t>(s.in_size));
    run_product<T, true>(p, s.groups);
  });
  return RAP_OK;
}

int32_t rap_conv_backward_weight(int32_t dtype, void *dw, void *dbias, const void *dy, const void *x,
                                 const int32_t *meta) {
  const Shape s(meta);
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int taps = s.group_channels * s.kernel_size, depth = s.batch * s.out_size;
  if (depth == 0) {
    rap_fill(dtype, dw, s.outputs * taps, 0);
    if (dbias) rap_fill(dtype, dbias, s.outputs, 0);
    return RAP_OK;
  }
  for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const T *gradient = static_cast<const T *>(dy), *source = static_cast<const T *>(x);
    const Divider positions(static_cast<uint32_t>(s.out_size));
    if (dbias && s.outputs) run_bias_gradient(static_cast<T *>(dbias), gradient, s);
    if (s.outputs * taps == 0) return;
    if (s.groups > 1 && s.group_outputs < kNarrowGroup) {
      RUN((conv_weight_direct<T>), s.outputs * taps, kBlock, static_cast<T *>(dw), gradient, source, s.batch,
          s.outputs, s.group_channels, s.group_outputs, s.kernel_size, positions, gather_image(s));
      return;
    }
    WeightProduct<T> p = {};
    p.dw = static_cast<T *>(dw), p.dy = gradient, p.x = source, p.gather = gather_image(s),
    p.rows = s.group_outputs, p.taps = taps;
    p.depth = depth, p.outputs = s.outputs, p.dy_row = s.out_size,
    p.dy_batch = static_cast<int64_t>(s.outputs) * s.out_size;
    p.dy_group = static_cast<int64_t>(s.group_outputs) * s.out_size;
    p.x_group = static_cast<int64_t>(s.group_channels) * s.in_size, p.positions = positions;
    run_weight_product(p, s.groups);
  });
  return RAP_OK;
}
