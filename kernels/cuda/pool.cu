// Max and average pooling in 1, 2 and 3 dimensions, adaptive or not. The gradients gather: a thread to an
// input element looks up the windows that cover it, in order, so that no two threads add to one element.
#include "common.cuh"
#include <math.h>

namespace {

struct Axis {
  int in, out, kernel, stride, padding, dilation;
  DEVICE int begin(int o, bool adaptive) const {
    return adaptive ? static_cast<int>(static_cast<int64_t>(o) * in / out) : o * stride - padding;
  }
  DEVICE int end(int o, bool adaptive) const { // of an undilated window
    return adaptive ? static_cast<int>((static_cast<int64_t>(o + 1) * in + out - 1) / out)
                    : o * stride - padding + kernel;
  }
  // The outputs [from, to) whose windows may hold input i.
  DEVICE void outputs(int i, bool adaptive, int &from, int &to) const {
    if (adaptive) {
      from = static_cast<int>(static_cast<int64_t>(i) * out / in);
      to = static_cast<int>((static_cast<int64_t>(i + 1) * out + in - 1) / in);
    } else {
      const int reach = i + padding - (kernel - 1) * dilation;
      from = reach <= 0 ? 0 : (reach + stride - 1) / stride;
      to = (i + padding) / stride + 1;
    }
    if (to > out) to = out;
  }
};

struct Plan {
  int planes;
  bool adaptive;
  int in_size, out_size;
  Axis axis[3];
  Divider in_volume, in_plane, in_width, out_volume, out_plane, out_width;

  explicit Plan(const int32_t *m) : planes(m[0]), adaptive(m[7] == 0) {
    for (int i = 0; i < 3; i++) {
      axis[i] = {m[1 + i], m[4 + i], 1, 1, 0, 1};
      if (!adaptive)
        axis[i].kernel = m[7 + i], axis[i].stride = m[10 + i], axis[i].padding = m[13 + i],
        axis[i].dilation = m[16 + i];
    }
    in_size = m[1] * m[2] * m[3], out_size = m[4] * m[5] * m[6];
    in_volume = divider(in_size), in_plane = divider(m[2] * m[3]), in_width = divider(m[3]);
    out_volume = divider(out_size), out_plane = divider(m[5] * m[6]), out_width = divider(m[6]);
  }
  static Divider divider(int n) { return Divider(static_cast<uint32_t>(n > 0 ? n : 1)); }
  int inputs() const { return planes * in_size; }
  int outputs() const { return planes * out_size; }

  static DEVICE void split(uint32_t i, const Divider &volume, const Divider &plane, const Divider &width,
                           int &p, int &d, int &h, int &w) {
    p = volume.divide(i), i -= p * volume.divisor;
    d = plane.divide(i), i -= d * plane.divisor;
    h = width.divide(i), w = i - h * width.divisor;
  }
  DEVICE void input(uint32_t i, int &p, int &d, int &h, int &w) const {
    split(i, in_volume, in_plane, in_width, p, d, h, w);
  }
  DEVICE void output(uint32_t i, int &p, int &d, int &h, int &w) const {
    split(i, out_volume, out_plane, out_width, p, d, h, w);
  }
  DEVICE int in_at(int d, int h, int w) const { return (d * axis[1].in + h) * axis[2].in + w; }
  DEVICE int out_at(int d, int h, int w) const { return (d * axis[1].out + h) * axis[2].out + w; }
};

// ---- indices: flat positions of the input's plane, or (uint8) taps of the window
// -----------------------------

template <typename I> DEVICE int position(const Plan &, I index, int, int, int) {
  return static_cast<int>(index);
}
DEVICE int position(const Plan &plan, uint8_t tap, int od, int oh, int ow) {
  const Axis &d = plan.axis[0], &h = plan.axis[1], &w = plan.axis[2];
  const int kw = tap % w.kernel, kh = tap / w.kernel % h.kernel, kd = tap / w.kernel / h.kernel;
  return plan.in_at(d.begin(od, false) + kd * d.dilation, h.begin(oh, false) + kh * h.dilation,
                    w.begin(ow, false) + kw * w.dilation);
}

template <typename T, typename I>
__global__ void __launch_bounds__(kBlock)
    max_pool(T *y, I *indices, const T *x, const __grid_constant__ Plan plan, int n) {
  GRID_STRIDE(i, n) {
    int p, o[3], begin[3], end[3];
    plan.output(i, p, o[0], o[1], o[2]);
    for (int k = 0; k < 3; k++) {
      const Axis &a = plan.axis[k];
      begin[k] = a.begin(o[k], plan.adaptive);
      end[k] = plan.adaptive ? a.end(o[k], true) : begin[k] + (a.kernel - 1) * a.dilation + 1;
    }
    const T *from = x + static_cast<int64_t>(p) * plan.in_size;
    const int step[3] = {plan.axis[0].dilation, plan.axis[1].dilation, plan.axis[2].dilation};
    T best = -INFINITY;
    int at = -1, best_tap = 0, tap = 0;
    for (int d = begin[0]; d < end[0]; d += step[0])
      for (int h = begin[1]; h < end[1]; h += step[1])
        for (int w = begin[2]; w < end[2]; w += step[2], tap++) {
          if (d < 0 || h < 0 || w < 0 || d >= plan.axis[0].in || h >= plan.axis[1].in || w >= plan.axis[2].in)
            continue;
          const T v = from[plan.in_at(d, h, w)];
          if (at < 0 || v > best || v != v) best = v, at = plan.in_at(d, h, w), best_tap = tap;
        }
    y[i] = best;
    if (indices) indices[i] = static_cast<I>(sizeof(I) == 1 ? best_tap : at);
  }
}

template <typename T, typename I>
__global__ void __launch_bounds__(kBlock)
    max_pool_backward(T *dx, const T *dy, const I *indices, const __grid_constant__ Plan plan, int n) {
  GRID_STRIDE(i, n) {
    int p, at[3], from[3], to[3];
    plan.input(i, p, at[0], at[1], at[2]);
    for (int k = 0; k < 3; k++) plan.axis[k].outputs(at[k], plan.adaptive, from[k], to[k]);
    const int64_t base = static_cast<int64_t>(p) * plan.out_size;
    const int me = plan.in_at(at[0], at[1], at[2]);
    T sum = 0;
    for (int d = from[0]; d < to[0]; d++)
      for (int h = from[1]; h < to[1]; h++)
        for (int w = from[2]; w < to[2]; w++) {
          const int64_t o = base + plan.out_at(d, h, w);
          if (position(plan, indices[o], d, h, w) == me) sum += dy[o];
        }
    dx[i] = sum;
  }
}

template <typename T, typename I>
__global__ void __launch_bounds__(kBlock)
    max_pool_gather(T *y, const T *x, const I *indices, const __grid_constant__ Plan plan, int n) {
  GRID_STRIDE(i, n) {
    int p, d, h, w;
    plan.output(i, p, d, h, w);
    y[i] = x[static_cast<int64_t>(p) * plan.in_size + position(plan, indices[i], d, h, w)];
  }
}

// The last of several that go to one place wins: first every place learns who that is, then it is filled.
template <typename I>
__global__ void __launch_bounds__(kBlock)
    unpool_winners(int *winner, const I *indices, const __grid_constant__ Plan plan, int n) {
  GRID_STRIDE(i, n) {
    int p, d, h, w;
    plan.output(i, p, d, h, w);
    atomicMax(&winner[static_cast<int64_t>(p) * plan.in_size + position(plan, indices[i], d, h, w)],
              static_cast<int>(i));
  }
}
template <typename T>
__global__ void __launch_bounds__(kBlock) unpool_fill(T *y, const T *x, const int *winner, int n) {
  GRID_STRIDE(i, n) y[i] = winner[i] < 0 ? T(0) : x[winner[i]];
}

// ---- averages
// ------------------------------------------------------------------------------------------------

// What the window of output o divides by: the padding counts on request, but not what lies beyond it.
DEVICE int average_count(const Plan &plan, const int *o, int include_padding, int divisor) {
  if (divisor && !plan.adaptive) return divisor;
  int count = 1;
  for (int k = 0; k < 3; k++) {
    const Axis &a = plan.axis[k];
    int begin = a.begin(o[k], plan.adaptive), end = a.end(o[k], plan.adaptive);
    if (end > a.in + a.padding) end = a.in + a.padding;
    if (!include_padding) begin = begin < 0 ? 0 : begin, end = end > a.in ? a.in : end;
    count *= end - begin;
  }
  return count;
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    avg_pool(T *y, const T *x, int include_padding, int divisor, const __grid_constant__ Plan plan, int n) {
  GRID_STRIDE(i, n) {
    int p, o[3], begin[3], end[3];
    plan.output(i, p, o[0], o[1], o[2]);
    for (int k = 0; k < 3; k++) {
      begin[k] = plan.axis[k].begin(o[k], plan.adaptive), end[k] = plan.axis[k].end(o[k], plan.adaptive);
      if (begin[k] < 0) begin[k] = 0;
      if (end[k] > plan.axis[k].in) end[k] = plan.axis[k].in;
    }
    const T *from = x + static_cast<int64_t>(p) * plan.in_size;
    T sum = 0;
    for (int d = begin[0]; d < end[0]; d++)
      for (int h = begin[1]; h < end[1]; h++)
        for (int w = begin[2]; w < end[2]; w++) sum += from[plan.in_at(d, h, w)];
    y[i] = sum / static_cast<T>(average_count(plan, o, include_padding, divisor));
  }
}

template <typename T>
__global__ void __launch_bounds__(kBlock)
    avg_pool_backward(T *dx, const T *dy, int include_padding, int divisor, const __grid_constant__ Plan plan,
                      int n) {
  GRID_STRIDE(i, n) {
    int p, at[3], from[3], to[3];
    plan.input(i, p, at[0], at[1], at[2]);
    for (int k = 0; k < 3; k++) plan.axis[k].outputs(at[k], plan.adaptive, from[k], to[k]);
    const T *source = dy + static_cast<int64_t>(p) * plan.out_size;
    T sum = 0;
    int o[3];
    for (o[0] = from[0]; o[0] < to[0]; o[0]++)
      for (o[1] = from[1]; o[1] < to[1]; o[1]++)
        for (o[2] = from[2]; o[2] < to[2]; o[2]++)
          sum += source[plan.out_at(o[0], o[1], o[2])] /
                 static_cast<T>(average_count(plan, o, include_padding, divisor));
    dx[i] = sum;
  }
}

// ---- dtypes
// --------------------------------------------------------------------------------------------------

// Calls f with an element of the dtype and one of the indices'; false for a dtype without kernels.
template <typename F> bool with_types(int32_t dtype, int32_t index_dtype, F f) {
  return for_float(dtype, [&](auto element) {
    switch (index_dtype) {
    case RAP_INT64: f(element, int64_t{}); break;
    case RAP_INT32: f(element, int32_t{}); break;
    default: f(element, uint8_t{}); break;
    }
  });
}

} // namespace

int32_t rap_max_pool(int32_t dtype, void *y, void *indices, const void *x, int32_t index_dtype,
                     const int32_t *meta) {
  const Plan plan(meta);
  const bool known = with_types(dtype, index_dtype, [&](auto element, auto index) {
    using T = decltype(element);
    using I = decltype(index);
    const int n = plan.outputs();
    if (n)
      RUN((max_pool<T, I>), blocks_for(n), kBlock, static_cast<T *>(y), static_cast<I *>(indices),
          static_cast<const T *>(x), plan, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_max_pool_backward(int32_t dtype, void *dx, const void *dy, const void *indices,
                              int32_t index_dtype, const int32_t *meta) {
  const Plan plan(meta);
  const bool known = with_types(dtype, index_dtype, [&](auto element, auto index) {
    using T = decltype(element);
    using I = decltype(index);
    const int n = plan.inputs();
    if (n)
      RUN((max_pool_backward<T, I>), blocks_for(n), kBlock, static_cast<T *>(dx), static_cast<const T *>(dy),
          static_cast<const I *>(indices), plan, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_max_pool_gather(int32_t dtype, void *y, const void *x, const void *indices, int32_t index_dtype,
                            const int32_t *meta) {
  const Plan plan(meta);
  const bool known = with_types(dtype, index_dtype, [&](auto element, auto index) {
    using T = decltype(element);
    using I = decltype(index);
    const int n = plan.outputs();
    if (n)
      RUN((max_pool_gather<T, I>), blocks_for(n), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
          static_cast<const I *>(indices), plan, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_max_unpool(int32_t dtype, void *y, const void *x, const void *indices, int32_t index_dtype,
                       const int32_t *meta) {
  const Plan plan(meta);
  const bool known = with_types(dtype, index_dtype, [&](auto element, auto index) {
    using T = decltype(element);
    using I = decltype(index);
    const int n = plan.outputs(), places = plan.inputs();
    if (!places) return;
    const Scratch memory(static_cast<size_t>(places) * sizeof(int));
    int *winner = memory.as<int>();
    if (!winner) return;
    rap_fill(RAP_INT32, winner, places, -1);
    if (n) RUN((unpool_winners<I>), blocks_for(n), kBlock, winner, static_cast<const I *>(indices), plan, n);
    RUN((unpool_fill<T>), blocks_for(places), kBlock, static_cast<T *>(y), static_cast<const T *>(x), winner,
        places);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_avg_pool(int32_t dtype, void *y, const void *x, int32_t include_padding, int32_t divisor,
                     const int32_t *meta) {
  const Plan plan(meta);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int n = plan.outputs();
    if (n)
      RUN((avg_pool<T>), blocks_for(n), kBlock, static_cast<T *>(y), static_cast<const T *>(x),
          include_padding, divisor, plan, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_avg_pool_backward(int32_t dtype, void *dx, const void *dy, int32_t include_padding,
                              int32_t divisor, const int32_t *meta) {
  const Plan plan(meta);
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    const int n = plan.inputs();
    if (n)
      RUN((avg_pool_backward<T>), blocks_for(n), kBlock, static_cast<T *>(dx), static_cast<const T *>(dy),
          include_padding, divisor, plan, n);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
