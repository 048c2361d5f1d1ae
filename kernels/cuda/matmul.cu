// Matrix multiplication: tiles of c, batched and strided, with alpha, beta, bias and relu in the epilogue. Few tiles of
// a deep product are split along the depth into partial products, summed in a fixed order by a second kernel.
#include "gemm.cuh"

namespace {

// One call: element strides, `outer * inner` problems.
template <typename T> struct Problem {
  T *c;
  const T *a, *b, *bias;
  int m, n, k, relu, batch;
  Divider inner;
  int64_t a_row, a_column, a_outer, a_inner, b_row, b_column, b_outer, b_inner, c_row, c_outer, c_inner;
  int64_t bias_row, bias_column, bias_outer, bias_inner;
  T alpha, beta;
  int row_tiles, column_tiles, splits, split_depth;
  typename Accumulator<T>::type *partial; // [splits, batch, m, n]
};

// The end of a call's arithmetic for one element.
template <typename T> DEVICE void finish(const Problem<T> &p, int64_t c_at, int64_t bias_at, int i, int j, typename Accumulator<T>::type sum) {
  using Acc = typename Accumulator<T>::type;
  Acc v = static_cast<Acc>(p.alpha) * sum;
  if (p.bias) v += static_cast<Acc>(p.beta) * static_cast<Acc>(p.bias[bias_at + i * p.bias_row + j * p.bias_column]);
  T out = static_cast<T>(v);
  if (p.relu && out < T(0)) out = T(0);
  p.c[c_at + i * p.c_row + j] = out;
}

// grid: tiles (x), problems (y), splits (z)
template <typename S, bool ADepth, bool BDepth, bool Wide> __global__ void __launch_bounds__(S::threads) matmul_tiles(Problem<typename S::T> p) {
  using T = typename S::T;
  RAP_SHARED(T, buffer, S::shared);
  // Eight rows of tiles at a time, column by column: the tiles that run together share their operands in the cache.
  const int per_group = 8 * p.column_tiles, group = blockIdx.x / per_group, first = group * 8;
  const int height = p.row_tiles - first < 8 ? p.row_tiles - first : 8, within = blockIdx.x % per_group;
  const int row0 = (first + within % height) * S::BM, column0 = within / height * S::BN;
  const int begin = blockIdx.z * p.split_depth, end = begin + p.split_depth < p.k ? begin + p.split_depth : p.k;
  for (int problem = blockIdx.y; problem < p.batch; problem += gridDim.y) {
    const uint32_t outer = p.inner.divide(problem), inner = problem - outer * p.inner.divisor;
    MatrixLoader<T, S::BM, S::BK, S::threads, ADepth, Wide> a{
        p.a + outer * p.a_outer + inner * p.a_inner, p.m, row0, p.a_row, p.a_column, begin};
    MatrixLoader<T, S::BN, S::BK, S::threads, BDepth, Wide> b{
        p.b + outer * p.b_outer + inner * p.b_inner, p.n, column0, p.b_column, p.b_row, begin};
    typename S::Acc sum[S::TM][S::TN] = {};
    multiply_tiles<S>(a, b, begin, end, sum, buffer);
    const int tx = threadIdx.x % (S::BN / S::TN), ty = threadIdx.x / (S::BN / S::TN);
    const int64_t c_at = outer * p.c_outer + inner * p.c_inner, bias_at = outer * p.bias_outer + inner * p.bias_inner;
#pragma unroll
    for (int i = 0; i < S::TM; i++) {
      const int row = row0 + piece_offset<S::BM, S::TM>(ty, i);
#pragma unroll
      for (int j = 0; j < S::TN; j++) {
        const int column = column0 + piece_offset<S::BN, S::TN>(tx, j);
        if (row >= p.m || column >= p.n) continue;
        if (p.splits > 1) p.partial[((static_cast<int64_t>(blockIdx.z) * p.batch + problem) * p.m + row) * p.n + column] = sum[i][j];
        else finish(p, c_at, bias_at, row, column, sum[i][j]);
      }
    }
    __syncthreads(); // before the next problem fills the buffers
  }
}

template <typename T> __global__ void __launch_bounds__(kBlock) matmul_sum_splits(Problem<T> p, Divider rows, Divider columns) {
  const unsigned n = static_cast<unsigned>(p.batch) * p.m * p.n;
  GRID_STRIDE(at, n) {
    typename Accumulator<T>::type sum = 0;
    for (int s = 0; s < p.splits; s++) sum += p.partial[static_cast<int64_t>(s) * n + at];
    const uint32_t line = columns.divide(at), problem = rows.divide(line), outer = p.inner.divide(problem);
    const uint32_t inner = problem - outer * p.inner.divisor;
    finish(p, outer * p.c_outer + inner * p.c_inner, outer * p.bias_outer + inner * p.bias_inner, line - problem * p.m, at - line * p.n, sum);
  }
}

bool four(int64_t stride) { return stride % 4 == 0; }

// Whether an operand can be read four elements at a time along its fast direction.
template <typename T> bool wide(const T *p, bool depth_fast, int rows, int depth, int64_t row_stride, int64_t depth_stride, int64_t outer, int64_t inner) {
  if (sizeof(T) != 4 || reinterpret_cast<uintptr_t>(p) % 16 || !four(outer) || !four(inner)) return false;
  return depth_fast ? depth_stride == 1 && four(depth) && four(row_stride) : row_stride == 1 && four(rows) && four(depth_stride);
}

template <typename S, bool ADepth, bool BDepth, bool Wide> void launch(Problem<typename S::T> &p) {
  using T = typename S::T;
  p.row_tiles = ceil_div(p.m, S::BM), p.column_tiles = ceil_div(p.n, S::BN);
  const int64_t tiles = static_cast<int64_t>(p.row_tiles) * p.column_tiles;
  p.splits = static_cast<int64_t>(p.batch) * p.m * p.n < (int64_t{1} << 24) ? depth_splits(tiles * p.batch, p.k) : 1;
  p.split_depth = ceil_div(ceil_div(p.k, p.splits), S::BK) * S::BK;
  if (p.split_depth) p.splits = ceil_div(p.k, p.split_depth);
  const dim3 grid(static_cast<unsigned>(tiles), static_cast<unsigned>(p.batch < 65535 ? p.batch : 65535), static_cast<unsigned>(p.splits));
  if (p.splits == 1) {
    RUN((matmul_tiles<S, ADepth, BDepth, Wide>), grid, S::threads, p);
    return;
  }
  const int64_t outputs = static_cast<int64_t>(p.batch) * p.m * p.n;
  const Scratch partial(static_cast<size_t>(outputs * p.splits) * sizeof(typename S::Acc));
  p.partial = partial.template as<typename S::Acc>();
  if (!p.partial) return;
  RUN((matmul_tiles<S, ADepth, BDepth, Wide>), grid, S::threads, p);
  RUN((matmul_sum_splits<T>), blocks_for(outputs), kBlock, p, Divider(static_cast<uint32_t>(p.m)), Divider(static_cast<uint32_t>(p.n)));
}

template <typename S, bool Wide> void choose_layout(Problem<typename S::T> &p, bool a_depth, bool b_depth) {
  if (a_depth && b_depth) launch<S, true, true, Wide>(p);
  else if (a_depth) launch<S, true, false, Wide>(p);
  else if (b_depth) launch<S, false, true, Wide>(p);
  else launch<S, false, false, Wide>(p);
}

template <typename T> void matmul(Problem<T> &p) {
  const bool a_depth = p.a_column == 1 || p.a_row != 1, b_depth = p.b_row == 1 && p.b_column != 1;
  if constexpr (sizeof(T) == 4 && is_float<T>()) {
    const bool fours = wide(p.a, a_depth, p.m, p.k, p.a_row, p.a_column, p.a_outer, p.a_inner) &&
                       wide(p.b, b_depth, p.n, p.k, p.b_column, p.b_row, p.b_outer, p.b_inner);
    // The large tile where it leaves no multiprocessor idle.
    const int64_t large = static_cast<int64_t>(ceil_div(p.m, 128)) * ceil_div(p.n, 128) * p.batch;
    if (fours && p.m > 64 && p.n > 64 && large >= rap_multiprocessors()) choose_layout<LargeTile, true>(p, a_depth, b_depth);
    else if (fours) choose_layout<SmallTile<float>, true>(p, a_depth, b_depth);
    else choose_layout<SmallTile<float>, false>(p, a_depth, b_depth);
  } else if constexpr (is_float<T>()) {
    choose_layout<SmallTile<T>, false>(p, a_depth, b_depth);
  } else {
    launch<SmallTile<T>, true, false, false>(p);
  }
}

} // namespace

int32_t rap_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias, double alpha, double beta, const int32_t *meta) {
  const bool known = for_number(dtype, [&](auto element) {
    using T = decltype(element);
    Problem<T> p = {};
    p.c = static_cast<T *>(c), p.a = static_cast<const T *>(a), p.b = static_cast<const T *>(b);
    p.bias = beta == 0 ? nullptr : static_cast<const T *>(bias);
    p.m = meta[0], p.n = meta[1], p.k = meta[2], p.relu = meta[3], p.batch = meta[4] * meta[5];
    if (!p.m || !p.n || !p.batch) return;
    p.inner = Divider(static_cast<uint32_t>(meta[5]));
    p.a_row = meta[6], p.a_column = meta[7], p.a_outer = meta[8], p.a_inner = meta[9];
    p.b_row = meta[10], p.b_column = meta[11], p.b_outer = meta[12], p.b_inner = meta[13];
    p.c_row = meta[14], p.c_outer = meta[15], p.c_inner = meta[16];
    p.bias_row = meta[17], p.bias_column = meta[18], p.bias_outer = meta[19], p.bias_inner = meta[20];
    p.alpha = static_cast<T>(static_cast<int64_t>(alpha)), p.beta = static_cast<T>(static_cast<int64_t>(beta));
    if (dtype <= RAP_FLOAT64) p.alpha = static_cast<T>(alpha), p.beta = static_cast<T>(beta);
    matmul(p);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
