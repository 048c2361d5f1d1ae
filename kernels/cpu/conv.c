// Convolution in 1, 2 and 3 dimensions, its gradients, and through the input gradient transposed convolution.
#include "../raptorch.h"
#include "conv_plan.h"
#include "conv_winograd.h"
#include "gemm.h"
#include "simd.h"
#include "threads.h"

// A gathered block takes at most half of a small L2 cache.
#define CONV_BLOCK_BYTES (192 << 10)
// Bytes of a channel that the weight gradient sums at a time: four of dy and one of x fit a 32 KB first-level
// cache.
#define CONV_RUN_BYTES 5120
// From so many channels per group on (or weights, for the weight gradient), the block loops of matrix
// multiplication win.
#define CONV_GEMM_TARGETS 24
#define CONV_GEMM_SOURCES 8
#define CONV_GEMM_WEIGHTS 1024
// Products of a pixel between which vectors along many channels beat matrix products.
#define CONV_PIXEL_DEPTH 144
#define CONV_PIXEL_MOST  4096
// Several passes go over an image, which therefore should stay in the L2 cache.
#define CONV_PIXEL_IMAGE (256 << 10)
// A gathered image may be so large; a larger one is convolved block by block.
#define CONV_IMAGE_BYTES (64 << 20)
// A thread is worth waking for so many elements to copy.
#define CONV_GRAIN (16 << 10)
// Vectors read at most this far beyond a block.
#define CONV_SLACK 256

// A tile is MR channels × 3 vectors of pixels, or PIXELS pixels × 2 vectors of channels, a dot tile 4 × DOT_N
// sums, all in registers.
#if defined(__AVX512F__) || defined(__aarch64__) // 32 vector registers
#define CONV_MR     8
#define CONV_DOT_N  6
#define CONV_PIXELS 8
#else // 16
#define CONV_MR     4
#define CONV_DOT_N  3
#define CONV_PIXELS 6
#endif
#define CONV_DOT_M    4
#define CONV_DOT_WIDE 9
#define UNROLL        RAP_UNROLL

// Lanes added in pairs: the vector's 16-byte parts first, then what is left of them.
#define SUM_LANES(name, type, element, rest)                                                                 \
  INLINE element name(type x) {                                                                              \
    typedef element quad __attribute__((vector_size(16)));                                                   \
    quad part[RAP_VBYTES / 16];                                                                              \
    memcpy(part, &x, sizeof x);                                                                              \
    for (int n = RAP_VBYTES / 32; n > 0; n /= 2)                                                             \
      for (int i = 0; i < n; i++) part[i] += part[i + n];                                                    \
    return rest;                                                                                             \
  }
SUM_LANES(sum_f32, f32v, float, (part[0][0] + part[0][2]) + (part[0][1] + part[0][3]))
SUM_LANES(sum_f64, f64v, double, part[0][0] + part[0][1])

#define T       float
#define V       f32v
#define I       i32v
#define LANES   F32_LANES
#define LOAD    f32_load
#define STORE   f32_store
#define SET     f32_set
#define SELECT  f32_select
#define SUM     sum_f32
#define EVEN    f32_even
#define ODD     f32_odd
#define LOW     f32_zip_low
#define HIGH    f32_zip_high
#define PERMUTE f32_permute
#define NAME(x) x##_f32
#include "conv_template.h"
#include "conv_weight_template.h"
#include "conv_gemm_template.h"
#include "conv_pixels.h"
#undef T
#undef V
#undef I
#undef LANES
#undef LOAD
#undef STORE
#undef SET
#undef SELECT
#undef SUM
#undef EVEN
#undef ODD
#undef LOW
#undef HIGH
#undef PERMUTE
#undef NAME

#define T       double
#define V       f64v
#define I       i64v
#define LANES   F64_LANES
#define LOAD    f64_load
#define STORE   f64_store
#define SET     f64_set
#define SELECT  f64_select
#define SUM     sum_f64
#define EVEN    f64_even
#define ODD     f64_odd
#define LOW     f64_zip_low
#define HIGH    f64_zip_high
#define PERMUTE f64_permute
#define NAME(x) x##_f64
#include "conv_template.h"
#include "conv_weight_template.h"
#include "conv_gemm_template.h"

// Forward, or the input gradient, by the way that suits.
static int32_t convolve(int32_t dtype, void *y, const void *x, const void *w, const void *bias, int32_t relu,
                        const int32_t *meta, int32_t transposed) {
  if (dtype == RAP_FLOAT32) {
    if (conv_winograd_image(y, x, w, bias, relu, meta, transposed)) return RAP_OK;
    if (conv_pixels(y, x, w, bias, relu, meta, transposed)) return RAP_OK;
    if (!conv_columns_f32(y, x, w, bias, relu, meta, transposed))
      conv_image_f32(y, x, w, bias, relu, meta, transposed);
  } else if (dtype == RAP_FLOAT64) {
    if (!conv_columns_f64(y, x, w, bias, relu, meta, transposed))
      conv_image_f64(y, x, w, bias, relu, meta, transposed);
  } else {
    return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

int32_t rap_conv_forward(int32_t dtype, void *y, const void *x, const void *w, const void *bias, int32_t relu,
                         const int32_t *meta) {
  return convolve(dtype, y, x, w, bias, relu, meta, 0);
}

int32_t rap_conv_backward_input(int32_t dtype, void *dx, const void *dy, const void *w, const int32_t *meta) {
  return convolve(dtype, dx, dy, w, 0, 0, meta, 1);
}

int32_t rap_conv_backward_weight(int32_t dtype, void *dw, void *dbias, const void *dy, const void *x,
                                 const int32_t *meta) {
  if (dtype == RAP_FLOAT32) {
    if (conv_winograd_weight(dw, dbias, dy, x, meta)) return RAP_OK;
    if (!conv_pointwise_weight_f32(dw, dbias, dy, x, meta)) conv_weight_f32(dw, dbias, dy, x, meta);
  } else if (dtype == RAP_FLOAT64) {
    if (!conv_pointwise_weight_f64(dw, dbias, dy, x, meta)) conv_weight_f64(dw, dbias, dy, x, meta);
  } else {
    return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}
