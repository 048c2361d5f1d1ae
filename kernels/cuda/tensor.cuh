// Tiles of gemm.cuh for tensor cores (sm_80 and later): the operands are rounded to TF32 or bfloat16 on their
// way into shared memory, the sums stay float32. A warp holds WM × WN outputs in fragments of 16 × 16.
#ifndef RAP_TENSOR_CUH
#define RAP_TENSOR_CUH

#include "gemm.cuh"
#include <cuda_bf16.h>
#include <mma.h>

// The host and the emulator see everything; a card below sm_80 gets kernels without a body, which are not
// launched there.
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 800
#define RAP_TENSOR_CORES 1
#else
#define RAP_TENSOR_CORES 0
#endif

struct Tf32 {
  using Element = float;
  static constexpr int k = 8; // of a fragment
#if RAP_TENSOR_CORES
  using Fragment = nvcuda::wmma::precision::tf32;
  static DEVICE float convert(float v) { return nvcuda::wmma::__float_to_tf32(v); }
#else
  static DEVICE float convert(float v) { return v; }
#endif
};
struct Bf16 {
  using Element = __nv_bfloat16;
  using Fragment = __nv_bfloat16;
  static constexpr int k = 16;
  static DEVICE __nv_bfloat16 convert(float v) { return __float2bfloat16_rn(v); }
};

// The shared tiles keep the operands' own order (ARow: a's depth is contiguous; BRow: b's), since fragments
// are loaded from either: nothing is transposed on the way.
template <typename How, int BM_, int BN_, int WM, int WN, bool ARow, bool BRow> struct TensorTile {
  using T = float;
  using E = typename How::Element;
  using Acc = float;
  static constexpr int BM = BM_, BN = BN_, BK = 64 / static_cast<int>(sizeof(E)),
                       threads = BM / WM * (BN / WN) * 32, resident = 1;
  // Lines are padded so that the eight lines a fragment's load touches at once lie in different banks.
  static constexpr int pad_row = 16 / static_cast<int>(sizeof(E)), pad_column = 8;
  using A = Side<float, How, BM, BK, ARow, ARow ? pad_row : pad_column>;
  using B = Side<float, How, BN, BK, BRow, BRow ? pad_row : pad_column>;
  static constexpr int across = BN / WN, down = WM / 16, right = WN / 16, stage_pitch = WN + 4;
  // Two tiles of each operand; the sums pass through the same memory at the end, 16 rows of each warp at a
  // time.
  static constexpr int tiles = 2 * (A::size + B::size),
                       stage = threads / 32 * 16 * stage_pitch * static_cast<int>(sizeof(float) / sizeof(E));
  static constexpr int shared = tiles > stage ? tiles : stage;

#if RAP_TENSOR_CORES
  using LayoutA = std::conditional_t<ARow, nvcuda::wmma::row_major, nvcuda::wmma::col_major>;
  using LayoutB = std::conditional_t<BRow, nvcuda::wmma::col_major, nvcuda::wmma::row_major>;
  template <typename Use, typename F, typename... Layout>
  using Fragment = nvcuda::wmma::fragment<Use, 16, 16, How::k, F, Layout...>;

  struct Product {
    Fragment<nvcuda::wmma::accumulator, float> sum[down][right];

    DEVICE Product() {
#pragma unroll
      for (int i = 0; i < down; i++)
#pragma unroll
        for (int j = 0; j < right; j++) nvcuda::wmma::fill_fragment(sum[i][j], 0.0f);
    }
    static DEVICE int row0() { return static_cast<int>(threadIdx.x) / 32 / across * WM; }
    static DEVICE int column0() { return static_cast<int>(threadIdx.x) / 32 % across * WN; }

    template <typename LA, typename LB>
    DEVICE void multiply(LA &a, LB &b, int begin, int end, RAP_SHARED_PTR(E) buffer) {
      multiply_in_turns<TensorTile>(
          a, b, begin, end, buffer, [&](RAP_SHARED_PTR(E) at, RAP_SHARED_PTR(E) bt) {
#pragma unroll
            for (int k = 0; k < BK; k += How::k) {
              Fragment<nvcuda::wmma::matrix_b, typename How::Fragment, LayoutB> bf[right];
#pragma unroll
              for (int j = 0; j < right; j++)
                nvcuda::wmma::load_matrix_sync(bf[j], bt + B::at(column0() + j * 16, k), B::pitch);
#pragma unroll
              for (int i = 0; i < down; i++) {
                Fragment<nvcuda::wmma::matrix_a, typename How::Fragment, LayoutA> af;
                nvcuda::wmma::load_matrix_sync(af, at + A::at(row0() + i * 16, k), A::pitch);
#pragma unroll
                for (int j = 0; j < right; j++) nvcuda::wmma::mma_sync(sum[i][j], af, bf[j], sum[i][j]);
              }
            }
          });
    }
    // f(row, column, four sums) for every four of the tile that this thread has to finish.
    template <typename F> DEVICE void each_four(RAP_SHARED_PTR(E) buffer, F f) const {
      const int lane = threadIdx.x % 32;
      RAP_SHARED_PTR(float) const mine = RAP_SHARED_AS(float, buffer) + threadIdx.x / 32 * (16 * stage_pitch);
      __syncthreads(); // every warp has read its last tiles
#pragma unroll
      for (int i = 0; i < down; i++) {
#pragma unroll
        for (int j = 0; j < right; j++)
          nvcuda::wmma::store_matrix_sync(mine + j * 16, sum[i][j], stage_pitch, nvcuda::wmma::mem_row_major);
        __syncwarp();
        for (int at = lane; at < 16 * WN / 4; at += 32) {
          const int r = at / (WN / 4), c = at % (WN / 4) * 4;
          const Four<float> v = RAP_SHARED_AS(const Four<float>, mine + (r * stage_pitch + c))[0];
          f(row0() + i * 16 + r, column0() + c, v.v);
        }
        __syncwarp(); // before the next rows overwrite them
      }
    }
  };
#endif
};

// Sizes of warps' shares: eight warps of 64 × 32, four of 32 × 32.
template <typename How, bool ARow, bool BRow>
using LargeTensorTile = TensorTile<How, 128, 128, 64, 32, ARow, BRow>;
template <typename How, bool ARow, bool BRow>
using SmallTensorTile = TensorTile<How, 64, 64, 32, 32, ARow, BRow>;

#endif
