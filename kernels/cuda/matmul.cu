// Matrix multiplication: tiles of c, batched and strided, with alpha, beta, bias and relu in the epilogue.
// Few tiles of a deep product are split along the depth into partial products, summed in a fixed order by a
// second kernel. float32 goes to cuBLAS (cublas.cu) where that is in use, or to tensor cores where
// setFloat32MatmulPrecision allows it.
#include "cublas.cuh"
#include "tensor.cuh"

namespace {

// One call: element strides, `outer * inner` problems.
template <typename T> struct Problem {
  T *c;
  const T *a, *b, *bias;
  int m, n, k, relu, batch, first_problem; // blocks take the problems from the first on
  Divider inner;
  int64_t a_row, a_column, a_outer, a_inner, b_row, b_column, b_outer, b_inner, c_row, c_outer, c_inner;
  int64_t bias_row, bias_column, bias_outer, bias_inner;
  T alpha, beta;
  int wide; // c can be written four elements at a time
  int row_tiles, column_tiles, split_depth;
  int64_t c_split; // from one part of the depth to the next
};

// The end of a call's arithmetic for one element.
template <typename T>
DEVICE T finish(const Problem<T> &p, int64_t bias_at, int i, int j, typename Accumulator<T>::type sum) {
  using Acc = typename Accumulator<T>::type;
  Acc v = static_cast<Acc>(p.alpha) * sum;
  if (p.bias)
    v += static_cast<Acc>(p.beta) * static_cast<Acc>(p.bias[bias_at + i * p.bias_row + j * p.bias_column]);
  const T out = static_cast<T>(v);
  return p.relu && out < T(0) ? T(0) : out;
}

// grid: tiles (x), problems (y), splits (z)
template <typename S, bool ADepth, bool BDepth, bool Wide>
DEVICE void multiply_problems(const Problem<typename S::T> &p) {
  using T = typename S::T;
  using Acc = typename S::Acc;
  RAP_SHARED(typename S::E, buffer, S::shared);
  // Eight rows of tiles at a time, column by column: the tiles that run together share their operands in the
  // cache.
  const int per_group = 8 * p.column_tiles, group = blockIdx.x / per_group, first = group * 8;
  const int height = p.row_tiles - first < 8 ? p.row_tiles - first : 8, within = blockIdx.x % per_group;
  const int row0 = (first + within % height) * S::BM, column0 = within / height * S::BN;
  const int begin = blockIdx.z * p.split_depth,
            end = begin + p.split_depth < p.k ? begin + p.split_depth : p.k;
  const int problem = p.first_problem + static_cast<int>(blockIdx.y);
  typename S::Product product;
  {
    const uint32_t outer = p.inner.divide(problem), inner = problem - outer * p.inner.divisor;
    MatrixLoader<typename S::A, S::threads, ADepth, Wide> a{
        p.a + outer * p.a_outer + inner * p.a_inner, p.m, row0, p.a_row, p.a_column, begin};
    MatrixLoader<typename S::B, S::threads, BDepth, Wide> b{
        p.b + outer * p.b_outer + inner * p.b_inner, p.n, column0, p.b_column, p.b_row, begin};
    product.multiply(a, b, begin, end, buffer);
  }
  const uint32_t outer = p.inner.divide(problem), inner = problem - outer * p.inner.divisor;
  T *const c = p.c + (blockIdx.z * p.c_split + outer * p.c_outer + inner * p.c_inner);
  const int64_t bias_at = outer * p.bias_outer + inner * p.bias_inner;
  product.each_four(buffer, [&](int r, int q, const Acc(&sum)[4]) {
    const int row = row0 + r, column = column0 + q, left = p.n - column;
    if (row >= p.m || left <= 0) return;
    T v[4] = {};
#pragma unroll
    for (int j = 0; j < 4; j++)
      if (j < left) v[j] = finish(p, bias_at, row, column + j, sum[j]);
    store_four(c + (row * p.c_row + column), v, left, p.wide);
  });
}

template <typename S, bool ADepth, bool BDepth, bool Wide>
__global__ void __launch_bounds__(S::threads, S::resident)
    matmul_tiles(const __grid_constant__ Problem<typename S::T> p) {
  multiply_problems<S, ADepth, BDepth, Wide>(p);
}

template <typename S, bool ADepth, bool BDepth>
__global__ void __launch_bounds__(S::threads, S::resident)
    matmul_fragments(const __grid_constant__ Problem<float> p) {
#if RAP_TENSOR_CORES
  multiply_problems<S, ADepth, BDepth, true>(p);
#endif
}

// c from the sums over `splits` parts of the depth, [splits, batch, m, n].
template <typename T>
__global__ void __launch_bounds__(kBlock)
    matmul_sum_splits(const __grid_constant__ Problem<T> p, const T *parts, int splits, Divider rows,
                      Divider columns) {
  const unsigned n = static_cast<unsigned>(p.batch) * p.m * p.n;
  GRID_STRIDE(at, n) {
    T sum = 0;
    for (int s = 0; s < splits; s++) sum += parts[static_cast<int64_t>(s) * n + at];
    const uint32_t line = columns.divide(at), problem = rows.divide(line), outer = p.inner.divide(problem);
    const uint32_t inner = problem - outer * p.inner.divisor;
    const int row = line - problem * p.m, column = at - line * p.n;
    p.c[outer * p.c_outer + inner * p.c_inner + row * p.c_row + column] =
        finish(p, outer * p.bias_outer + inner * p.bias_inner, row, column, sum);
  }
}

bool four(int64_t stride) { return stride % 4 == 0; }

// Whether an operand can be read four elements at a time along its fast direction.
template <typename T>
bool wide(const T *p, bool depth_fast, int rows, int depth, int64_t row_stride, int64_t depth_stride,
          int64_t outer, int64_t inner) {
  if (sizeof(T) != 4 || reinterpret_cast<uintptr_t>(p) % 16 || !four(outer) || !four(inner)) return false;
  return depth_fast ? depth_stride == 1 && four(depth) && four(row_stride)
                    : row_stride == 1 && four(rows) && four(depth_stride);
}

// Launches the kernel of S, `run(grid, problem)`, as often as needed.
template <typename S, typename Run> void launch(Problem<typename S::T> p, Run run) {
  using T = typename S::T;
  constexpr int most = 65535; // blocks along y
  p.row_tiles = ceil_div(p.m, S::BM), p.column_tiles = ceil_div(p.n, S::BN);
  const int64_t tiles = static_cast<int64_t>(p.row_tiles) * p.column_tiles,
                outputs = static_cast<int64_t>(p.batch) * p.m * p.n;
  int splits = is_float<T>() && outputs < (int64_t{1} << 24) ? depth_splits(tiles * p.batch, p.k) : 1;
  p.split_depth = ceil_div(ceil_div(p.k, splits), S::BK) * S::BK;
  if (p.split_depth) splits = ceil_div(p.k, p.split_depth);
  const Scratch memory(splits > 1 ? static_cast<size_t>(outputs * splits) * sizeof(T) : 0);
  Problem<T> part = p;
  if (splits > 1) {
    part.c = memory.template as<T>();
    if (!part.c) return;
    part.c_row = p.n, part.c_inner = static_cast<int64_t>(p.m) * p.n,
    part.c_outer = part.c_inner * p.inner.divisor, part.c_split = outputs;
    part.alpha = T(1), part.bias = nullptr, part.relu = 0;
  }
  part.wide = reinterpret_cast<uintptr_t>(part.c) % sizeof(Four<T>) == 0 && four(part.c_row) &&
              four(part.c_outer) && four(part.c_inner) && four(part.c_split);
  for (; part.first_problem < p.batch; part.first_problem += most) {
    const int left = p.batch - part.first_problem;
    run(dim3(static_cast<unsigned>(tiles), static_cast<unsigned>(left < most ? left : most),
             static_cast<unsigned>(splits)),
        part);
  }
  if (splits > 1)
    RUN((matmul_sum_splits<T>), blocks_for(outputs), kBlock, p, part.c, splits,
        Divider(static_cast<uint32_t>(p.m)), Divider(static_cast<uint32_t>(p.n)));
}

template <typename S, bool ADepth, bool BDepth, bool Wide> void run_tiles(const Problem<typename S::T> &p) {
  launch<S>(p, [](dim3 grid, const auto &part) {
    RUN((matmul_tiles<S, ADepth, BDepth, Wide>), grid, S::threads, part);
  });
}
template <typename S, bool ADepth, bool BDepth> void run_fragments(const Problem<float> &p) {
  launch<S>(p, [](dim3 grid, const auto &part) {
    RUN((matmul_fragments<S, ADepth, BDepth>), grid, S::threads, part);
  });
}

template <bool V> using Bool = std::integral_constant<bool, V>;
// Calls f with the directions in which the operands are contiguous, as constants.
template <typename F> void with_layout(bool a_depth, bool b_depth, F f) {
  if (a_depth && b_depth)
    f(Bool<true>{}, Bool<true>{});
  else if (a_depth)
    f(Bool<true>{}, Bool<false>{});
  else if (b_depth)
    f(Bool<false>{}, Bool<true>{});
  else
    f(Bool<false>{}, Bool<false>{});
}

// Whether the large tile leaves no multiprocessor idle.
template <typename T> bool large(const Problem<T> &p) {
  return p.m > 64 && p.n > 64 &&
         static_cast<int64_t>(ceil_div(p.m, 128)) * ceil_div(p.n, 128) * p.batch >= rap_multiprocessors();
}

template <typename How> void multiply_rounded(const Problem<float> &p, bool a_depth, bool b_depth) {
  with_layout(a_depth, b_depth, [&](auto a, auto b) {
    constexpr bool A = decltype(a)::value, B = decltype(b)::value;
    if (large(p))
      run_fragments<LargeTensorTile<How, A, B>, A, B>(p);
    else
      run_fragments<SmallTensorTile<How, A, B>, A, B>(p);
  });
}

void multiply_float(const Problem<float> &p, bool a_depth, bool b_depth) {
  const bool fours = wide(p.a, a_depth, p.m, p.k, p.a_row, p.a_column, p.a_outer, p.a_inner) &&
                     wide(p.b, b_depth, p.n, p.k, p.b_column, p.b_row, p.b_outer, p.b_inner);
  // A fragment is 16 × 16: thin products would be mostly padding.
  const int precision = fours && p.m >= 16 && p.n >= 16 && p.k >= 8 ? rap_tensor_precision() : 0;
  if (precision == RAP_PRECISION_BFLOAT16) return multiply_rounded<Bf16>(p, a_depth, b_depth);
  if (precision == RAP_PRECISION_TF32) return multiply_rounded<Tf32>(p, a_depth, b_depth);
  with_layout(a_depth, b_depth, [&](auto a, auto b) {
    constexpr bool A = decltype(a)::value, B = decltype(b)::value;
    if (fours && large(p))
      run_tiles<LargeTile, A, B, true>(p);
    else if (fours)
      run_tiles<SmallTile<float>, A, B, true>(p);
    else
      run_tiles<SmallTile<float>, A, B, false>(p);
  });
}

template <typename T> void matmul(const Problem<T> &p) {
  const bool a_depth = p.a_column == 1 || p.a_row != 1, b_depth = p.b_row == 1 && p.b_column != 1;
  if constexpr (std::is_same<T, float>::value)
    multiply_float(p, a_depth, b_depth);
  else if constexpr (is_float<T>())
    with_layout(a_depth, b_depth, [&](auto a, auto b) {
      run_tiles<SmallTile<T>, decltype(a)::value, decltype(b)::value, false>(p);
    });
  else
    run_tiles<SmallTile<T>, true, false, false>(p);
}

int32_t precision = RAP_PRECISION_FLOAT32;

} // namespace

void rap_set_matmul_precision(int32_t level) { precision = level; }

int rap_tensor_precision() {
  if (precision == RAP_PRECISION_FLOAT32) return precision;
  return rap_device_info(RAP_INFO_MAJOR) >= 8 ? precision : RAP_PRECISION_FLOAT32;
}

int32_t rap_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias, double alpha,
                   double beta, const int32_t *meta) {
  if (rap_cublas_matmul(dtype, c, a, b, bias, alpha, beta, meta)) return RAP_OK;
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
    p.alpha = static_cast<T>(static_cast<int64_t>(alpha)),
    p.beta = static_cast<T>(static_cast<int64_t>(beta));
    if (dtype <= RAP_FLOAT64) p.alpha = static_cast<T>(alpha), p.beta = static_cast<T>(beta);
    matmul(p);
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
