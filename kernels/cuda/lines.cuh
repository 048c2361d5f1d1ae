// Work on lines: the middle dimension of [outer, dim, inner], one line for each outer and inner index. L
// threads share a line: 1 (neighbouring threads take neighbouring lines), a warp, or a block.
#ifndef RAP_LINES_CUH
#define RAP_LINES_CUH

#include "common.cuh"

// Any state of 4-byte words, from the lane whose number differs by `mask`.
template <typename S> DEVICE S shuffle_xor(S v, int mask) {
  constexpr int words = sizeof(S) / 4;
  static_assert(sizeof(S) % 4 == 0, "states are made of words");
  uint32_t w[words];
  memcpy(w, &v, sizeof(S));
#pragma unroll
  for (int i = 0; i < words; i++) w[i] = __shfl_xor_sync(kFullWarp, w[i], mask);
  memcpy(&v, w, sizeof(S));
  return v;
}

// The join of the states of L threads, in each of them.
template <int L, typename S, typename F> DEVICE S line_join(S v, F join) {
  if constexpr (L > 1) {
#pragma unroll
    for (int s = 16; s > 0; s >>= 1) {
      const S other = shuffle_xor(v, s);
      v = (threadIdx.x & s) ? join(other, v) : join(v, other); // the same order on both sides
    }
  }
  if constexpr (L == kBlock) {
    RAP_SHARED(S, partial, kBlock / 32);
    __syncthreads(); // the partials of an earlier call have been read
    if (threadIdx.x % 32 == 0) partial[threadIdx.x / 32] = v;
    __syncthreads();
    S total = partial[0];
#pragma unroll
    for (int i = 1; i < kBlock / 32; i++) {
      const S next = partial[i];
      total = join(total, next);
    }
    v = total;
  }
  return v;
}

struct Lines {
  int lines, dim, inner;
  Divider by_inner;
  Lines(int outer, int dim, int inner)
      : lines(outer * inner), dim(dim), inner(inner), by_inner(static_cast<uint32_t>(inner ? inner : 1)) {}
  // The line of this thread, or -1, and its first element.
  template <int L> DEVICE int mine(int64_t &at) const {
    const int line = blockIdx.x * (kBlock / L) + threadIdx.x / L;
    if (line >= lines) return -1;
    const uint32_t o = by_inner.divide(line);
    at = static_cast<int64_t>(o) * dim * inner + (line - o * inner);
    return line;
  }
};

// The number of threads a line is worth, and the blocks that makes.
inline int line_threads(const Lines &l) {
  if (l.inner > 1 && (l.lines >= 4096 || l.dim <= 32)) return 1;
  if (l.dim <= 4) return 1;
  return l.dim <= 1024 ? 32 : kBlock;
}
// Calls f with the number as a constant.
template <typename F> void with_line_threads(const Lines &l, F f) {
  switch (line_threads(l)) {
  case 1: f(std::integral_constant<int, 1>{}); break;
  case 32: f(std::integral_constant<int, 32>{}); break;
  default: f(std::integral_constant<int, kBlock>{}); break;
  }
}
inline int line_blocks(const Lines &l, int threads) { return ceil_div(l.lines, kBlock / threads); }

#endif
