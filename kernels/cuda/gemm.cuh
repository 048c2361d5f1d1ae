// The heart of matmul and of convolution: a block computes a BM × BN tile of a product, BK deep at a time. Operands go
// from global memory into registers, from there into one of two shared buffers while the other is being multiplied, and
// each thread keeps a TM × TN piece of the tile in registers.
#ifndef RAP_GEMM_CUH
#define RAP_GEMM_CUH

#include "common.cuh"

// Four elements that are moved at once.
template <typename T> struct alignas(sizeof(T) * 4 < 16 ? sizeof(T) * 4 : 16) Four {
  T v[4];
};

// What a type's products are summed in: integers wrap, as in PyTorch.
template <typename T> struct Accumulator { using type = T; };
template <> struct Accumulator<int64_t> { using type = uint64_t; };
template <> struct Accumulator<int32_t> { using type = uint32_t; };
template <> struct Accumulator<uint8_t> { using type = uint32_t; };

// The sizes of a tile. Rows of the shared buffers are 4 longer, so that transposing stores meet different banks.
template <typename T_, int BM_, int BN_, int BK_, int TM_, int TN_> struct Tile {
  using T = T_;
  using Acc = typename Accumulator<T>::type;
  static constexpr int BM = BM_, BN = BN_, BK = BK_, TM = TM_, TN = TN_;
  static constexpr int threads = (BM / TM) * (BN / TN);
  static constexpr int a_row = BM + 4, b_row = BN + 4;
  static constexpr int shared = 2 * BK * (a_row + b_row); // elements
  static_assert(TM % 4 == 0 && TN % 4 == 0, "a thread reads its operands four at a time");
};
// The small one is for few rows or columns and for wide types.
using LargeTile = Tile<float, 128, 128, 8, 8, 8>;
template <typename T> using SmallTile = Tile<T, 64, 64, 16, 4, 4>;

// One operand as a matrix of ROWS rows, `depth` long: element (r, k) at r * row_stride + k * depth_stride.
// DepthFast: neighbouring threads take neighbouring k (depth_stride is 1). Wide: four elements along the fast direction.
// Fetches go on from one another, so that a thread keeps a pointer and not the means to compute it.
template <typename T, int ROWS, int BK, int THREADS, bool DepthFast, bool Wide> struct MatrixLoader {
  static constexpr int W = Wide ? 4 : 1, count = ROWS * BK / (THREADS * W);
  static constexpr int line = DepthFast ? BK / W : ROWS / W, apart = THREADS / line; // of a thread's elements
  static_assert(ROWS * BK % (THREADS * W) == 0 && THREADS % line == 0, "every thread loads the same number of elements");
  const T *at;
  int rows; // from the thread's first
  int64_t row_stride, depth_stride;
  T held[count * W];

  DEVICE MatrixLoader(const T *p, int all_rows, int first_row, int64_t row_stride, int64_t depth_stride, int begin)
      : rows(all_rows - first_row - row(0)), row_stride(row_stride), depth_stride(depth_stride) {
    at = p + (first_row + row(0)) * row_stride + (begin + depth(0)) * depth_stride;
  }
  static DEVICE int row(int i) { return DepthFast ? threadIdx.x / line + i * apart : threadIdx.x % line * W; }
  static DEVICE int depth(int i) { return DepthFast ? threadIdx.x % line * W : threadIdx.x / line + i * apart; }

  // Elements [k0, k0 + BK) of the depth, zeros from `end` on and beyond the last row.
  DEVICE void fetch(int k0, int end) {
#pragma unroll
    for (int i = 0; i < count; i++) {
      const bool inside = (DepthFast ? i * apart : 0) < rows && k0 + depth(i) < end;
      const T *from = at + i * apart * (DepthFast ? row_stride : depth_stride);
      if (Wide) {
        Four<T> v = {};
        if (inside) v = *reinterpret_cast<const Four<T> *>(from);
#pragma unroll
        for (int j = 0; j < 4; j++) held[i * W + (Wide ? j : 0)] = v.v[j];
      } else {
        held[i] = inside ? *from : T(0);
      }
    }
    at += BK * depth_stride;
  }
  // Into the shared buffer [BK][ROWS + 4].
  DEVICE void store(RAP_SHARED_PTR(T) tile) const {
#pragma unroll
    for (int i = 0; i < count; i++) {
      const int r = row(i), k = depth(i);
      if (Wide && !DepthFast) {
        Four<T> v;
#pragma unroll
        for (int j = 0; j < 4; j++) v.v[j] = held[i * W + (Wide ? j : 0)];
        RAP_SHARED_AS(Four<T>, tile + (k * (ROWS + 4) + r))[0] = v;
      } else {
#pragma unroll
        for (int j = 0; j < W; j++) tile[(k + j) * (ROWS + 4) + r] = held[i * W + j];
      }
    }
  }
};

// Row i of a thread's piece: pieces of four lie BM / (TM / 4) apart, so that a warp reads a row of the buffer in order.
template <int B, int Mine> DEVICE int piece_offset(int thread, int i) { return (i / 4) * (B / (Mine / 4)) + thread * 4 + i % 4; }

// sum[i][j] += Σ_k a(i, k) b(j, k) over [begin, end) of the depth. All threads of the block call it.
template <typename S, typename A, typename B>
DEVICE void multiply_tiles(A &a, B &b, int begin, int end, typename S::Acc (&sum)[S::TM][S::TN], RAP_SHARED_PTR(typename S::T) buffer) {
  using T = typename S::T;
  using Acc = typename S::Acc;
  constexpr int a_size = S::BK * S::a_row, b_size = S::BK * S::b_row;
  const int tx = threadIdx.x % (S::BN / S::TN), ty = threadIdx.x / (S::BN / S::TN);
  if (begin >= end) return;
  a.fetch(begin, end), b.fetch(begin, end);
  a.store(buffer), b.store(buffer + 2 * a_size);
  __syncthreads();
  int now = 0;
  for (int k0 = begin; k0 < end; k0 += S::BK) {
    const bool more = k0 + S::BK < end;
    if (more) a.fetch(k0 + S::BK, end), b.fetch(k0 + S::BK, end);
    RAP_SHARED_PTR(T) const at = buffer + now * a_size;
    RAP_SHARED_PTR(T) const bt = buffer + (2 * a_size + now * b_size);
#pragma unroll
    for (int k = 0; k < S::BK; k++) {
      T av[S::TM], bv[S::TN];
#pragma unroll
      for (int i = 0; i < S::TM; i += 4) {
        const Four<T> v = RAP_SHARED_AS(const Four<T>, at + (k * S::a_row + piece_offset<S::BM, S::TM>(ty, i)))[0];
#pragma unroll
        for (int j = 0; j < 4; j++) av[i + j] = v.v[j];
      }
#pragma unroll
      for (int i = 0; i < S::TN; i += 4) {
        const Four<T> v = RAP_SHARED_AS(const Four<T>, bt + (k * S::b_row + piece_offset<S::BN, S::TN>(tx, i)))[0];
#pragma unroll
        for (int j = 0; j < 4; j++) bv[i + j] = v.v[j];
      }
#pragma unroll
      for (int i = 0; i < S::TM; i++)
#pragma unroll
        for (int j = 0; j < S::TN; j++) sum[i][j] += static_cast<Acc>(av[i]) * static_cast<Acc>(bv[j]);
    }
    if (more) {
      now ^= 1;
      a.store(buffer + now * a_size), b.store(buffer + (2 * a_size + now * b_size));
      __syncthreads();
    }
  }
}

// Which parts of the depth a launch is split into, so that few tiles still fill the card: 1 when there are enough tiles.
inline int depth_splits(int64_t tiles, int depth) {
  const int64_t wanted = ceil_div<int64_t>(2 * rap_multiprocessors(), tiles > 0 ? tiles : 1), most = depth / 256;
  return static_cast<int>(wanted < 2 || most < 2 ? 1 : wanted < most ? (wanted < 32 ? wanted : 32) : (most < 32 ? most : 32));
}

#endif
