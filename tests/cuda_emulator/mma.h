// Stands in for CUDA's mma.h: nvcuda::wmma for TF32 and bfloat16 with float32 sums.
//
// Each lane holds its share of a matrix, as on a card; who holds what CUDA leaves open, and here it is an order that no
// card has. All 32 lanes must meet in each call, with the same address where there is one. Addresses and distances are
// held to CUDA's alignment. TF32 operands lose what TF32 does not hold, rounded or not.
#pragma once
#include "cuda_bf16.h"
#include "cuda_runtime.h"

namespace nvcuda {
namespace wmma {

struct row_major;
struct col_major;
struct matrix_a;
struct matrix_b;
struct accumulator;
namespace precision {
struct tf32;
}
enum layout_t { mem_row_major, mem_col_major };

namespace detail {

template <typename T> struct Element { using type = T; };
template <> struct Element<precision::tf32> { using type = float; };

// The shapes that cards have, with M × K and K × N operands.
template <typename T, int M, int N, int K> constexpr bool has_shape() {
  if (std::is_same<T, precision::tf32>::value) return M == 16 && N == 16 && K == 8;
  if (std::is_same<T, __nv_bfloat16>::value) return K == 16 && M * N == 256 && (M == 8 || M == 16 || M == 32);
  return std::is_same<T, float>::value && M * N == 256 && (K == 8 || K == 16); // an accumulator
}

// The lower 13 bits of a float32 do not count. A NaN keeps them, so that poison stays recognisable.
inline float as_operand(float v) {
  const unsigned bits = ::emu::bits_of<unsigned>(&v), kept = bits & 0xffffe000u;
  return v != v ? v : ::emu::bits_of<float>(&kept);
}
inline float as_operand(__nv_bfloat16 v) { return v; }

} // namespace detail

// To the nearest TF32, ties away from zero.
inline float __float_to_tf32(float v) {
  const unsigned bits = ::emu::bits_of<unsigned>(&v), rounded = (bits + 0x1000u) & 0xffffe000u;
  return v != v ? v : ::emu::bits_of<float>(&rounded);
}

template <typename Use, int M, int N, int K, typename T, typename Layout = void> struct fragment {
  static_assert(detail::has_shape<T, M, N, K>(), "no card multiplies fragments of this type and shape");
  using element_type = T;
  using storage_element_type = typename detail::Element<T>::type;
  static constexpr int rows = std::is_same<Use, matrix_b>::value ? K : M, cols = std::is_same<Use, matrix_a>::value ? K : N;
  static constexpr int num_elements = rows * cols / 32, num_storage_elements = num_elements;
  static constexpr bool by_row = std::is_same<Layout, row_major>::value;
  storage_element_type x[num_elements];
};

template <typename F> inline void fill_fragment(F &f, typename F::storage_element_type v) {
  for (int i = 0; i < F::num_elements; i++) f.x[i] = v;
}

namespace detail {

using ::emu::Meeting;

inline void meet(Meeting *mine, int line) {
  ::emu::warp(::emu::WarpOp::meet, 0xffffffffu, reinterpret_cast<uintptr_t>(mine), 0, 32, line);
}

struct Transfer : Meeting {
  const void *p;
  unsigned distance;
  int layout;
  static void same(Meeting *const *lanes) {
    for (int lane = 1; lane < 32; lane++) {
      const Transfer &a = static_cast<const Transfer &>(*lanes[0]), &b = static_cast<const Transfer &>(*lanes[lane]);
      if (a.p != b.p || a.distance != b.distance || a.layout != b.layout)
        ::emu::fault("divergent warp operation", "a fragment's address, distance or layout differs between lanes 0 and %d", lane);
    }
  }
};

template <typename T> T *address(T *p) { return p; }
template <typename T> T *address(const ::emu::SharedPointer<T> &p) { return p.p; }

template <typename F, typename P> void agree(P p, unsigned distance, int layout, int line) {
  const size_t size = sizeof(typename F::storage_element_type);
  if (::emu::offset_in_allocation(address(p)) % 32 != 0) ::emu::fault("misaligned", "a fragment at %p, which is not a multiple of 32 bytes", (const void *)address(p));
  if (distance * size % 16 != 0) ::emu::fault("misaligned", "a fragment's rows are %u elements apart, which is not a multiple of 16 bytes", distance);
  Transfer mine;
  mine.run = Transfer::same, mine.p = address(p), mine.distance = distance, mine.layout = layout;
  meet(&mine, line);
}

// Element i of this lane is element `i * 32 + lane` of the matrix, row by row.
template <typename F> int64_t place(int i, unsigned distance, bool by_row) {
  const int at = i * 32 + ::emu::active_lane(), row = at / F::cols, col = at % F::cols;
  return by_row ? static_cast<int64_t>(row) * distance + col : static_cast<int64_t>(col) * distance + row;
}

template <typename F, typename P> void load(F &f, P p, unsigned distance, bool by_row, int line) {
  agree<F>(p, distance, by_row, line);
  for (int i = 0; i < F::num_elements; i++) f.x[i] = p[place<F>(i, distance, by_row)];
}

template <typename F> void gather(float *to, const F &f, int lane) {
  for (int i = 0; i < F::num_elements; i++) to[i * 32 + lane] = as_operand(f.x[i]);
}

template <typename D, typename A, typename B> struct Product : Meeting {
  D *d;
  const A *a;
  const B *b;
  const D *c;
  // In double, rounded once: a card rounds more often, in an order of its own.
  static void compute(Meeting *const *lanes) {
    float a[A::rows * A::cols], b[B::rows * B::cols], d[D::rows * D::cols];
    for (int lane = 0; lane < 32; lane++) {
      const Product &mine = static_cast<const Product &>(*lanes[lane]);
      gather(a, *mine.a, lane), gather(b, *mine.b, lane);
    }
    for (int i = 0; i < D::rows; i++) {
      double sum[D::cols];
      for (int j = 0; j < D::cols; j++) {
        const int at = i * D::cols + j;
        sum[j] = static_cast<double>(static_cast<const Product &>(*lanes[at % 32]).c->x[at / 32]);
      }
      for (int k = 0; k < A::cols; k++)
        for (int j = 0; j < D::cols; j++) sum[j] += static_cast<double>(a[i * A::cols + k]) * static_cast<double>(b[k * B::cols + j]);
      for (int j = 0; j < D::cols; j++) d[i * D::cols + j] = static_cast<float>(sum[j]);
    }
    for (int lane = 0; lane < 32; lane++)
      for (int i = 0; i < D::num_elements; i++) static_cast<Product &>(*lanes[lane]).d->x[i] = d[i * 32 + lane];
  }
};

} // namespace detail

// `p` is a pointer to global memory or an RAP_SHARED_PTR.
template <typename Use, int M, int N, int K, typename T, typename Layout, typename P>
inline void load_matrix_sync(fragment<Use, M, N, K, T, Layout> &f, P p, unsigned distance, int line = __builtin_LINE()) {
  static_assert(!std::is_same<Use, accumulator>::value, "an accumulator is loaded with its layout");
  detail::load(f, p, distance, fragment<Use, M, N, K, T, Layout>::by_row, line);
}
template <int M, int N, int K, typename P>
inline void load_matrix_sync(fragment<accumulator, M, N, K, float> &f, P p, unsigned distance, layout_t layout, int line = __builtin_LINE()) {
  detail::load(f, p, distance, layout == mem_row_major, line);
}

template <int M, int N, int K, typename P>
inline void store_matrix_sync(P p, const fragment<accumulator, M, N, K, float> &f, unsigned distance, layout_t layout, int line = __builtin_LINE()) {
  using F = fragment<accumulator, M, N, K, float>;
  detail::agree<F>(p, distance, layout, line);
  for (int i = 0; i < F::num_elements; i++) p[detail::place<F>(i, distance, layout == mem_row_major)] = f.x[i];
}

template <int M, int N, int K, typename T, typename LayoutA, typename LayoutB>
inline void mma_sync(fragment<accumulator, M, N, K, float> &d, const fragment<matrix_a, M, N, K, T, LayoutA> &a,
                     const fragment<matrix_b, M, N, K, T, LayoutB> &b, const fragment<accumulator, M, N, K, float> &c,
                     int line = __builtin_LINE()) {
  detail::Product<fragment<accumulator, M, N, K, float>, fragment<matrix_a, M, N, K, T, LayoutA>, fragment<matrix_b, M, N, K, T, LayoutB>> mine;
  mine.run = mine.compute, mine.d = &d, mine.a = &a, mine.b = &b, mine.c = &c;
  detail::meet(&mine, line);
}

} // namespace wmma
} // namespace nvcuda
