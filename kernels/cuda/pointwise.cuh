// Runs one row of pointwise.h over the elements: a flat kernel for contiguous operands and scalars, a strided
// one for every other layout.
#ifndef RAP_POINTWISE_CUH
#define RAP_POINTWISE_CUH

#include "math.cuh"

// Four elements that move together.
template <typename T> struct alignas(4 * sizeof(T)) Pack { T v[4]; };

// An operand of a flat kernel: a pointer to all elements, to one (step 0), or a number in place of a pointer.
template <typename T> struct Operand {
  const T *p;
  T number;
  int step;
  DEVICE T first() const { return step ? number : p ? *p : number; }
};

template <typename T> struct Parameters { T p, q; };

template <typename Op, typename T> HOST_DEVICE constexpr bool packed() {
  return Op::cost <= 4 && sizeof(T) <= 4;
}

template <typename T>
DEVICE void load_pack(Pack<T> &to, const Operand<T> &from, T first, unsigned at, int count, bool wide) {
  if (!from.step) {
#pragma unroll
    for (int j = 0; j < 4; j++) to.v[j] = first;
  } else if (wide && count == 4) {
    to = *reinterpret_cast<const Pack<T> *>(from.p + at);
  } else {
#pragma unroll
    for (int j = 0; j < 4; j++) to.v[j] = from.p[j < count ? at + j : at];
  }
}

// y[i] = Op(inputs[i]…). Cheap ops on elements of up to 4 bytes take four of them per thread.
template <typename Op, typename Out, typename T, int K>
__global__ void __launch_bounds__(kBlock)
    pointwise_flat(Out *y, Operand<T> a, Operand<T> b, Operand<T> c, int n, int wide,
                   Parameters<typename Op::Parameter> s) {
  const T a0 = a.first(), b0 = K > 1 ? b.first() : a0, c0 = K > 2 ? c.first() : a0;
  if (packed<Op, T>()) {
    GRID_STRIDE(i, (static_cast<unsigned>(n) + 3) / 4) {
      const unsigned at = i * 4;
      const int count = n - at < 4 ? n - at : 4;
      Pack<T> pa, pb, pc;
      load_pack(pa, a, a0, at, count, wide);
      if (K > 1)
        load_pack(pb, b, b0, at, count, wide);
      else
        pb = pa;
      if (K > 2)
        load_pack(pc, c, c0, at, count, wide);
      else
        pc = pa;
      Pack<Out> r;
#pragma unroll
      for (int j = 0; j < 4; j++) r.v[j] = static_cast<Out>(Op::apply(pa.v[j], pb.v[j], pc.v[j], s.p, s.q));
      if (wide && count == 4) {
        *reinterpret_cast<Pack<Out> *>(y + at) = r;
      } else {
#pragma unroll
        for (int j = 0; j < 4; j++)
          if (j < count) y[at + j] = r.v[j];
      }
    }
  } else {
    GRID_STRIDE(i, n) {
      y[i] = static_cast<Out>(Op::apply(a.step ? a.p[i] : a0, K > 1 && b.step ? b.p[i] : b0,
                                        K > 2 && c.step ? c.p[i] : c0, s.p, s.q));
    }
  }
}

template <typename Op, typename Out, typename T, int K>
__global__ void __launch_bounds__(kBlock)
    pointwise_strided(Out *y, const T *a, const T *b, const T *c, int n, Strided<K + 1> layout,
                      Parameters<typename Op::Parameter> s) {
  GRID_STRIDE(i, n) {
    int64_t at[K + 1];
    layout.offsets(i, at);
    y[at[0]] = static_cast<Out>(Op::apply(a[at[1]], K > 1 ? b[at[K > 1 ? 2 : 1]] : T{},
                                          K > 2 ? c[at[K > 2 ? 3 : 1]] : T{}, s.p, s.q));
  }
}

// One call of the ABI.
struct PointwiseCall {
  void *y;
  const void *in[3];
  int n, number_at; // which input is the number, or -1
  double number, p, q;
  const int32_t *meta;
};

template <typename T> bool aligned(const Operand<T> &o) {
  return !o.step || reinterpret_cast<uintptr_t>(o.p) % sizeof(Pack<T>) == 0;
}

template <typename Op, typename Out, typename T, int K> void run_pointwise(const PointwiseCall &call) {
  if (call.n == 0) return;
  using P = typename Op::Parameter;
  const Parameters<P> s{to_parameter<P>(call.p), to_parameter<P>(call.q)};
  Out *y = static_cast<Out *>(call.y);
  Operand<T> o[3] = {};
  for (int k = 0; k < K; k++) {
    o[k].p = static_cast<const T *>(call.in[k]), o[k].step = 1;
    if (k == call.number_at) o[k] = {nullptr, to_element<T>(call.number), 0};
  }
  if (call.meta) {
    const Strided<K + 1> layout(call.meta);
    bool flat = layout.dims == 0 || (layout.dims == 1 && layout.stride[0][0] == 1);
    for (int k = 0; k < K && layout.dims == 1; k++)
      flat = flat && (layout.stride[0][k + 1] == 0 || layout.stride[0][k + 1] == 1);
    if (!flat) {
      RUN((pointwise_strided<Op, Out, T, K>), blocks_for(call.n), kBlock, y, o[0].p, o[1].p, o[2].p, call.n,
          layout, s);
      return;
    }
    for (int k = 0; k < K; k++) o[k].step = layout.dims == 1 ? layout.stride[0][k + 1] : 1;
  }
  const int wide = aligned(o[0]) && aligned(o[1]) && aligned(o[2]) &&
                   reinterpret_cast<uintptr_t>(y) % sizeof(Pack<Out>) == 0;
  RUN((pointwise_flat<Op, Out, T, K>), blocks_for(packed<Op, T>() ? ceil_div(call.n, 4) : call.n), kBlock, y,
      o[0], o[1], o[2], call.n, wide, s);
}

// ---- rows as types
// -----------------------------------------------------------------------------------------

#define M(f) op_##f
#define K(c) T(c)
// kind_NAME::apply is the row's value; every row is given all inputs and parameters, and uses what it names.
#define RAP_ROW(kind, name, row_cost, value)                                                                 \
  template <typename T> struct kind##_##name {                                                               \
    using U = typename Unsigned<T>::type;                                                                    \
    using Parameter = T;                                                                                     \
    static constexpr int cost = row_cost;                                                                    \
    static DEVICE T apply(T a, T b, T c, T p, T q) {                                                         \
      const T x = a;                                                                                         \
      (void)x, (void)b, (void)c, (void)p, (void)q;                                                           \
      return static_cast<T>(value);                                                                          \
    }                                                                                                        \
  };
#define RAP_TEST(kind, name, row_cost, value)                                                                \
  template <typename T> struct kind##_##name {                                                               \
    using Parameter = double;                                                                                \
    static constexpr int cost = row_cost;                                                                    \
    static DEVICE uint8_t apply(T a, T b, T, double p, double q) {                                           \
      const T x = a;                                                                                         \
      (void)x, (void)b, (void)p, (void)q;                                                                    \
      return (value) ? 1 : 0;                                                                                \
    }                                                                                                        \
  };
template <typename T> struct Unsigned { using type = T; };
template <> struct Unsigned<int64_t> { using type = uint64_t; };
template <> struct Unsigned<int32_t> { using type = uint32_t; };

#endif
