// Batch, layer, group and RMS normalisation, forward and backward. Statistics are summed in double, eight
// elements at a time: most cards do 64-bit arithmetic at a 32nd or 64th of their float rate.
#include "lines.cuh"
#include "math.cuh"

namespace {

struct Two {
  double a, b;
};
struct JoinTwo {
  DEVICE Two operator()(Two x, Two y) const { return {x.a + y.a, x.b + y.b}; }
};

// Sums over first, first + step, … below end, to which f(i, a, b) adds element i's parts.
template <typename T, typename F> DEVICE Two sum_two(unsigned first, unsigned end, unsigned step, F f) {
  Two sums{0, 0};
  for (unsigned i = first; i < end;) {
    T a = 0, b = 0;
#pragma unroll
    for (int u = 0; u < 8; u++, i += step)
      if (i < end) f(i, a, b);
    sums.a += static_cast<double>(a), sums.b += static_cast<double>(b);
  }
  return sums;
}

// Mean and the mean square deviation from it, of n elements of which v holds the sums of (x - shift) and its
// square.
struct Moments {
  double mean, m2;
  DEVICE Moments(Two v, double shift, double n) {
    const double d = v.a / n, left = v.b - v.a * d;
    mean = shift + d, m2 = left > 0 ? left : left * 0;
  }
};

// ---- batch norm: blocks sum parts of a channel, which a second kernel joins, then a pointwise pass
// ------------

// Element i of a channel of x [batch, channels, inner].
struct Channel {
  int channels, n; // n = batch * inner
  Divider inner;
  Channel(int batch, int channels, int inner)
      : channels(channels), n(batch * inner), inner(static_cast<uint32_t>(inner ? inner : 1)) {}
  DEVICE int64_t at(int channel, uint32_t i) const {
    const uint32_t b = inner.divide(i);
    return (static_cast<int64_t>(b) * channels + channel) * inner.divisor + (i - b * inner.divisor);
  }
};

// The parts of every channel: enough that no multiprocessor idles, each worth a block.
struct Parts {
  int count, size; // size: elements of a part
  explicit Parts(const Channel &c) {
    const int wanted = ceil_div(8 * rap_multiprocessors(), c.channels), most = ceil_div(c.n, 8 * kBlock);
    count = wanted < most ? wanted : most;
    count = count < 1 ? 1 : count > 1024 ? 1024 : count;
    size = ceil_div(c.n, count);
  }
  DEVICE unsigned begin() const { return blockIdx.y * size; }
  DEVICE unsigned end(const Channel &c) const {
    const unsigned end = begin() + size;
    return end < static_cast<unsigned>(c.n) ? end : c.n;
  }
  dim3 grid(const Channel &c) const {
    return dim3(static_cast<unsigned>(c.channels), static_cast<unsigned>(count));
  }
};
DEVICE Two join_parts(const Two *partial, int channel, int channels, int count) {
  Two v = partial[channel];
  for (int p = 1; p < count; p++) v = JoinTwo{}(v, partial[static_cast<int64_t>(p) * channels + channel]);
  return v;
}

// partial[part, channel] = Σ (x - shift) and its square, the shift being the channel's first element. grid:
// channels, parts
template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_sums(Two *partial, const T *x, Channel c, Parts parts) {
  const int channel = blockIdx.x;
  const T shift = x[c.at(channel, 0)];
  Two sums = sum_two<T>(parts.begin() + threadIdx.x, parts.end(c), kBlock, [&](unsigned i, T &a, T &b) {
    const T d = x[c.at(channel, i)] - shift;
    a += d, b += d * d;
  });
  sums = line_join<kBlock>(sums, JoinTwo{});
  if (threadIdx.x == 0) partial[static_cast<int64_t>(blockIdx.y) * c.channels + channel] = sums;
}
template <typename T>
__global__ void __launch_bounds__(kBlock)
    batch_norm_statistics(T *mean, T *invstd, T *running_mean, T *running_var, const Two *partial, const T *x,
                          Channel c, int parts, double momentum, double eps) {
  GRID_STRIDE(channel, c.channels) {
    const Moments m(join_parts(partial, channel, c.channels, parts), static_cast<double>(x[c.at(channel, 0)]),
                    c.n);
    mean[channel] = static_cast<T>(m.mean);
    invstd[channel] = static_cast<T>(1 / sqrt(m.m2 / c.n + eps));
    if (running_mean)
      running_mean[channel] =
          static_cast<T>((1 - momentum) * static_cast<double>(running_mean[channel]) + momentum * m.mean);
    if (running_var)
      running_var[channel] = static_cast<T>((1 - momentum) * static_cast<double>(running_var[channel]) +
                                            momentum * m.m2 / (c.n - 1));
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock) batch_norm_running(T *mean, T *invstd, const T *running_mean,
                                                             const T *running_var, int channels, double eps) {
  GRID_STRIDE(c, channels) {
    mean[c] = running_mean[c];
    invstd[c] = static_cast<T>(1 / sqrt(static_cast<double>(running_var[c]) + eps));
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    batch_norm_apply(T *y, const T *x, const T *mean, const T *invstd, const T *gamma, const T *beta, int n,
                     Divider inner, Divider channels) {
  GRID_STRIDE(i, n) {
    const uint32_t plane = inner.divide(i), c = plane - channels.divide(plane) * channels.divisor;
    T v = (x[i] - mean[c]) * invstd[c];
    if (gamma) v *= gamma[c];
    if (beta) v += beta[c];
    y[i] = v;
  }
}

// partial[part, channel] = Σ dy and Σ dy (x - mean). grid: channels, parts
template <typename T>
__global__ void __launch_bounds__(kBlock)
    batch_norm_gradient_sums(Two *partial, const T *dy, const T *x, const T *mean, Channel c, Parts parts) {
  const int channel = blockIdx.x;
  const T m = mean[channel];
  Two v = sum_two<T>(parts.begin() + threadIdx.x, parts.end(c), kBlock, [&](unsigned i, T &a, T &b) {
    const int64_t at = c.at(channel, i);
    a += dy[at], b += dy[at] * (x[at] - m);
  });
  v = line_join<kBlock>(v, JoinTwo{});
  if (threadIdx.x == 0) partial[static_cast<int64_t>(blockIdx.y) * c.channels + channel] = v;
}
// dbeta and dgamma, and means [channels, 2]: those of dy and dy x̂.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    batch_norm_gradients(T *means, T *dgamma, T *dbeta, const Two *partial, const T *invstd, int channels,
                         int parts, double count) {
  GRID_STRIDE(channel, channels) {
    Two v = join_parts(partial, channel, channels, parts);
    v.b *= static_cast<double>(invstd[channel]);
    means[2 * channel] = static_cast<T>(v.a / count), means[2 * channel + 1] = static_cast<T>(v.b / count);
    if (dbeta) dbeta[channel] = static_cast<T>(v.a);
    if (dgamma) dgamma[channel] = static_cast<T>(v.b);
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    batch_norm_backward(T *dx, const T *dy, const T *x, const T *gamma, const T *mean, const T *invstd,
                        const T *means, int n, Divider inner, Divider channels) {
  GRID_STRIDE(i, n) {
    const uint32_t plane = inner.divide(i), c = plane - channels.divide(plane) * channels.divisor;
    T g = dy[i];
    if (means) g -= means[2 * c] + (x[i] - mean[c]) * invstd[c] * means[2 * c + 1];
    dx[i] = g * invstd[c] * (gamma ? gamma[c] : T(1));
  }
}

// ---- layer, RMS and group norm: lines of contiguous elements
// --------------------------------------------------

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
__global__ void __launch_bounds__(kBlock) line_norm(T *y, T *mean, T *rstd, const T *x, const T *gamma,
                                                    const T *beta, Lines l, Affine affine, double eps) {
  int64_t at = 0;
  const int line = l.mine<L>(at);
  if (line < 0) return;
  x += at, y += at;
  const int first = threadIdx.x % L;
  const T shift = Centred ? x[0] : T(0);
  Two v = sum_two<T>(first, l.dim, L, [&](unsigned i, T &a, T &b) {
    const T d = x[i] - shift;
    a += d, b += d * d;
  });
  v = line_join<L>(v, JoinTwo{});
  const Moments m(v, static_cast<double>(shift), l.dim);
  const double centre = Centred ? m.mean : 0, scale = 1 / sqrt((Centred ? m.m2 : v.b) / l.dim + eps);
  const T rest = static_cast<T>(centre - static_cast<double>(shift)),
          by = static_cast<T>(scale); // both differences are small
  for (int i = first; i < l.dim; i += L) {
    const int k = affine.at(line, i);
    T out = (x[i] - shift - rest) * by;
    if (gamma) out *= gamma[k];
    if (beta) out += beta[k];
    y[i] = out;
  }
  if (first) return;
  if (mean) mean[line] = static_cast<T>(centre);
  rstd[line] = static_cast<T>(scale);
}

template <typename T, int L, bool Centred>
__global__ void __launch_bounds__(kBlock)
    line_norm_backward(T *dx, const T *dy, const T *x, const T *gamma, const T *mean, const T *rstd, Lines l,
                       Affine affine) {
  int64_t at = 0;
  const int line = l.mine<L>(at);
  if (line < 0) return;
  x += at, dx += at, dy += at;
  const int first = threadIdx.x % L;
  const T centre = Centred ? mean[line] : T(0), scale = rstd[line];
  Two v = sum_two<T>(first, l.dim, L, [&](unsigned i, T &a, T &b) {
    const T g = gamma ? dy[i] * gamma[affine.at(line, i)] : dy[i];
    a += g, b += g * ((x[i] - centre) * scale);
  });
  v = line_join<L>(v, JoinTwo{});
  const T mean_g = Centred ? static_cast<T>(v.a / l.dim) : T(0), mean_gx = static_cast<T>(v.b / l.dim);
  for (int i = first; i < l.dim; i += L) {
    const T g = gamma ? dy[i] * gamma[affine.at(line, i)] : dy[i];
    dx[i] = scale * (g - mean_g - (x[i] - centre) * scale * mean_gx);
  }
}

// partial[part] = Σ dy x̂ and Σ dy of each column over the part's rows: 32 columns and 8 rows at a time.
template <typename T, bool Centred>
__global__ void __launch_bounds__(kBlock)
    column_gradient_sums(Two *partial, const T *dy, const T *x, const T *mean, const T *rstd, int rows,
                         int cols, int part_rows) {
  RAP_SHARED(Two, shared, kBlock);
  const int column = blockIdx.x * 32 + static_cast<int>(threadIdx.x) % 32, row = threadIdx.x / 32;
  const int begin = blockIdx.y * part_rows, end = begin + part_rows < rows ? begin + part_rows : rows;
  Two v{0, 0};
  if (column < cols)
    v = sum_two<T>(begin + row, end, 8, [&](unsigned r, T &a, T &b) {
      const int64_t at = static_cast<int64_t>(r) * cols + column;
      a += dy[at] * ((x[at] - (Centred ? mean[r] : T(0))) * rstd[r]), b += dy[at];
    });
  shared[threadIdx.x] = v;
  __syncthreads();
  if (row > 0 || column >= cols) return;
  for (int r = 1; r < 8; r++) {
    const Two other = shared[r * 32 + threadIdx.x];
    v = JoinTwo{}(v, other);
  }
  partial[static_cast<int64_t>(blockIdx.y) * cols + column] = v;
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    column_gradient_join(T *dgamma, T *dbeta, const Two *partial, int parts, int cols) {
  GRID_STRIDE(c, cols) {
    Two v = partial[c];
    for (int p = 1; p < parts; p++) v = JoinTwo{}(v, partial[static_cast<int64_t>(p) * cols + c]);
    if (dgamma) dgamma[c] = static_cast<T>(v.a);
    if (dbeta) dbeta[c] = static_cast<T>(v.b);
  }
}

// Group norm: one block a channel, over the batch.
template <typename T>
__global__ void __launch_bounds__(kBlock)
    group_gradient_sums(T *dgamma, T *dbeta, const T *dy, const T *x, const T *mean, const T *rstd, Channel c,
                        int groups) {
  const int channel = blockIdx.x, group = channel / (c.channels / groups);
  Two v = sum_two<T>(threadIdx.x, c.n, kBlock, [&](unsigned i, T &a, T &b) {
    const int64_t at = c.at(channel, i), line = static_cast<int64_t>(c.inner.divide(i)) * groups + group;
    a += dy[at] * ((x[at] - mean[line]) * rstd[line]), b += dy[at];
  });
  v = line_join<kBlock>(v, JoinTwo{});
  if (threadIdx.x) return;
  if (dgamma) dgamma[channel] = static_cast<T>(v.a);
  if (dbeta) dbeta[channel] = static_cast<T>(v.b);
}

// ---- launches
// ------------------------------------------------------------------------------------------------

struct Pointers {
  void *y, *mean, *rstd;
  const void *x, *gamma, *beta;
};

template <bool Centred>
int32_t run_lines(int32_t dtype, const Pointers &p, const Lines &l, const Affine &affine, double eps) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    if (l.lines == 0 || l.dim == 0) return;
    with_line_threads(l, [&](auto threads) {
      constexpr int L = decltype(threads)::value;
      RUN((line_norm<T, L, Centred>), line_blocks(l, L), kBlock, static_cast<T *>(p.y),
          static_cast<T *>(p.mean), static_cast<T *>(p.rstd), static_cast<const T *>(p.x),
          static_cast<const T *>(p.gamma), static_cast<const T *>(p.beta), l, affine, eps);
    });
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

template <typename T, bool Centred>
void run_lines_backward(void *dx, const void *dy, const void *x, const void *gamma, const void *mean,
                        const void *rstd, const Lines &l, const Affine &affine) {
  if (!dx || l.lines == 0 || l.dim == 0) return;
  with_line_threads(l, [&](auto threads) {
    constexpr int L = decltype(threads)::value;
    RUN((line_norm_backward<T, L, Centred>), line_blocks(l, L), kBlock, static_cast<T *>(dx),
        static_cast<const T *>(dy), static_cast<const T *>(x), static_cast<const T *>(gamma),
        static_cast<const T *>(mean), static_cast<const T *>(rstd), l, affine);
  });
}

template <bool Centred>
int32_t run_rows_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy, const void *x,
                          const void *gamma, const void *mean, const void *rstd, int32_t rows, int32_t cols) {
  const Lines l(rows, cols, 1);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    run_lines_backward<T, Centred>(dx, dy, x, gamma, mean, rstd, l, Affine{});
    if ((!dgamma && !dbeta) || cols == 0) return;
    const int tiles = ceil_div(cols, 32), wanted = ceil_div(4 * rap_multiprocessors(), tiles),
              most = ceil_div(rows, 64);
    const int parts = wanted < most ? wanted : most < 1 ? 1 : most, part_rows = ceil_div(rows, parts);
    const Scratch memory(static_cast<size_t>(parts) * cols * sizeof(Two));
    Two *partial = memory.as<Two>();
    if (!partial) return;
    RUN((column_gradient_sums<T, Centred>), dim3(tiles, parts), kBlock, partial, static_cast<const T *>(dy),
        static_cast<const T *>(x), static_cast<const T *>(mean), static_cast<const T *>(rstd), rows, cols,
        part_rows);
    RUN((column_gradient_join<T>), blocks_for(cols), kBlock, static_cast<T *>(dgamma),
        static_cast<T *>(dbeta), partial, parts, cols);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

Affine group_affine(int channels, int inner, int groups) {
  return {1, channels / groups, Divider(static_cast<uint32_t>(groups)),
          Divider(static_cast<uint32_t>(inner ? inner : 1))};
}

} // namespace

int32_t rap_batch_norm(int32_t dtype, void *y, void *mean, void *invstd, void *running_mean,
                       void *running_var, const void *x, const void *gamma, const void *beta, int32_t batch,
                       int32_t channels, int32_t inner, int32_t training, double momentum, double eps) {
  const Channel c(batch, channels, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    T *m = static_cast<T *>(mean), *s = static_cast<T *>(invstd), *rm = static_cast<T *>(running_mean),
      *rv = static_cast<T *>(running_var);
    const T *from = static_cast<const T *>(x);
    if (c.n == 0 || channels == 0) return;
    if (training) {
      const Parts parts(c);
      const Scratch memory(static_cast<size_t>(parts.count) * channels * sizeof(Two));
      Two *partial = memory.as<Two>();
      if (!partial) return;
      RUN((batch_norm_sums<T>), parts.grid(c), kBlock, partial, from, c, parts);
      RUN((batch_norm_statistics<T>), blocks_for(channels), kBlock, m, s, rm, rv, partial, from, c,
          parts.count, momentum, eps);
    } else {
      RUN((batch_norm_running<T>), blocks_for(channels), kBlock, m, s, rm, rv, channels, eps);
    }
    const int n = c.n * channels;
    RUN((batch_norm_apply<T>), blocks_for(n), kBlock, static_cast<T *>(y), from, m, s,
        static_cast<const T *>(gamma), static_cast<const T *>(beta), n, c.inner,
        Divider(static_cast<uint32_t>(channels)));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_batch_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *invstd,
                                int32_t batch, int32_t channels, int32_t inner, int32_t training) {
  const Channel c(batch, channels, inner);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const T *g = static_cast<const T *>(dy), *from = static_cast<const T *>(x),
            *m = static_cast<const T *>(mean), *s = static_cast<const T *>(invstd);
    if (channels == 0) return;
    const bool needs_sums = training && dx;
    const Parts parts(c);
    const Scratch memory(static_cast<size_t>(channels) * (parts.count * sizeof(Two) + 2 * sizeof(T)));
    Two *partial = memory.as<Two>();
    if (!partial) return;
    T *means = reinterpret_cast<T *>(partial + static_cast<int64_t>(parts.count) * channels);
    if (needs_sums || dgamma || dbeta) {
      RUN((batch_norm_gradient_sums<T>), parts.grid(c), kBlock, partial, g, from, m, c, parts);
      RUN((batch_norm_gradients<T>), blocks_for(channels), kBlock, means, static_cast<T *>(dgamma),
          static_cast<T *>(dbeta), partial, s, channels, parts.count, static_cast<double>(c.n));
    }
    const int n = c.n * channels;
    if (dx && n)
      RUN((batch_norm_backward<T>), blocks_for(n), kBlock, static_cast<T *>(dx), g, from,
          static_cast<const T *>(gamma), m, s, needs_sums ? means : nullptr, n, c.inner,
          Divider(static_cast<uint32_t>(channels)));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_layer_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma,
                       const void *beta, int32_t rows, int32_t cols, double eps) {
  return run_lines<true>(dtype, {y, mean, rstd, x, gamma, beta}, Lines(rows, cols, 1), Affine{}, eps);
}

int32_t rap_layer_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *rstd,
                                int32_t rows, int32_t cols) {
  return run_rows_backward<true>(dtype, dx, dgamma, dbeta, dy, x, gamma, mean, rstd, rows, cols);
}

int32_t rap_rms_norm(int32_t dtype, void *y, void *rstd, const void *x, const void *gamma, int32_t rows,
                     int32_t cols, double eps) {
  return run_lines<false>(dtype, {y, nullptr, rstd, x, gamma, nullptr}, Lines(rows, cols, 1), Affine{}, eps);
}

int32_t rap_rms_norm_backward(int32_t dtype, void *dx, void *dgamma, const void *dy, const void *x,
                              const void *gamma, const void *rstd, int32_t rows, int32_t cols) {
  return run_rows_backward<false>(dtype, dx, dgamma, nullptr, dy, x, gamma, nullptr, rstd, rows, cols);
}

int32_t rap_group_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x, const void *gamma,
                       const void *beta, int32_t batch, int32_t channels, int32_t inner, int32_t groups,
                       double eps) {
  const Lines l(batch * groups, channels / groups * inner, 1);
  return run_lines<true>(dtype, {y, mean, rstd, x, gamma, beta}, l, group_affine(channels, inner, groups),
                         eps);
}

int32_t rap_group_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                const void *x, const void *gamma, const void *mean, const void *rstd,
                                int32_t batch, int32_t channels, int32_t inner, int32_t groups) {
  const Lines l(batch * groups, channels / groups * inner, 1);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    run_lines_backward<T, true>(dx, dy, x, gamma, mean, rstd, l, group_affine(channels, inner, groups));
    if ((dgamma || dbeta) && channels)
      RUN((group_gradient_sums<T>), channels, kBlock, static_cast<T *>(dgamma), static_cast<T *>(dbeta),
          static_cast<const T *>(dy), static_cast<const T *>(x), static_cast<const T *>(mean),
          static_cast<const T *>(rstd), Channel(batch, channels, inner), groups);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
