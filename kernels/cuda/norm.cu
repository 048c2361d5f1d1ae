// Batch, layer, group and RMS normalisation, forward and backward. Statistics are summed in double.
#include "lines.cuh"
#include "math.cuh"

namespace {

struct Two {
  double a, b;
};
struct JoinTwo {
  DEVICE Two operator()(Two x, Two y) const { return {x.a + y.a, x.b + y.b}; }
};

// Mean and the mean square deviation from it, of n elements of which v holds the sums of (x - shift) and its square.
struct Moments {
  double mean, m2;
  DEVICE Moments(Two v, double shift, double n) {
    const double d = v.a / n, left = v.b - v.a * d;
    mean = shift + d, m2 = left > 0 ? left : left * 0;
  }
};

// ---- batch norm: one block a channel for the statistics, then a pointwise pass -------------------------------

// Element i of a channel of x [batch, channels, inner].
struct Channel {
  int channels, n; // n = batch * inner
  Divider inner;
  Channel(int batch, int channels, int inner) : channels(channels), n(batch * inner), inner(static_cast<uint32_t>(inner ? inner : 1)) {}
  DEVICE int64_t at(int channel, uint32_t i) const {
    const uint32_t b = inner.divide(i);
    return (static_cast<int64_t>(b) * channels + channel) * inner.divisor + (i - b * inner.divisor);
  }
};

template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_statistics(T *mean, T *invstd, T *running_mean, T *running_var, const T *x, Channel c, double momentum,
                                                                double eps) {
  const int channel = blockIdx.x;
  const double shift = static_cast<double>(x[c.at(channel, 0)]);
  Two sums{0, 0};
  for (int i = threadIdx.x; i < c.n; i += kBlock) {
    const double d = static_cast<double>(x[c.at(channel, i)]) - shift;
    sums.a += d, sums.b += d * d;
  }
  sums = line_join<kBlock>(sums, JoinTwo{});
  if (threadIdx.x) return;
  const Moments m(sums, shift, c.n);
  mean[channel] = static_cast<T>(m.mean);
  invstd[channel] = static_cast<T>(1 / sqrt(m.m2 / c.n + eps));
  if (running_mean) running_mean[channel] = static_cast<T>((1 - momentum) * static_cast<double>(running_mean[channel]) + momentum * m.mean);
  if (running_var) running_var[channel] = static_cast<T>((1 - momentum) * static_cast<double>(running_var[channel]) + momentum * m.m2 / (c.n - 1));
}

template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_running(T *mean, T *invstd, const T *running_mean, const T *running_var, int channels, double eps) {
  GRID_STRIDE(c, channels) {
    mean[c] = running_mean[c];
    invstd[c] = static_cast<T>(1 / sqrt(static_cast<double>(running_var[c]) + eps));
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_apply(T *y, const T *x, const T *mean, const T *invstd, const T *gamma, const T *beta, int n,
                                                           Divider inner, Divider channels) {
  GRID_STRIDE(i, n) {
    const uint32_t plane = inner.divide(i), c = plane - channels.divide(plane) * channels.divisor;
    T v = (x[i] - mean[c]) * invstd[c];
    if (gamma) v *= gamma[c];
    if (beta) v += beta[c];
    y[i] = v;
  }
}

// sums[channel] = Σ dy and Σ dy x̂; also dbeta and dgamma.
template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_gradient_sums(Two *sums, T *dgamma, T *dbeta, const T *dy, const T *x, const T *mean, const T *invstd,
                                                                   Channel c) {
  const int channel = blockIdx.x;
  const double m = static_cast<double>(mean[channel]);
  Two v{0, 0};
  for (int i = threadIdx.x; i < c.n; i += kBlock) {
    const int64_t at = c.at(channel, i);
    const double g = static_cast<double>(dy[at]);
    v.a += g, v.b += g * (static_cast<double>(x[at]) - m);
  }
  v = line_join<kBlock>(v, JoinTwo{});
  if (threadIdx.x) return;
  v.b *= static_cast<double>(invstd[channel]);
  if (sums) sums[channel] = v;
  if (dbeta) dbeta[channel] = static_cast<T>(v.a);
  if (dgamma) dgamma[channel] = static_cast<T>(v.b);
}

template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_backward(T *dx, const T *dy, const T *x, const T *gamma, const T *mean, const T *invstd, const Two *sums,
                                                              int n, double count, Divider inner, Divider channels) {
  GRID_STRIDE(i, n) {
    const uint32_t plane = inner.divide(i), c = plane - channels.divide(plane) * channels.divisor;
    T g = dy[i];
    if (sums) g -= static_cast<T>(sums[c].a / count) + (x[i] - mean[c]) * invstd[c] * static_cast<T>(sums[c].b / count);
    dx[i] = g * invstd[c] * (gamma ? gamma[c] : T(1));
  }
}

// ---- layer, RMS and group norm: lines of contiguous elements --------------------------------------------------

// Where element i of line r has its gamma and beta: layer norm by i, group norm by the channel it is in.
struct Affine {
  int grouped, group_channels;
  Divider groups, inner;
  DEVICE int at(int line, int i) const {
    if (!grouped) return i;
    const int g = line - static_cast<int>(groups.divide(line) * groups.divisor);
    return g * group_channels + static_cast<int>(inner.divide(i));
  }
};

template <typename T, int L, bool Centred>
__global__ void __launch_bounds__(kBlock) line_norm(T *y, T *mean, T *rstd, const T *x, const T *gamma, const T *beta, Lines l, Affine affine, double eps) {
  int64_t at = 0;
  const int line = l.mine<L>(at);
  if (line < 0) return;
  x += at, y += at;
  const int first = threadIdx.x % L;
  const double shift = Centred ? static_cast<double>(x[0]) : 0;
  Two v{0, 0};
  for (int i = first; i < l.dim; i += L) {
    const double d = static_cast<double>(x[i]) - shift;
    v.a += d, v.b += d * d;
  }
  v = line_join<L>(v, JoinTwo{});
  const Moments m(v, shift, l.dim);
  const double centre = Centred ? m.mean : 0, scale = 1 / sqrt((Centred ? m.m2 : v.b) / l.dim + eps);
  for (int i = first; i < l.dim; i += L) {
    const int k = affine.at(line, i);
    T out = static_cast<T>((static_cast<double>(x[i]) - centre) * scale);
    if (gamma) out *= gamma[k];
    if (beta) out += beta[k];
    y[i] = out;
  }
  if (first) return;
  if (mean) mean[line] = static_cast<T>(centre);
  rstd[line] = static_cast<T>(scale);
}

template <typename T, int L, bool Centred>
__global__ void __launch_bounds__(kBlock) line_norm_backward(T *dx, const T *dy, const T *x, const T *gamma, const T *mean, const T *rstd, Lines l,
                                                             Affine affine) {
  int64_t at = 0;
  const int line = l.mine<L>(at);
  if (line < 0) return;
  x += at, dx += at, dy += at;
  const int first = threadIdx.x % L;
  const double centre = Centred ? static_cast<double>(mean[line]) : 0, scale = static_cast<double>(rstd[line]);
  Two v{0, 0};
  for (int i = first; i < l.dim; i += L) {
    const double g = static_cast<double>(dy[i]) * (gamma ? static_cast<double>(gamma[affine.at(line, i)]) : 1.0);
    v.a += g, v.b += g * (static_cast<double>(x[i]) - centre) * scale;
  }
  v = line_join<L>(v, JoinTwo{});
  const double mean_g = Centred ? v.a / l.dim : 0, mean_gx = v.b / l.dim;
  for (int i = first; i < l.dim; i += L) {
    const double g = static_cast<double>(dy[i]) * (gamma ? static_cast<double>(gamma[affine.at(line, i)]) : 1.0);
    dx[i] = static_cast<T>(scale * (g - mean_g - (static_cast<double>(x[i]) - centre) * scale * mean_gx));
  }
}

// partial[part] = Σ dy x̂ and Σ dy of each column over the part's rows: 32 columns and 8 rows at a time.
template <typename T, bool Centred>
__global__ void __launch_bounds__(kBlock) column_gradient_sums(Two *partial, const T *dy, const T *x, const T *mean, const T *rstd, int rows, int cols,
                                                               int part_rows) {
  RAP_SHARED(Two, shared, kBlock);
  const int column = blockIdx.x * 32 + static_cast<int>(threadIdx.x) % 32, row = threadIdx.x / 32;
  const int begin = blockIdx.y * part_rows, end = begin + part_rows < rows ? begin + part_rows : rows;
  Two v{0, 0};
  if (column < cols)
    for (int r = begin + row; r < end; r += 8) {
      const int64_t at = static_cast<int64_t>(r) * cols + column;
      const double g = static_cast<double>(dy[at]), centre = Centred ? static_cast<double>(mean[r]) : 0;
      v.a += g * (static_cast<double>(x[at]) - centre) * static_cast<double>(rstd[r]), v.b += g;
    }
  shared[threadIdx.x] = v;
  __syncthreads();
  if (row > 0 || column >= cols) return;
  for (int r = 1; r < 8; r++) {
    const Two other = shared[r * 32 + threadIdx.x];
    v = JoinTwo{}(v, other);
  }
  partial[static_cast<int64_t>(blockIdx.y) * cols + column] = v;
}

template <typename T> __global__ void __launch_bounds__(kBlock) column_gradient_join(T *dgamma, T *dbeta, const Two *partial, int parts, int cols) {
  GRID_STRIDE(c, cols) {
    Two v = partial[c];
    for (int p = 1; p < parts; p++) v = JoinTwo{}(v, partial[static_cast<int64_t>(p) * cols + c]);
    if (dgamma) dgamma[c] = static_cast<T>(v.a);
    if (dbeta) dbeta[c] = static_cast<T>(v.b);
  }
}

// Group norm: one block a channel, over the batch.
template <typename T>
__global__ void __launch_bounds__(kBlock) group_gradient_sums(T *dgamma, T *dbeta, const T *dy, const T *x, const T *mean, const T *rstd, Channel c,
                                                              int groups) {
  const int channel = blockIdx.x, group = channel / (c.channels / groups);
  Two v{0, 0};
  for (int i = threadIdx.x; i < c.n; i += kBlock) {
    const int64_t at = c.at(channel, i), line = static_cast<int64_t>(c.inner.divide(i)) * groups + group;
    const double g = static_cast<double>(dy[at]);
    v.a += g * (static_cast<double>(x[at]) - static_cast<double>(mean[line])) * static_cast<double>(rstd[line]), v.b += g;
  }
  v = line_join<kBlock>(v, JoinTwo{});
  if (threadIdx.x) return;
  if (dgamma) dgamma[channel] = static_cast<T>(v.a);
  if (dbeta) dbeta[channel] = static_cast<T>(v.b);
}

// ---- launches ------------------------------------------------------------------------------------------------

struct Pointers {
  void *y, *mean, *rstd;
  const void *x, *gamma, *beta;
};

template <bool Centred> int32_t run_lines(int32_t dtype, const Pointers &p, const Lines &l, const Affine &affine, double eps) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (l.lines == 0 || l.dim == 0) return;
    with_line_threads(l, [&](auto threads) {
      constexpr int L = decltype(threads)::value;
      RUN((line_norm<T, L, Centred>), line_blocks(l, L), kBlock, static_cast<T *>(p.y), static_cast<T *>(p.mean), static_cast<T *>(p.rstd),
          static_cast<const T *>(p.x), static_cast<const T *>(p.gamma), static_cast<const T *>(p.beta), l, affine, eps);
    });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

template <typename T, bool Centred>
void run_lines_backward(void *dx, const void *dy, const void *x, const void *gamma, const void *mean, const void *rstd, const Lines &l, const Affine &affine) {
  if (!dx || l.lines == 0 || l.dim == 0) return;
  with_line_threads(l, [&](auto threads) {
    constexpr int L = decltype(threads)::value;
    RUN((line_norm_backward<T, L, Centred>), line_blocks(l, L), kBlock, static_cast<T *>(dx), static_cast<const T *>(dy), static_cast<const T *>(x),
        static_cast<const T *>(gamma), static_cast<const T *>(mean), static_cast<const T *>(rstd), l, affine);
  });
}

template <bool Centred>
int32_t run_rows_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy, const void *x, const void *gamma, const void *mean,
                          const void *rstd, int32_t rows, int32_t cols) {
  const Lines l(rows, cols, 1);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    run_lines_backward<T, Centred>(dx, dy, x, gamma, mean, rstd, l, Affine{});
    if ((!dgamma && !dbeta) || cols == 0) return;
    const int tiles = ceil_div(cols, 32), wanted = ceil_div(4 * rap_multiprocessors(), tiles), most = ceil_div(rows, 64);
    const int parts = wanted < most ? wanted : most < 1 ? 1 : most, part_rows = ceil_div(rows, parts);
    const Scratch memory(static_cast<size_t>(parts) * cols * sizeof(Two));
    Two *partial = memory.as<Two>();
    if (!partial) return;
    RUN((column_gradient_sums<T, Centred>), dim3(tiles, parts), kBlock, partial, static_cast<const T *>(dy), static_cast<const T *>(x),
        static_cast<const T *>(mean), static_cast<const T *>(rstd), rows, cols, part_rows);
    RUN((column_gradient_join<T>), blocks_for(cols), kBlock, static_cast<T *>(dgamma), static_cast<T *>(dbeta), partial, parts, cols);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

Affine group_affine(int channels, int inner, int groups) {
  return {1, channels / groups, Divider(static_cast<uint32_t>(groups)), Divider(static_cast<uint32_t>(inner ? inner : 1))};
}

} // namespace

int32_t rap_batch_norm(int32_t dtype, void *y, void *mean, void *invstd, void *running_mean, void *running_var, const void *x, const void *gamma,
                       const void *beta, int32_t batch, int32_t channels, int32_t inner, int32_t training, double momentum, double eps) {
  const Channel c(batch, channels, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    T *m = static_cast<T *>(mean), *s = static_cast<T *>(invstd), *rm = static_cast<T *>(running_mean), *rv = static_cast<T *>(running_var);
    const T *from = static_cast<const T *>(x);
    if (c.n == 0 || channels == 0) return;
    if (training) RUN((batch_norm_statistics<T>), channels, kBlock, m, s, rm, rv, from, c, momentum, eps);
    else RUN((batch_norm_running<T>), blocks_for(channels), kBlock, m, s, rm, rv, channels, eps);
    const int n = c.n * channels;
    RUN((batch_norm_apply<T>), blocks_for(n), kBlock, static_cast<T *>(y), from, m, s, static_cast<const T *>(gamma), static_cast<const T *>(beta), n,
        c.inner, Divider(static_cast<uint32_t>(channels)));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_batch_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy, const void *x, const void *gamma, const void *mean,
                                const void *invstd, int32_t batch, int32_t channels, int32_t inner, int32_t training) {
  const Channel c(batch, channels, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const T *g = static_cast<const T *>(dy), *from = static_cast<const T *>(x), *m = static_cast<const T *>(mean), *s = static_cast<const T *>(invstd);
    if (channels == 0) return;
    const bool needs_sums = training && dx;
    const Scratch memory(static_cast<size_t>(channels) * sizeof(Two));
    Two *sums = needs_sums ? memory.as<Two>() : nullptr;
    if (needs_sums && !sums) return;
    if (needs_sums || dgamma || dbeta)
      RUN((batch_norm_gradient_sums<T>), channels, kBlock, sums, static_cast<T *>(dgamma), static_cast<T *>(dbeta), g, from, m, s, c);
    const int n = c.n * channels;
    if (dx && n)
      RUN((batch_norm_backward<T>), blocks_for(n), kBlock, static_cast<T *>(dx), g, from, static_cast<const T *>(gamma), m, s, sums, n,
          static_cast<double>(c.n), c.inner, Divider(static_cast<uint32_t>(channels)));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_layer_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma, const void *beta, int32_t rows, int32_t cols,
                       double eps) {
  return run_lines<true>(dtype, {y, mean, rstd, x, gamma, beta}, Lines(rows, cols, 1), Affine{}, eps);
}

int32_t rap_layer_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy, const void *x, const void *gamma, const void *mean,
                                const void *rstd, int32_t rows, int32_t cols) {
  return run_rows_backward<true>(dtype, dx, dgamma, dbeta, dy, x, gamma, mean, rstd, rows, cols);
}

int32_t rap_rms_norm(int32_t dtype, void *y, void *rstd, const void *x, const void *gamma, int32_t rows, int32_t cols, double eps) {
  return run_lines<false>(dtype, {y, nullptr, rstd, x, gamma, nullptr}, Lines(rows, cols, 1), Affine{}, eps);
}

int32_t rap_rms_norm_backward(int32_t dtype, void *dx, void *dgamma, const void *dy, const void *x, const void *gamma, const void *rstd, int32_t rows,
                              int32_t cols) {
  return run_rows_backward<false>(dtype, dx, dgamma, nullptr, dy, x, gamma, nullptr, rstd, rows, cols);
}

int32_t rap_group_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma, const void *beta, int32_t batch, int32_t channels,
                       int32_t inner, int32_t groups, double eps) {
  const Lines l(batch * groups, channels / groups * inner, 1);
  return run_lines<true>(dtype, {y, mean, rstd, x, gamma, beta}, l, group_affine(channels, inner, groups), eps);
}

int32_t rap_group_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy, const void *x, const void *gamma, const void *mean,
                                const void *rstd, int32_t batch, int32_t channels, int32_t inner, int32_t groups) {
  const Lines l(batch * groups, channels / groups * inner, 1);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    run_lines_backward<T, true>(dx, dy, x, gamma, mean, rstd, l, group_affine(channels, inner, groups));
    if ((dgamma || dbeta) && channels)
      RUN((group_gradient_sums<T>), channels, kBlock, static_cast<T *>(dgamma), static_cast<T *>(dbeta), static_cast<const T *>(dy),
          static_cast<const T *>(x), static_cast<const T *>(mean), static_cast<const T *>(rstd), Channel(batch, channels, inner), groups);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
