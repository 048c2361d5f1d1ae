// Copies between strided layouts: a transpose goes through tiles of shared memory, so that both sides move
// whole lines.
#include "common.cuh"

constexpr int kTile = 32, kRows = 8;

template <typename T>
__global__ void __launch_bounds__(kBlock) copy_elements(T *y, const T *x, int n, Strided<2> layout) {
  GRID_STRIDE(i, n) {
    int64_t at[2];
    layout.offsets(i, at);
    y[at[0]] = x[at[1]];
  }
}

// y [columns, rows] with rows adjacent = x [rows, columns] with columns adjacent, for every index of the
// outer dimensions. grid: tiles of columns × tiles of rows (× outer, folded into x).
template <typename T>
__global__ void __launch_bounds__(kTile *kRows)
    copy_transposed(T *y, const T *x, int rows, int columns, int64_t y_stride, int64_t x_stride,
                    Divider row_tiles, int column_tiles, Strided<2> outer) {
  RAP_SHARED(T, tile, kTile * (kTile + 1));
  const uint32_t pair = blockIdx.x, rest = row_tiles.divide(pair);
  const int row0 = static_cast<int>(pair - rest * row_tiles.divisor) * kTile;
  const int column0 = static_cast<int>(rest % static_cast<uint32_t>(column_tiles)) * kTile;
  int64_t at[2];
  outer.offsets(rest / static_cast<uint32_t>(column_tiles), at);
  y += at[0], x += at[1];
  const int tx = threadIdx.x, ty = threadIdx.y;
  for (int r = ty; r < kTile; r += kRows)
    if (row0 + r < rows && column0 + tx < columns)
      tile[r * (kTile + 1) + tx] = x[(row0 + r) * x_stride + column0 + tx];
  __syncthreads();
  for (int c = ty; c < kTile; c += kRows)
    if (column0 + c < columns && row0 + tx < rows)
      y[(column0 + c) * y_stride + row0 + tx] = tile[tx * (kTile + 1) + c];
}

// The dimension of `layout` along which x is contiguous while y is along dimension 0, or 0.
static int transposed_dimension(const Strided<2> &layout) {
  if (layout.dims < 2 || layout.stride[0][0] != 1 || layout.size[0].divisor < 8) return 0;
  for (int d = 1; d < layout.dims; d++)
    if (layout.stride[d][1] == 1 && layout.size[d].divisor >= 8) return d;
  return 0;
}

template <typename T> static void copy(T *y, const T *x, int64_t n, const Strided<2> &layout) {
  if (layout.dims == 0 || (layout.dims == 1 && layout.stride[0][0] == 1 && layout.stride[0][1] == 1)) {
    rap_device_copy(y, x, static_cast<double>(n) * sizeof(T), RAP_COPY_WITHIN, 1);
    return;
  }
  const int d = transposed_dimension(layout);
  if (!d) {
    RUN((copy_elements<T>), blocks_for(n), kBlock, y, x, static_cast<int>(n), layout);
    return;
  }
  const int rows = static_cast<int>(layout.size[0].divisor),
            columns = static_cast<int>(layout.size[d].divisor);
  Strided<2> outer = layout;
  outer.dims = 0;
  int64_t batch = 1;
  for (int k = 1; k < layout.dims; k++) {
    if (k == d) continue;
    outer.size[outer.dims] = layout.size[k];
    outer.stride[outer.dims][0] = layout.stride[k][0], outer.stride[outer.dims][1] = layout.stride[k][1];
    outer.dims++;
    batch *= layout.size[k].divisor;
  }
  const int row_tiles = ceil_div(rows, kTile), column_tiles = ceil_div(columns, kTile);
  RUN((copy_transposed<T>), static_cast<unsigned>(batch * row_tiles * column_tiles), dim3(kTile, kRows), y, x,
      rows, columns, static_cast<int64_t>(layout.stride[d][0]), static_cast<int64_t>(layout.stride[0][1]),
      Divider(static_cast<uint32_t>(row_tiles)), column_tiles, outer);
}

void rap_copy_strided(int32_t size, void *y, const void *x, const int32_t *meta) {
  int64_t n = 1;
  for (int d = 0; d < meta[0]; d++) n *= meta[1 + d];
  if (n == 0) return;
  const Strided<2> layout(meta);
  for_size(size, [&](auto element) {
    using T = decltype(element);
    copy(static_cast<T *>(y), static_cast<const T *>(x), n, layout);
  });
}
