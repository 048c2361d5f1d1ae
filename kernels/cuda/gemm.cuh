// The tiled product behind matmul and convolution. Blocks compute tiles of BM × BN outputs, BK of the depth
// at a time: loaders fetch the operands into registers, from there into one of two shared buffers while the
// other is being multiplied, and each thread keeps a TM × TN piece of the tile in registers. tensor.cuh has
// the tiles for tensor cores.
#ifndef RAP_GEMM_CUH
#define RAP_GEMM_CUH

#include "common.cuh"

// Four elements that are moved at once.
template <typename T> struct alignas(sizeof(T) * 4 < 16 ? sizeof(T) * 4 : 16) Four { T v[4]; };

// Four neighbours of a row, of which `left` are inside the matrix; `wide` when their address is always a
// multiple of four.
template <typename T> DEVICE void store_four(T *to, const T (&v)[4], int left, bool wide) {
  if (wide && left >= 4) {
    Four<T> four;
#pragma unroll
    for (int j = 0; j < 4; j++) four.v[j] = v[j];
    *reinterpret_cast<Four<T> *>(to) = four;
    return;
  }
#pragma unroll
  for (int j = 0; j < 4; j++)
    if (j < left) to[j] = v[j];
}

// What a type's products are summed in: integers wrap, as in PyTorch.
template <typename T> struct Accumulator { using type = T; };
template <> struct Accumulator<int64_t> { using type = uint64_t; };
template <> struct Accumulator<int32_t> { using type = uint32_t; };
template <> struct Accumulator<uint8_t> { using type = uint32_t; };

// How elements are held in shared memory: as they are, or (tensor.cuh) rounded.
template <typename T> struct Exact {
  using Element = T;
  static DEVICE T convert(T v) { return v; }
};

// One operand's part of a tile in shared memory: ROWS × BK elements, with neighbours along the rows (of the
// tile's columns k), or with ByRow along the depth. Its lines are longer by `Pad`, so that accesses across
// them meet other banks.
template <typename T_, typename How, int ROWS, int BK, bool ByRow, int Pad> struct Side {
  using T = T_;
  using E = typename How::Element;
  static constexpr int rows = ROWS, depth = BK, pitch = (ByRow ? BK : ROWS) + Pad,
                       size = (ByRow ? ROWS : BK) * pitch;
  static constexpr bool by_row = ByRow;
  static DEVICE int at(int r, int k) { return ByRow ? r * pitch + k : k * pitch + r; }
  static DEVICE E convert(T v) { return How::convert(v); }
};

// One operand as a matrix of `rows` rows, `depth` long: element (r, k) at r * row_stride + k * depth_stride.
// DepthFast: neighbouring threads take neighbouring k. Wide: four elements along the fast direction, whose
// stride is 1. Fetches go on from one another, so that a thread keeps a pointer and not the means to compute
// it.
template <typename S, int THREADS, bool DepthFast, bool Wide> struct MatrixLoader {
  using T = typename S::T;
  using E = typename S::E;
  static constexpr int W = Wide ? 4 : 1, count = S::rows * S::depth / (THREADS * W);
  static constexpr int line = DepthFast ? S::depth / W : S::rows / W,
                       apart = THREADS / line;          // of a thread's elements
  static constexpr bool one = count == 1 || !DepthFast; // a thread stays on its first row (or four rows)
  static_assert(S::rows * S::depth % (THREADS * W) == 0 && THREADS % line == 0,
                "every thread loads the same number of elements");
  const T *at;
  int rows;                                 // from the thread's first
  const int64_t &row_stride, &depth_stride; // stay where the launch's constants are
  T held[count * W];

  DEVICE MatrixLoader(const T *p, int all_rows, int first_row, const int64_t &row_stride,
                      const int64_t &depth_stride, int begin)
      : rows(all_rows - first_row - row(0)), row_stride(row_stride), depth_stride(depth_stride) {
    int mine = first_row + row(0);
    // Rows beyond the last one become outputs that nobody stores: a thread with one row reads the last one in
    // their place.
    if (one && rows <= 0) mine = all_rows - (DepthFast ? 1 : W);
    at = p + mine * (Wide && !DepthFast ? 1 : row_stride) +
         (begin + depth(0)) * (Wide && DepthFast ? 1 : depth_stride);
  }
  static DEVICE int row(int i) { return DepthFast ? threadIdx.x / line + i * apart : threadIdx.x % line * W; }
  static DEVICE int depth(int i) {
    return DepthFast ? threadIdx.x % line * W : threadIdx.x / line + i * apart;
  }

  // Elements [k0, k0 + depth) of the depth, zeros from `end` on.
  DEVICE void fetch(int k0, int end) {
#pragma unroll
    for (int i = 0; i < count; i++) {
      const bool inside = (one || i * apart < rows) && k0 + depth(i) < end;
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
    at += Wide && DepthFast ? S::depth : S::depth * depth_stride;
  }
  DEVICE void store(RAP_SHARED_PTR(E) tile) const {
#pragma unroll
    for (int i = 0; i < count; i++) {
      const int r = row(i), k = depth(i);
      if (Wide && DepthFast == S::by_row) {
        Four<E> v;
#pragma unroll
        for (int j = 0; j < 4; j++) v.v[j] = S::convert(held[i * W + (Wide ? j : 0)]);
        RAP_SHARED_AS(Four<E>, tile + S::at(r, k))[0] = v;
      } else {
#pragma unroll
        for (int j = 0; j < W; j++)
          tile[DepthFast ? S::at(r, k + j) : S::at(r + j, k)] = S::convert(held[i * W + j]);
      }
    }
  }
};

// sum += Σ_k a(i, k) b(j, k) over [begin, end) of the depth, by `step(at, bt)` for each pair of shared tiles.
// All threads of the block call it; the buffer holds two tiles of a, then two of b.
template <typename S, typename A, typename B, typename Step>
DEVICE void multiply_in_turns(A &a, B &b, int begin, int end, RAP_SHARED_PTR(typename S::E) buffer,
                              Step step) {
  constexpr int a_size = S::A::size, b_size = S::B::size;
  if (begin >= end) return;
  a.fetch(begin, end), b.fetch(begin, end);
  a.store(buffer), b.store(buffer + 2 * a_size);
  __syncthreads();
  int now = 0;
  for (int k0 = begin; k0 < end; k0 += S::BK) {
    const bool more = k0 + S::BK < end;
    if (more) a.fetch(k0 + S::BK, end), b.fetch(k0 + S::BK, end);
    step(buffer + now * a_size, buffer + (2 * a_size + now * b_size));
    if (more) {
      now ^= 1;
      a.store(buffer + now * a_size), b.store(buffer + (2 * a_size + now * b_size));
      __syncthreads();
    }
  }
}

// A tile for the ordinary units. `Resident` blocks are to fit a multiprocessor at once.
template <typename T_, int BM_, int BN_, int BK_, int TM, int TN, int Resident = 1> struct Tile {
  using T = T_;
  using E = T_;
  using Acc = typename Accumulator<T>::type;
  static constexpr int BM = BM_, BN = BN_, BK = BK_, threads = (BM / TM) * (BN / TN), resident = Resident;
  using A = Side<T, Exact<T>, BM, BK, false, 4>;
  using B = Side<T, Exact<T>, BN, BK, false, 4>;
  static constexpr int shared = 2 * (A::size + B::size); // elements
  static constexpr int across = BN / TN / 8;             // warps along the columns; a warp is 4 × 8 threads
  static_assert(TM % 4 == 0 && TN % 4 == 0, "a thread reads its operands four at a time");
  static_assert(BM / TM % 4 == 0 && BN / TN % 8 == 0, "warps of 4 × 8 threads fill the tile");

  // A thread's pieces of four lie apart, so that a warp reads a row of a buffer in order.
  static DEVICE int row(int i) {
    return (i / 4) * (BM / (TM / 4)) +
           (static_cast<int>(threadIdx.x) / 32 / across * 4 + static_cast<int>(threadIdx.x) % 32 / 8) * 4 +
           i % 4;
  }
  static DEVICE int column(int j) {
    return (j / 4) * (BN / (TN / 4)) +
           (static_cast<int>(threadIdx.x) / 32 % across * 8 + static_cast<int>(threadIdx.x) % 8) * 4 + j % 4;
  }

  struct Product {
    Acc sum[TM][TN] = {};

    template <typename LA, typename LB>
    DEVICE void multiply(LA &a, LB &b, int begin, int end, RAP_SHARED_PTR(T) buffer) {
      multiply_in_turns<Tile>(a, b, begin, end, buffer, [&](RAP_SHARED_PTR(T) at, RAP_SHARED_PTR(T) bt) {
#pragma unroll
        for (int k = 0; k < BK; k++) {
          T av[TM], bv[TN];
#pragma unroll
          for (int i = 0; i < TM; i += 4) {
            const Four<T> v = RAP_SHARED_AS(const Four<T>, at + A::at(row(i), k))[0];
#pragma unroll
            for (int j = 0; j < 4; j++) av[i + j] = v.v[j];
          }
#pragma unroll
          for (int i = 0; i < TN; i += 4) {
            const Four<T> v = RAP_SHARED_AS(const Four<T>, bt + B::at(column(i), k))[0];
#pragma unroll
            for (int j = 0; j < 4; j++) bv[i + j] = v.v[j];
          }
#pragma unroll
          for (int i = 0; i < TM; i++)
#pragma unroll
            for (int j = 0; j < TN; j++) sum[i][j] += static_cast<Acc>(av[i]) * static_cast<Acc>(bv[j]);
        }
      });
    }
    // f(row, column, four sums) for every four of the tile that this thread has to finish.
    template <typename F> DEVICE void each_four(RAP_SHARED_PTR(T), F f) const {
#pragma unroll
      for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j += 4) {
          const Acc four[4] = {sum[i][j], sum[i][j + 1], sum[i][j + 2], sum[i][j + 3]};
          f(row(i), column(j), four);
        }
    }
  };
};
// The small one is for few rows or columns and for wide types.
using LargeTile = Tile<float, 128, 128, 8, 8, 8, 2>;
template <typename T> using SmallTile = Tile<T, 64, 64, 16, 4, 4>;

// Which parts of the depth a launch is split into, so that few tiles still fill the card: 1 when there are
// enough tiles.
inline int depth_splits(int64_t tiles, int depth) {
  const int64_t wanted = ceil_div<int64_t>(2 * rap_multiprocessors(), tiles > 0 ? tiles : 1),
                most = depth / 256;
  return static_cast<int>(wanted < 2 || most < 2 ? 1
                          : wanted < most        ? (wanted < 32 ? wanted : 32)
                                                 : (most < 32 ? most : 32));
}

#endif
