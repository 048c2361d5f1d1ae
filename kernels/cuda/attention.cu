// Attention whose scores never leave a multiprocessor: tiles of queries against tiles of keys, with the
// softmax running along (Milakov and Gimelshein 2018; Dao et al., "FlashAttention", 2022). The backward makes
// the scores again from each row's logarithm of the sum. Every result is one kernel's sum in a fixed order:
// nothing is added atomically.
#include "gemm.cuh"
#include "math.cuh"

namespace {

// Where the parts of a [batch, head, row, feature] operand lie; features are adjacent.
template <typename T> struct Operand {
  T *p;
  int64_t batch, head, row;
  DEVICE T *at(int b, int h) const { return p + (b * batch + h * head); }
};

template <typename T> struct Attention {
  int batch, heads, groups, length, source, width, out, causal;
  Operand<const T> q, k, v, mask, dy;
  Operand<T> to; // y, dq, dk or dv
  int64_t mask_column, one;
  T *lse;         // [batch, heads, length]
  const T *delta; // likewise: Σ dy y
  T scale;
  int row_tiles,
      wide; // tiles of the result's rows; whether the result can be written four elements at a time
};

// What a launch computes. All multiply weights [rows, columns] by a third operand [columns, features]: the
// weights are the probabilities, or the gradient of the scores. Rows are queries for FORWARD and GRADIENT_Q,
// else keys.
enum Mode { FORWARD, GRADIENT_Q, GRADIENT_K, GRADIENT_V };

// Square tiles of scores, a warp to complete rows; a tile of the third operand fits the buffers of the first
// two.
template <typename T> struct ScoreTile { using type = Tile<T, 64, 64, 16, 4, 8>; };
template <> struct ScoreTile<double> { using type = Tile<double, 32, 32, 8, 4, 4>; };

// The state of a row's softmax over the columns so far.
template <typename T> struct RunningRow { T top, sum; };

// Joins over the eight neighbouring threads that share rows.
template <typename T, typename F> DEVICE T join_row(T v, F f) {
#pragma unroll
  for (int s = 1; s < 8; s *= 2) v = f(v, __shfl_xor_sync(kFullWarp, v, s));
  return v;
}

// grid: tiles of rows of each batch and head, or group (x), parts of the features (y); a thread keeps PARTS
// pieces of them.
template <typename T, int M, int PARTS, bool Wide>
__global__ void __launch_bounds__(ScoreTile<T>::type::threads, 1)
    attention_tiles(const __grid_constant__ Attention<T> p) {
  using S = typename ScoreTile<T>::type;
  constexpr int B = S::BM, TM = 4, TN = S::threads == 128 ? 8 : 4, pitch = B + 4;
  constexpr bool by_key = M == GRADIENT_K || M == GRADIENT_V, slopes = M == GRADIENT_Q || M == GRADIENT_K;
  static_assert(S::BM == S::BN && S::across == 1 && S::shared >= B * pitch,
                "square tiles, whole rows in a warp, room for the third operand");
  RAP_SHARED(T, buffer, S::shared);
  RAP_SHARED(T, weights, B * pitch); // [columns][rows]

  const int share = p.heads / p.groups, unit = blockIdx.x / p.row_tiles,
            row0 = static_cast<int>(blockIdx.x % p.row_tiles) * B;
  const int b = unit / (by_key ? p.groups : p.heads),
            first_head = unit % (by_key ? p.groups : p.heads) * (by_key ? share : 1);
  const int rows = by_key ? p.source : p.length, columns = by_key ? p.length : p.source,
            features = slopes ? p.width : p.out;
  const int first_feature = blockIdx.y * PARTS * B;
  T sum[PARTS][TM][TN] = {};
  RunningRow<T> state[TM];
#pragma unroll
  for (int i = 0; i < TM; i++) state[i] = {T(-INFINITY), T(0)};

  for (int head = first_head; head < first_head + (by_key ? share : 1); head++) {
    const int group = head / share;
    const T *q = p.q.at(b, head), *k = p.k.at(b, group), *v = p.v.at(b, group),
            *mask = p.mask.p ? p.mask.at(b, head) : nullptr;
    const T *dy = M == FORWARD ? nullptr : p.dy.at(b, head);
    const int64_t line = (static_cast<int64_t>(b) * p.heads + head) * p.length;
    for (int column0 = 0; column0 < columns; column0 += B) {
      if (p.causal && !by_key && column0 > row0 + B - 1) break;   // keys after the last query
      if (p.causal && by_key && column0 + B - 1 < row0) continue; // queries before the first key
      typename S::Product score, other;
      {
        MatrixLoader<typename S::A, S::threads, true, Wide> x(by_key ? k : q, rows, row0,
                                                              by_key ? p.k.row : p.q.row, p.one, 0);
        MatrixLoader<typename S::B, S::threads, true, Wide> y(by_key ? q : k, columns, column0,
                                                              by_key ? p.q.row : p.k.row, p.one, 0);
        score.multiply(x, y, 0, p.width, buffer);
      }
      __syncthreads();
      if (slopes) {
        MatrixLoader<typename S::A, S::threads, true, Wide> x(by_key ? v : dy, rows, row0,
                                                              by_key ? p.v.row : p.dy.row, p.one, 0);
        MatrixLoader<typename S::B, S::threads, true, Wide> y(by_key ? dy : v, columns, column0,
                                                              by_key ? p.dy.row : p.v.row, p.one, 0);
        other.multiply(x, y, 0, p.out, buffer);
        __syncthreads();
      }
#pragma unroll
      for (int i = 0; i < TM; i++) {
        const int row = row0 + S::row(i);
#pragma unroll
        for (int j = 0; j < TN; j++) {
          const int column = column0 + S::column(j), query = by_key ? column : row,
                    key = by_key ? row : column;
          const bool inside = row < rows && column < columns && (!p.causal || key <= query);
          T w = T(-INFINITY);
          if (inside) {
            w = score.sum[i][j] * p.scale;
            if (mask) w += mask[query * p.mask.row + key * p.mask_column];
          }
          if (M != FORWARD) {
            w = inside ? op_exp(w - p.lse[line + query]) : T(0);
            if (slopes && w != T(0)) w *= (other.sum[i][j] - p.delta[line + query]) * p.scale;
          }
          score.sum[i][j] = w;
        }
        if (M == FORWARD) {
          T top = score.sum[i][0];
#pragma unroll
          for (int j = 1; j < TN; j++) top = Largest{}(top, score.sum[i][j]);
          top = Largest{}(join_row(top, Largest{}), state[i].top);
          const bool nothing = top == T(-INFINITY); // seen so far
          const T before = nothing ? T(1) : op_exp(state[i].top - top);
          T total = 0;
#pragma unroll
          for (int j = 0; j < TN; j++) {
            const T w = nothing ? T(0) : op_exp(score.sum[i][j] - top);
            score.sum[i][j] = w, total += w;
          }
          state[i] = {top, state[i].sum * before + join_row(total, Plus{})};
#pragma unroll
          for (int part = 0; part < PARTS; part++)
#pragma unroll
            for (int j = 0; j < TN; j++) sum[part][i][j] *= before;
        }
      }
#pragma unroll
      for (int j = 0; j < TN; j++) {
        Four<T> four;
#pragma unroll
        for (int i = 0; i < TM; i++) four.v[i] = score.sum[i][j];
        RAP_SHARED_AS(Four<T>, weights + (S::column(j) * pitch + S::row(0)))[0] = four;
      }

      const T *third = M == FORWARD ? v : M == GRADIENT_Q ? k : M == GRADIENT_K ? q : dy;
      const int64_t third_row = M == FORWARD      ? p.v.row
                                : M == GRADIENT_Q ? p.k.row
                                : M == GRADIENT_K ? p.q.row
                                                  : p.dy.row;
#pragma unroll
      for (int part = 0; part < PARTS; part++) {
        constexpr int W = Wide ? 4 : 1;
        const int feature0 = first_feature + part * B;
        for (int e = threadIdx.x; e < B * B / W; e += S::threads) {
          const int c = e / (B / W), f = e % (B / W) * W;
          const bool inside = column0 + c < columns && feature0 + f < features;
          const T *from = third + (column0 + c) * third_row + (feature0 + f);
          if (Wide) {
            Four<T> four = {};
            if (inside) four = *reinterpret_cast<const Four<T> *>(from);
            RAP_SHARED_AS(Four<T>, buffer + (c * pitch + f))[0] = four;
          } else {
            buffer[c * pitch + f] = inside ? *from : T(0);
          }
        }
        __syncthreads();
#pragma unroll 4
        for (int c = 0; c < B; c++) {
          const Four<T> w = RAP_SHARED_AS(const Four<T>, weights + (c * pitch + S::row(0)))[0];
#pragma unroll
          for (int j = 0; j < TN; j += 4) {
            const Four<T> x = RAP_SHARED_AS(const Four<T>, buffer + (c * pitch + S::column(j)))[0];
#pragma unroll
            for (int i = 0; i < TM; i++)
#pragma unroll
              for (int e = 0; e < 4; e++) sum[part][i][j + e] += w.v[i] * x.v[e];
          }
        }
        __syncthreads(); // before the buffer is filled again
      }
    }
  }

#pragma unroll
  for (int i = 0; i < TM; i++) {
    const int row = row0 + S::row(i);
    if (row >= rows) continue;
    if (M == FORWARD && first_feature == 0 && threadIdx.x % 8 == 0)
      // Exponentials of scores less infinity are 0, which a row that sees nothing asks for.
      p.lse[(static_cast<int64_t>(b) * p.heads + first_head) * p.length + row] =
          state[i].sum == T(0) ? T(INFINITY) : state[i].top + op_log(state[i].sum);
    const T scale = M != FORWARD ? T(1) : state[i].sum == T(0) ? T(0) : T(1) / state[i].sum;
    T *to = p.to.at(b, by_key ? first_head / share : first_head) + row * p.to.row;
#pragma unroll
    for (int part = 0; part < PARTS; part++)
#pragma unroll
      for (int j = 0; j < TN; j += 4) {
        const int feature = first_feature + part * B + S::column(j);
        const T four[4] = {sum[part][i][j] * scale, sum[part][i][j + 1] * scale, sum[part][i][j + 2] * scale,
                           sum[part][i][j + 3] * scale};
        if (feature < features) store_four(to + feature, four, features - feature, p.wide);
      }
  }
}

// delta[batch, head, query] = Σ dy y over the features; a warp a query.
template <typename T>
__global__ void __launch_bounds__(kBlock) attention_delta(T *delta, Operand<const T> dy, Operand<const T> y,
                                                          int lines, int out, Divider length, Divider heads) {
  const int line = blockIdx.x * (kBlock / 32) + static_cast<int>(threadIdx.x) / 32;
  if (line >= lines) return;
  const uint32_t unit = length.divide(line), b = heads.divide(unit), query = line - unit * length.divisor,
                 head = unit - b * heads.divisor;
  const T *x = dy.at(b, head) + query * dy.row, *z = y.at(b, head) + query * y.row;
  T sum = 0;
  for (int f = threadIdx.x % 32; f < out; f += 32) sum += x[f] * z[f];
  sum = warp_reduce(sum, Plus{});
  if (threadIdx.x % 32 == 0) delta[line] = sum;
}

template <typename T> Operand<T> operand(void *p, const int32_t *strides) {
  return {static_cast<T *>(p), strides[0], strides[1], strides[2]};
}
template <typename T> Operand<const T> operand(const void *p, const int32_t *strides) {
  return {static_cast<const T *>(p), strides[0], strides[1], strides[2]};
}

// Whether rows can be moved four elements at a time.
template <typename T> bool fours(const Operand<T> &o) {
  return reinterpret_cast<uintptr_t>(o.p) % 16 == 0 && o.batch % 4 == 0 && o.head % 4 == 0 && o.row % 4 == 0;
}

template <typename T>
Attention<T> attention_of(const void *q, const void *k, const void *v, const void *mask, double scale,
                          const int32_t *meta) {
  Attention<T> p = {};
  p.batch = meta[0], p.heads = meta[1], p.groups = meta[2], p.length = meta[3], p.source = meta[4],
  p.width = meta[5], p.out = meta[6], p.causal = meta[7];
  p.q = operand<T>(q, meta + 8), p.k = operand<T>(k, meta + 11), p.v = operand<T>(v, meta + 14),
  p.mask = operand<T>(mask, meta + 20);
  p.mask_column = meta[23], p.one = 1, p.scale = static_cast<T>(scale);
  return p;
}
template <typename T> bool nothing_to_do(const Attention<T> &p) {
  return !p.batch || !p.heads || !p.length || !p.source || !p.width || !p.out;
}

template <typename T, int M> void launch(Attention<T> p, const Operand<T> &to) {
  constexpr int B = ScoreTile<T>::type::BM, threads = ScoreTile<T>::type::threads;
  constexpr bool by_key = M == GRADIENT_K || M == GRADIENT_V, slopes = M == GRADIENT_Q || M == GRADIENT_K;
  const int features = slopes ? p.width : p.out;
  p.to = to, p.wide = fours(to), p.row_tiles = ceil_div(by_key ? p.source : p.length, B);
  const unsigned blocks = static_cast<unsigned>(p.row_tiles) * p.batch * (by_key ? p.groups : p.heads);
  auto run = [&](auto parts, auto wide) {
    constexpr int PARTS = decltype(parts)::value;
    RUN((attention_tiles<T, M, PARTS, decltype(wide)::value>),
        dim3(blocks, static_cast<unsigned>(ceil_div(features, B * PARTS))), threads, p);
  };
  using One = std::integral_constant<int, 1>;
  using Two = std::integral_constant<int, 2>;
  if constexpr (sizeof(T) == 4) {
    const bool wide = p.width % 4 == 0 && p.out % 4 == 0 && fours(p.q) && fours(p.k) && fours(p.v) &&
                      (M == FORWARD || fours(p.dy));
    if (wide && features > B)
      run(Two{}, std::true_type{});
    else if (wide)
      run(One{}, std::true_type{});
    else
      run(One{}, std::false_type{});
  } else {
    run(One{}, std::false_type{});
  }
}

} // namespace

int32_t rap_attention(int32_t dtype, void *y, void *lse, const void *q, const void *k, const void *v,
                      const void *mask, double scale, const int32_t *meta) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    Attention<T> p = attention_of<T>(q, k, v, mask, scale, meta);
    p.lse = static_cast<T *>(lse);
    if (!nothing_to_do(p)) launch<T, FORWARD>(p, operand<T>(y, meta + 17));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}

int32_t rap_attention_backward(int32_t dtype, void *dq, void *dk, void *dv, const void *dy, const void *y,
                               const void *lse, const void *q, const void *k, const void *v, const void *mask,
                               double scale, const int32_t *meta) {
  const bool known = for_float(dtype, [&](auto element) {
    using T = decltype(element);
    Attention<T> p = attention_of<T>(q, k, v, mask, scale, meta);
    if (nothing_to_do(p)) return;
    p.lse = static_cast<T *>(const_cast<void *>(lse)), p.dy = operand<T>(dy, meta + 24);
    const int lines = p.batch * p.heads * p.length;
    const Scratch memory(static_cast<size_t>(lines) * sizeof(T));
    T *delta = memory.as<T>();
    if (!delta) return;
    RUN((attention_delta<T>), ceil_div(lines, kBlock / 32), kBlock, delta, p.dy, operand<T>(y, meta + 17),
        lines, p.out, Divider(static_cast<uint32_t>(p.length)), Divider(static_cast<uint32_t>(p.heads)));
    p.delta = delta;
    launch<T, GRADIENT_Q>(p, operand<T>(dq, meta + 27));
    launch<T, GRADIENT_K>(p, operand<T>(dk, meta + 30));
    launch<T, GRADIENT_V>(p, operand<T>(dv, meta + 33));
  });
  return known ? RAP_OK : RAP_UNSUPPORTED;
}
