// Raptorch's C ABI: every function that the CPU library and the CUDA library export, and nothing else.
// `ffi/generate.ts` reads this file after the preprocessor and writes `ffi/symbols.ts` from it.
//
// Grammar: outputs, `const` inputs, `int32_t` sizes, `double` scalars, then `meta`, a host array of int32_t
// whose layout the comment states. `dtype` is one of the codes below and names the elements behind every
// `void *` unless the comment says otherwise. Kernels overwrite their outputs; only `*_accumulate` adds.
// A status result is RAP_OK or RAP_UNSUPPORTED (this dtype has no such kernel; nothing was written).
// TypeScript checks shapes, dtypes and devices before it calls; C trusts its arguments, never prints, never
// exits.
#ifndef RAPTORCH_H
#define RAPTORCH_H

#include "pointwise.h"
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAP_API __attribute__((visibility("default")))

// Element types. float16 and bfloat16 are storage types: TypeScript computes them through float32.
enum {
  RAP_FLOAT32 = 0,
  RAP_FLOAT64 = 1,
  RAP_INT64 = 2,
  RAP_INT32 = 3,
  RAP_UINT8 = 4,
  RAP_BOOL = 5,
  RAP_FLOAT16 = 6,
  RAP_BFLOAT16 = 7
};

// DIVIDED_BY_ZERO: an integer division met a zero divisor (its result is 0, the others are as they should
// be).
enum { RAP_OK = 0, RAP_UNSUPPORTED = 1, RAP_DIVIDED_BY_ZERO = 2 };

// The most dimensions a tensor may have; strided kernels size their counters by it.
enum { RAP_MAX_DIMS = 16 };

// ---- library (library.c) ---------------------------------------------------------------------------------

// The hash of this header that the library was built with (ffi/abi.ts); the loader compares it.
RAP_API int32_t rap_abi_hash(void);
// A pointer `bytes` after `p`: a view's address, without Deno's slower UnsafePointer.offset.
RAP_API void *rap_offset(const void *p, int32_t bytes);
// A pointer `elements * size` bytes after `p`, for views further than 2 GiB into their block.
RAP_API void *rap_offset_far(const void *p, int32_t elements, int32_t size);
// table[at] = p in a host array of addresses: cheaper than making a BigInt of a pointer.
RAP_API void rap_set_address(void *table, int32_t at, const void *p);
// Asks the system for huge pages under a large fresh block: fewer page faults at first touch.
RAP_API void rap_advise_huge(void *p, double bytes);
// The number of threads that kernels may use, the caller's included; at least 1.
RAP_API void rap_set_num_threads(int32_t n);
RAP_API int32_t rap_get_num_threads(void);

// ---- devices (device.c, device.cu)
// --------------------------------------------------------------------------- A library serves one kind of
// device; the CPU library's only device is the host. Calls concern the current device and the current stream
// of the library, and work on one stream happens in the order of the calls. What fails while a kernel runs
// shows at the next call here that returns a status: RAP_OK or the device's error code (2: out of memory).

enum { RAP_COPY_TO_DEVICE = 0, RAP_COPY_TO_HOST = 1, RAP_COPY_WITHIN = 2 };
enum { RAP_STREAM_USE = 0, RAP_STREAM_SYNCHRONIZE = 1, RAP_STREAM_QUERY = 2, RAP_STREAM_DESTROY = 3 };
enum {
  RAP_EVENT_RECORD = 0,
  RAP_EVENT_WAIT = 1,
  RAP_EVENT_SYNCHRONIZE = 2,
  RAP_EVENT_QUERY = 3,
  RAP_EVENT_DESTROY = 4
};
enum {
  RAP_INFO_TOTAL = 0,    // the device's memory, bytes
  RAP_INFO_FREE = 1,     // of these nobody's, by the driver
  RAP_INFO_LIVE = 2,     // handed out by rap_device_alloc, bytes
  RAP_INFO_PEAK = 3,     // the most that was live
  RAP_INFO_RESERVED = 4, // live and cached for reuse, bytes
  RAP_INFO_BLOCKS = 5,   // the number of live blocks
  RAP_INFO_MAJOR = 6,    // compute capability
  RAP_INFO_MINOR = 7,
  RAP_INFO_MULTIPROCESSORS = 8,
  RAP_INFO_PEAK_RESERVED = 9, // the most that was live or cached
  RAP_INFO_L2 = 10,           // bytes of the cache that all multiprocessors share
  RAP_INFO_SHARED = 11,       // bytes of shared memory that a block may have without asking
  RAP_INFO_THREADS = 12,      // resident threads of a multiprocessor
  RAP_INFO_REGISTERS = 13,    // registers of a multiprocessor
};

// How many devices there are; 0 with the reason in rap_device_error where there are none.
RAP_API int32_t rap_device_count(void);
// Makes a device the current one.
RAP_API int32_t rap_device_set(int32_t device);
// The current device's name as UTF-8, ended by 0, at most `bytes` with it.
RAP_API void rap_device_name(void *text, int32_t bytes);
// One of RAP_INFO_* about the current device.
RAP_API double rap_device_info(int32_t what);
// A block of memory of the current device, at least 256-byte aligned; NULL when there is not enough. Blocks
// come from and return to a cache of size classes, in the order of the current stream.
RAP_API void *rap_device_alloc(double bytes);
RAP_API void rap_device_free(void *p);
// Gives the cached blocks back to the driver.
RAP_API void rap_device_trim(void);
// Lets the peaks begin anew, at what is live and cached now.
RAP_API void rap_device_reset_peaks(void);
// Copies bytes; `kind` is RAP_COPY_*. With nonblocking != 0 a copy from or to pinned host memory returns
// before it is done.
RAP_API int32_t rap_device_copy(void *to, const void *from, double bytes, int32_t kind, int32_t nonblocking);
// Waits for all work of the current device.
RAP_API int32_t rap_device_synchronize(void);
// Takes the pending error: its code, or RAP_OK, and its text ended by 0.
RAP_API int32_t rap_device_error(void *text, int32_t bytes);
// Host memory that the device can copy from and to by itself.
RAP_API void *rap_pinned_alloc(double bytes);
RAP_API void rap_pinned_free(void *p);
// A stream of the current device, and what is done with it (RAP_STREAM_*; NULL is the default stream). QUERY:
// 1 while busy.
RAP_API void *rap_stream_create(void);
RAP_API int32_t rap_stream(int32_t action, void *stream);
// An event, and what is done with it (RAP_EVENT_*): RECORD and WAIT concern the current stream. QUERY: 1
// while pending.
RAP_API void *rap_event_create(void);
RAP_API int32_t rap_event(int32_t action, void *event);
// Milliseconds between two recorded events; negative if one has not happened.
RAP_API double rap_event_elapsed(const void *begin, const void *end);

// ---- random numbers (generator.c, random.c, random_sample.c)
// -----------------------------------------------
//
// A generator is a block of RAP_GENERATOR_BYTES that the caller owns, laid out as the bytes of PyTorch's
// torch.get_rng_state(), so that to copy the block is to save or to restore it. Equal seeds give PyTorch's
// numbers. All outputs are contiguous; `generator` is read and advanced.
enum { RAP_GENERATOR_BYTES = 5056 };

// What rap_random_fill draws, with its parameters a and b.
enum {
  RAP_FILL_UNIFORM = 0,     // [a, b)
  RAP_FILL_NORMAL = 1,      // mean a, deviation b; from 16 elements on PyTorch's block-wise Box-Muller
  RAP_FILL_NORMAL_EACH = 2, // the same one by one, as PyTorch draws for non-contiguous tensors
  RAP_FILL_LOG_NORMAL = 3,  // exp of normal(a, b)
  RAP_FILL_CAUCHY = 4,      // median a, scale b
  RAP_FILL_EXPONENTIAL = 5, // rate a
  RAP_FILL_GEOMETRIC = 6,   // trials until the first success of probability a
  RAP_FILL_BERNOULLI = 7    // b with probability a, else 0
};
// What rap_random_sample draws, with one parameter (or two) per element.
enum {
  RAP_SAMPLE_POISSON = 0,        // rate a
  RAP_SAMPLE_STANDARD_GAMMA = 1, // shape a
  RAP_SAMPLE_BINOMIAL = 2,       // a trials of probability b
};

// Starts the generator from a 64-bit seed.
RAP_API void rap_generator_seed(void *generator, int32_t seed_low, int32_t seed_high);
// out[i] ~ the distribution. The continuous ones: float32 and float64; geometric and Bernoulli: also the
// integers and bool.
RAP_API int32_t rap_random_fill(int32_t dtype, void *out, void *generator, int32_t n, int32_t distribution,
                                double a, double b);
// out[i] = base + (draw mod range). meta: range low, range high, base low, base high (32-bit halves); range 0
// is 2^64.
RAP_API int32_t rap_random_integers(int32_t dtype, void *out, void *generator, int32_t n,
                                    const int32_t *meta);
// out[i] uniform over [0, largest of dtype] (floats: [0, 2^mantissa]).
RAP_API int32_t rap_random_any(int32_t dtype, void *out, void *generator, int32_t n);
// A random permutation of 0 .. n-1.
RAP_API int32_t rap_randperm(int32_t dtype, void *out, void *generator, int32_t n);
// out[i] = 1 with probability p[i], else 0; p_dtype is float32 or float64. Status 2: a p outside of [0, 1].
RAP_API int32_t rap_random_bernoulli(int32_t dtype, void *out, void *generator, const void *p,
                                     int32_t p_dtype, int32_t n);
// out[i] ~ the distribution of a[i] (and b[i], else null). Status 2: a Poisson rate below 0.
RAP_API int32_t rap_random_sample(int32_t dtype, void *out, void *generator, const void *a, const void *b,
                                  int32_t n, int32_t distribution);
// out [rows, samples] int64 = category indices drawn by weights [rows, categories]; without replacement
// samples <= categories. Beside the usual status: 2 a weight < 0, 3 a weight infinite or NaN, 4 a row's
// weights sum to 0.
RAP_API int32_t rap_multinomial(int32_t dtype, void *out, void *generator, const void *weights, int32_t rows,
                                int32_t categories, int32_t samples, int32_t replacement);
// out[i] = d x[i] / d a[i] of a standard gamma sample x of shape a (total null), or that of a Beta(a, total -
// a) sample over 1 - x, of which the gradient of a Dirichlet sample is made.
RAP_API int32_t rap_random_gradient(int32_t dtype, void *out, const void *x, const void *a, const void *total,
                                    int32_t n);

// ---- pointwise (pointwise.c, cast.c, copy.c)
// --------------------------------------------------------------- `op` is a code of pointwise.h; y may be one
// of the inputs. Broadcasting ops take meta = 0 where every operand is contiguous and of the same shape, else
// meta = [ndim, sizes, y strides, strides of each input …], ndim numbers each, strides in elements, 0 for a
// broadcast dimension. Comparisons and predicates write bool.

// y = op(x) with the op's parameters p and q (slope; bounds; alpha; exponent …)
RAP_API int32_t rap_unary(int32_t op, int32_t dtype, void *y, const void *x, int32_t n, double p, double q);
// y = op(a, b); n = elements of y
RAP_API int32_t rap_binary(int32_t op, int32_t dtype, void *y, const void *a, const void *b, int32_t n,
                           double p, double q, const int32_t *meta);
// y = op(a, s), reverse: op(s, a); contiguous
RAP_API int32_t rap_binary_scalar(int32_t op, int32_t dtype, void *y, const void *a, int32_t n,
                                  int32_t reverse, double s, double p, double q);
// y = op(a, b, c); WHERE: a is bool, b, c and y of any dtype
RAP_API int32_t rap_ternary(int32_t op, int32_t dtype, void *y, const void *a, const void *b, const void *c,
                            int32_t n, double p, const int32_t *meta);
// y[i] = value
RAP_API void rap_fill(int32_t dtype, void *y, int32_t n, double value);
// y[i] = start + i * step
RAP_API int32_t rap_arange(int32_t dtype, void *y, int32_t n, double start, double step);
// y = n numbers from start to end inclusive, evenly spaced
RAP_API int32_t rap_linspace(int32_t dtype, void *y, int32_t n, double start, double end);
// y[i] = x[i] converted: floats truncate to integers, anything but 0 is true, float16 and bfloat16 round to
// nearest even
RAP_API void rap_cast(int32_t to, int32_t from, void *y, const void *x, int32_t n);
// y = x, elements of `size` bytes (1, 2, 4, 8); meta = [ndim, sizes, y strides, x strides]
RAP_API void rap_copy_strided(int32_t size, void *y, const void *x, const int32_t *meta);

// ---- matrix multiplication (matmul.c) --------------------------------------------------------------------

// c[m,n] = activation(alpha * a[m,k] · b[k,n] + beta * bias[m,n]) for outer * inner independent problems, of
// any strides (in elements; 0 broadcasts): a transpose or a bias row is a matter of strides. bias may be
// null, or c itself (then it accumulates); with beta = 0 it is not read. c's columns are adjacent; c overlaps
// neither a nor b. dtypes: float32, float64, int64, int32, uint8 (alpha and beta then count as integers).
// meta: 0 m, 1 n, 2 k, 3 activation (0 none, 1 relu), 4 outer, 5 inner,
//       a: 6 row stride, 7 column stride, 8 outer stride, 9 inner stride;  b: 10 … 13 likewise;
//       c: 14 row stride, 15 outer stride, 16 inner stride;  bias: 17 row, 18 column, 19 outer, 20 inner
//       stride.
RAP_API int32_t rap_matmul(int32_t dtype, void *c, const void *a, const void *b, const void *bias,
                           double alpha, double beta, const int32_t *meta);

// What float32 operands may be rounded to before they are multiplied, by a device that has units for it (CUDA
// from compute capability 8.0 on); sums stay float32. The same for all devices of the library.
enum { RAP_PRECISION_FLOAT32 = 0, RAP_PRECISION_TF32 = 1, RAP_PRECISION_BFLOAT16 = 2 };
RAP_API void rap_set_matmul_precision(int32_t precision);
// Whether products of float32 and float64 go to cuBLAS: choice 0 never, 1 yes (an error where it cannot be
// opened), 2 where it can be opened, -1 as the variable RAPTORCH_CUBLAS says (0, 1 or auto, its default).
// Returns 1 when they do from now on.
RAP_API int32_t rap_use_cublas(int32_t choice);

// ---- attention (attention.c): float32, float64
// ------------------------------------------------------------------- q [batch, heads, length, width], k
// [batch, groups, source, width], v [batch, groups, source, out], y as q with out features; head h takes keys
// and values from group h / (heads / groups). Features are adjacent, other strides are free. mask: added to
// the scores, or null; a dimension of stride 0 is broadcast. causal: query i sees keys 0 … i. A query that
// sees nothing (only scores of minus infinity) gets 0. meta: 0 batch, 1 heads, 2 groups, 3 length, 4 source,
// 5 width, 6 out, 7 causal, strides of batch, head and row of
//       q 8 … 10, k 11 … 13, v 14 … 16, y 17 … 19 and mask 20 … 22, 23 mask's column stride;
//       backward: those of dy 24 … 26, dq 27 … 29, dk 30 … 32, dv 33 … 35.

// y = softmax(scale q·kᵀ + mask)·v. lse [batch, heads, length]: the logarithm of each row's sum of
// exponentials.
RAP_API int32_t rap_attention(int32_t dtype, void *y, void *lse, const void *q, const void *k, const void *v,
                              const void *mask, double scale, const int32_t *meta);
// dq, dk and dv from dy and what the forward took and gave
RAP_API int32_t rap_attention_backward(int32_t dtype, void *dq, void *dk, void *dv, const void *dy,
                                       const void *y, const void *lse, const void *q, const void *k,
                                       const void *v, const void *mask, double scale, const int32_t *meta);

// ---- convolution (conv.c): float32, float64
// ------------------------------------------------------------------
//
// x [batch, channels, D, H, W], w [outputs, channels/groups, KD, KH, KW], y [batch, outputs, OD, OH, OW],
// bias [outputs], all contiguous. Fewer dimensions: D = KD = OD = 1, and H too for one; their stride and
// dilation 1, their padding 0. y[n, o, i] = bias[o] + Σ_{c, k} w[o, c, k] x[n, c, i * stride - padding + k *
// dilation], x being 0 outside the image. `padding` is the one before the image; the one after it follows
// from the output's size, so it may differ. meta: batch, channels, outputs, groups, D, H, W, KD, KH, KW, OD,
// OH, OW, stride[3], padding[3], dilation[3].

// y from x and w; bias may be NULL; relu != 0 sets negative results to 0.
RAP_API int32_t rap_conv_forward(int32_t dtype, void *y, const void *x, const void *w, const void *bias,
                                 int32_t relu, const int32_t *meta);
// dx from dy and w: also the forward of a transposed convolution, whose input is `dy` and whose output is
// `dx`.
RAP_API int32_t rap_conv_backward_input(int32_t dtype, void *dx, const void *dy, const void *w,
                                        const int32_t *meta);
// dw, and dbias unless it is NULL, from dy and x.
RAP_API int32_t rap_conv_backward_weight(int32_t dtype, void *dw, void *dbias, const void *dy, const void *x,
                                         const int32_t *meta);

// ---- pooling (pool.c): float32, float64
// ------------------------------------------------------------------------
//
// x [planes, D, H, W] (planes = batch * channels), y [planes, OD, OH, OW]; fewer dimensions as for
// convolution. Output o covers o * stride - padding + k * dilation along each axis; positions outside the
// image do not count. ceil_mode is in the output's size. meta: planes, D, H, W, OD, OH, OW, kernel[3],
// stride[3], padding[3], dilation[3]. kernel[0] = 0 is adaptive pooling (the rest of meta is not read):
// output o covers [floor(o I / O), ceil((o+1) I / O)).
//
// indices [planes, OD, OH, OW] of dtype index_dtype: INT64 or INT32 is PyTorch's flat index within the plane
// of x; UINT8 is the tap (kd KH + kh) KW + kw within the window, for windows of at most 255 taps, not
// adaptive: the compact workspace for the gradient where nobody asks for indices. NaN is the largest number;
// among equals the first wins.

// y = max over the window, and where it was; indices may be NULL.
RAP_API int32_t rap_max_pool(int32_t dtype, void *y, void *indices, const void *x, int32_t index_dtype,
                             const int32_t *meta);
// dx = 0 but for dx[indices[i]] += dy[i]
RAP_API int32_t rap_max_pool_backward(int32_t dtype, void *dx, const void *dy, const void *indices,
                                      int32_t index_dtype, const int32_t *meta);
// y[i] = x[indices[i]]: the gradient of both the one above and the one below.
RAP_API int32_t rap_max_pool_gather(int32_t dtype, void *y, const void *x, const void *indices,
                                    int32_t index_dtype, const int32_t *meta);
// y [planes, D, H, W] = 0 but for y[indices[i]] = x[i], x [planes, OD, OH, OW]: the last of several wins.
RAP_API int32_t rap_max_unpool(int32_t dtype, void *y, const void *x, const void *indices,
                               int32_t index_dtype, const int32_t *meta);
// Fractional max pooling (fractional_pool.c): y [planes, OD, OH, OW], where it was in its plane of x (int64),
// samples [planes, 3] in [0, 1) that shift the windows of each dimension. meta: 0 planes, 1 D, H, W,
// 4 OD, OH, OW, 7 window
RAP_API int32_t rap_fractional_max_pool(int32_t dtype, void *y, void *index, const void *x,
                                        const void *samples, const int32_t *meta);
// y = sum over the window / divisor; divisor 0: the window's size, with the padding counted in if
// include_padding. dilation 1.
RAP_API int32_t rap_avg_pool(int32_t dtype, void *y, const void *x, int32_t include_padding, int32_t divisor,
                             const int32_t *meta);
// dx from dy
RAP_API int32_t rap_avg_pool_backward(int32_t dtype, void *dx, const void *dy, int32_t include_padding,
                                      int32_t divisor, const int32_t *meta);

// ---- reductions (reduce.c, scan.c)
// -------------------------------------------------------------------------- x is contiguous [outer, reduce,
// inner], y [outer, inner].
enum {
  RAP_REDUCE_SUM = 0,   // integers and bool give int64
  RAP_REDUCE_PROD,      // the same
  RAP_REDUCE_NANSUM,    // NaN counts as 0
  RAP_REDUCE_MEAN,      // floats
  RAP_REDUCE_NORM,      // (sum |x|^p)^(1/p); p may be 0 and infinite; floats
  RAP_REDUCE_LOGSUMEXP, // floats
  RAP_REDUCE_MAX,       // NaN wins; also writes its (first) index where indices is not null
  RAP_REDUCE_MIN,
  RAP_REDUCE_ARGMAX, // y is int64
  RAP_REDUCE_ARGMIN,
  RAP_REDUCE_ANY, // y is bool
  RAP_REDUCE_ALL,
  RAP_REDUCE_COUNT_NONZERO // y is int64
};
// y = op over the middle dimension; indices: int64 or null
RAP_API int32_t rap_reduce(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer,
                           int32_t reduce, int32_t inner, double p);
// var = sum (x - mean)^2 / max(reduce - correction, 0), its root with take_root; mean may be null
RAP_API int32_t rap_var(int32_t dtype, void *var, void *mean, const void *x, int32_t outer, int32_t reduce,
                        int32_t inner, int32_t take_root, double correction);
enum { RAP_SCAN_CUMSUM = 0, RAP_SCAN_CUMPROD, RAP_SCAN_CUMMAX, RAP_SCAN_CUMMIN, RAP_SCAN_LOGCUMSUMEXP };
// y[o, i, n] = op over x[o, 0 … i, n], of x's dtype; cummax and cummin write int64 indices (the last of
// equals)
RAP_API int32_t rap_scan(int32_t op, int32_t dtype, void *y, void *indices, const void *x, int32_t outer,
                         int32_t dim, int32_t inner);

// ---- softmax and losses (softmax.c, loss.c)
// ----------------------------------------------------------------- y = softmax of x over dim, its logarithm
// with take_log; all [outer, dim, inner]
RAP_API int32_t rap_softmax(int32_t dtype, void *y, const void *x, int32_t outer, int32_t dim, int32_t inner,
                            int32_t take_log);
// dx = y (dy - sum dy y), for the logarithm dx = dy - exp(y) sum dy; y is the output
RAP_API int32_t rap_softmax_backward(int32_t dtype, void *dx, const void *dy, const void *y, int32_t outer,
                                     int32_t dim, int32_t inner, int32_t take_log);
enum { RAP_REDUCTION_NONE = 0, RAP_REDUCTION_MEAN = 1, RAP_REDUCTION_SUM = 2 };
// Cross entropy of logits x [batch, classes, inner] (with log_probs: x are log-probabilities, nll_loss),
// int64 target [batch, inner], weight [classes] or null. loss: one number, or [batch, inner] for reduction
// none. saved [batch * inner + 1]: log-sum-exp of each row, then the total weight that a mean divides by.
// Beside the usual status: 2, a target is neither a class nor ignore_index.
RAP_API int32_t rap_cross_entropy(int32_t dtype, void *loss, void *saved, const void *x, const void *target,
                                  const void *weight, int32_t batch, int32_t classes, int32_t inner,
                                  int32_t ignore_index, int32_t reduction, int32_t log_probs,
                                  double smoothing);
// dx from dloss (one number, or [batch, inner]) and what the forward took and saved
RAP_API int32_t rap_cross_entropy_backward(int32_t dtype, void *dx, const void *dloss, const void *saved,
                                           const void *x, const void *target, const void *weight,
                                           int32_t batch, int32_t classes, int32_t inner,
                                           int32_t ignore_index, int32_t reduction, int32_t log_probs,
                                           double smoothing);
// loss = reduction of weight[i] * kind(x[i], target[i]), kind a RAP_LOSS_* of pointwise.h; weight may be
// null; contiguous, same shape
RAP_API int32_t rap_loss(int32_t kind, int32_t dtype, void *loss, const void *x, const void *target,
                         const void *weight, int32_t n, int32_t reduction, double p);
// dx = dloss (one number, or n for reduction none) * weight * d kind / dx, divided by n for a mean
RAP_API int32_t rap_loss_backward(int32_t kind, int32_t dtype, void *dx, const void *dloss, const void *x,
                                  const void *target, const void *weight, int32_t n, int32_t reduction,
                                  double p);

// Connectionist temporal classification (ctc.c). log_probs [steps, batch, classes]; targets int64; lengths
// [3, batch] int64: of each input, of each target, and where the target begins; longest: the longest target.
// loss [batch]; alpha [batch, steps, 2 longest + 1] is kept for the backward, which ends in the gradient of
// what log_softmax was given.
RAP_API int32_t rap_ctc_loss(int32_t dtype, void *loss, void *alpha, const void *log_probs,
                             const void *targets, const void *lengths, int32_t steps, int32_t batch,
                             int32_t classes, int32_t longest, int32_t blank);
// dx like log_probs; zero_infinity: no gradient where the loss is infinite
RAP_API int32_t rap_ctc_loss_backward(int32_t dtype, void *dx, const void *dloss, const void *loss,
                                      const void *alpha, const void *log_probs, const void *targets,
                                      const void *lengths, int32_t steps, int32_t batch, int32_t classes,
                                      int32_t longest, int32_t blank, int32_t zero_infinity);

// ---- distances (distance.c)
// ------------------------------------------------------------------------------------ y [rows (rows - 1) /
// 2] = (sum |x[i] - x[k]|^p)^(1/p) for all i < k, x [rows, cols]; p may be 0 (how many differ) and infinite
RAP_API int32_t rap_pdist(int32_t dtype, void *y, const void *x, int32_t rows, int32_t cols, double p);
RAP_API int32_t rap_pdist_backward(int32_t dtype, void *dx, const void *dy, const void *x, const void *y,
                                   int32_t rows, int32_t cols, double p);

// ---- sampling of images (sample.c): float32, float64
// --------------------------------------------------------------
enum { RAP_GRID_LINEAR = 0, RAP_GRID_NEAREST = 1, RAP_GRID_CUBIC = 2 };
enum { RAP_GRID_ZEROS = 0, RAP_GRID_BORDER = 1, RAP_GRID_REFLECTION = 2 };
// y [batch, channels, OD, OH, OW] = x [batch, channels, D, H, W] at grid [batch, OD, OH, OW, dims], innermost
// coordinate first, from -1 to 1 (the centres of the corner pixels with align, else their outer edges). meta:
// batch, channels, dims (2: D = OD = 1, or 3), D, H, W, OD, OH, OW.
RAP_API int32_t rap_grid_sample(int32_t dtype, void *y, const void *x, const void *grid, int32_t mode,
                                int32_t padding, int32_t align, const int32_t *meta);
// dx, dgrid may be null
RAP_API int32_t rap_grid_sample_backward(int32_t dtype, void *dx, void *dgrid, const void *dy, const void *x,
                                         const void *grid, int32_t mode, int32_t padding, int32_t align,
                                         const int32_t *meta);
// y [outer, out, inner], y[o,i] = sum over k of weights[i,k] x[o, positions[i,k]], x [outer, in, inner];
// positions [out, taps] int32, where -1 ends a row of taps, weights [out, taps] double
RAP_API int32_t rap_resample(int32_t dtype, void *y, const void *x, const void *positions,
                             const void *weights, int32_t outer, int32_t in, int32_t inner, int32_t out,
                             int32_t taps);
// dx [outer, in, inner] from dy [outer, out, inner]
RAP_API int32_t rap_resample_backward(int32_t dtype, void *dx, const void *dy, const void *positions,
                                      const void *weights, int32_t outer, int32_t in, int32_t inner,
                                      int32_t out, int32_t taps);

// ---- normalisation (norm.c)
// ---------------------------------------------------------------------------------- x [batch, channels,
// inner]; gamma, beta [channels] or null. Training: statistics of x, and running = (1 - momentum) running +
// momentum statistic (unbiased variance) where not null; else the running statistics. mean, invstd [channels]
// are written for the backward.
RAP_API int32_t rap_batch_norm(int32_t dtype, void *y, void *mean, void *invstd, void *running_mean,
                               void *running_var, const void *x, const void *gamma, const void *beta,
                               int32_t batch, int32_t channels, int32_t inner, int32_t training,
                               double momentum, double eps);
// dx, dgamma, dbeta may be null
RAP_API int32_t rap_batch_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                        const void *x, const void *gamma, const void *mean,
                                        const void *invstd, int32_t batch, int32_t channels, int32_t inner,
                                        int32_t training);
// y = (x - mean) rstd gamma + beta over each row; x [rows, cols], mean and rstd [rows], gamma and beta [cols]
// or null
RAP_API int32_t rap_layer_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x,
                               const void *gamma, const void *beta, int32_t rows, int32_t cols, double eps);
RAP_API int32_t rap_layer_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                        const void *x, const void *gamma, const void *mean, const void *rstd,
                                        int32_t rows, int32_t cols);
// y = x rstd gamma, rstd = 1 / sqrt(mean x^2 + eps)
RAP_API int32_t rap_rms_norm(int32_t dtype, void *y, void *rstd, const void *x, const void *gamma,
                             int32_t rows, int32_t cols, double eps);
RAP_API int32_t rap_rms_norm_backward(int32_t dtype, void *dx, void *dgamma, const void *dy, const void *x,
                                      const void *gamma, const void *rstd, int32_t rows, int32_t cols);
// x [batch, channels, inner] normalised over each of `groups` groups of channels; mean, rstd [batch, groups];
// gamma, beta [channels] or null
RAP_API int32_t rap_group_norm(int32_t dtype, void *y, void *mean, void *rstd, const void *x,
                               const void *gamma, const void *beta, int32_t batch, int32_t channels,
                               int32_t inner, int32_t groups, double eps);
RAP_API int32_t rap_group_norm_backward(int32_t dtype, void *dx, void *dgamma, void *dbeta, const void *dy,
                                        const void *x, const void *gamma, const void *mean, const void *rstd,
                                        int32_t batch, int32_t channels, int32_t inner, int32_t groups);

// ---- optimizers (optim.c)
// ------------------------------------------------------------------------------------- One call updates many
// parameters. table: a host array of addresses, per parameter first the parameter, then its gradient, then
// its states in the order given; meta = [count, elements of each]. Flags: 1 maximize, others as said. The
// parameters of one call share every number; PyTorch's single-tensor formulas.

// States: momentum buffer (or null without momentum). Flags: 2 nesterov, 4 first step (the buffer starts as
// the gradient)
RAP_API int32_t rap_sgd(int32_t dtype, const void *table, int32_t flags, double lr, double momentum,
                        double dampening, double weight_decay, const int32_t *meta);
// States: exp_avg, exp_avg_sq, max_exp_avg_sq (or null). Flags: 2 amsgrad, 4 decoupled weight decay. bias1 =
// 1 - beta1^step
RAP_API int32_t rap_adam(int32_t dtype, const void *table, int32_t flags, double lr, double beta1,
                         double beta2, double eps, double weight_decay, double bias1, double bias2,
                         const int32_t *meta);
// States: square_avg, momentum_buffer, grad_avg (the last two may be null). Flags: 2 centered
RAP_API int32_t rap_rmsprop(int32_t dtype, const void *table, int32_t flags, double lr, double alpha,
                            double eps, double weight_decay, double momentum, const int32_t *meta);
// States: sum. lr already decayed: lr / (1 + (step - 1) lr_decay)
RAP_API int32_t rap_adagrad(int32_t dtype, const void *table, int32_t flags, double lr, double eps,
                            double weight_decay, const int32_t *meta);
// States: square_avg, acc_delta
RAP_API int32_t rap_adadelta(int32_t dtype, const void *table, int32_t flags, double lr, double rho,
                             double eps, double weight_decay, const int32_t *meta);
// States: exp_avg, exp_inf. lr already divided by 1 - beta1^step
RAP_API int32_t rap_adamax(int32_t dtype, const void *table, int32_t flags, double lr, double beta1,
                           double beta2, double eps, double weight_decay, const int32_t *meta);

// ---- indexing and sorting (index.c, sort.c)
// ---------------------------------------------------------------- Indices are int64.

// What a scatter does to the element that is there; MAX and MIN let NaN win.
enum { RAP_SCATTER_SET = 0, RAP_SCATTER_ADD, RAP_SCATTER_MUL, RAP_SCATTER_MAX, RAP_SCATTER_MIN };

// out[i] = index[i] counted from the front of a dimension of `size`; returns the first i that is out of
// range, or -1
RAP_API int32_t rap_wrap_index(void *out, const void *index, int32_t n, int32_t size);
// y[i,:] = x[index[i],:], rows of `row` elements of `size` bytes
RAP_API void rap_take_rows(int32_t size, void *y, const void *x, const void *index, int32_t n, int32_t row);
// y[index[i],:] = op(y[index[i],:], v[i,:]) in the order of i; v's rows are v_stride elements apart (0: one
// for all)
RAP_API int32_t rap_put_rows(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                             int32_t row, int32_t v_stride);
// y[i] = x[… index[i] at dim …], index and y contiguous; meta: 0 ndim, 1 dim, index sizes, x strides, ndim
// zeros
RAP_API void rap_gather(int32_t size, void *y, const void *x, const void *index, int32_t n,
                        const int32_t *meta);
// y[… index[i] at dim …] = op(that, v[i]) in the order of i; meta: 0 ndim, 1 dim, index sizes, y strides, v
// strides
RAP_API int32_t rap_scatter(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                            const int32_t *meta);
// The positions at which mask (bytes) is not 0
RAP_API void rap_nonzero(void *out, const void *mask, int32_t n);
// out[r,i] = where values[r,m] belong in sorted[r,n]: before equals, or after them with `right`; rows -1: one
// row
RAP_API int32_t rap_searchsorted(int32_t dtype, void *out, const void *sorted, const void *values,
                                 int32_t rows, int32_t n, int32_t m, int32_t right);
// out[index[i]] += weights[i], or 1 where weights is null (out is int64 then); out begins as zeros
RAP_API int32_t rap_bincount(int32_t dtype, void *out, const void *index, const void *weights, int32_t n);
// Sorting and selecting give values and their positions; NaN is the largest. Of equal elements those that are
// not asked to be stable take the same one as PyTorch on the CPU; on CUDA, where it makes no promise, the
// first. The first k of each row x[outer,n] in sorted order:
RAP_API int32_t rap_sort(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                         int32_t k, int32_t descending, int32_t stable);
// The k largest or smallest of each row x[outer,n], in order if `sorted`
RAP_API int32_t rap_topk(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                         int32_t k, int32_t largest, int32_t sorted);
// The k-th smallest, from 0, of each row x[outer,n]
RAP_API int32_t rap_kth(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n,
                        int32_t k);
// The lower median of each row x[outer,n], the sorting being stable: its first NaN where there is one, unless
// NaNs are to be ignored
RAP_API int32_t rap_median(int32_t dtype, void *values, void *indices, const void *x, int32_t outer,
                           int32_t n, int32_t ignore_nan);

// The most frequent element of each row x[outer,n], the least of several, where a NaN equals nothing; its
// position is the last on CUDA
RAP_API int32_t rap_mode(int32_t dtype, void *values, void *indices, const void *x, int32_t outer, int32_t n);

// ---- bags of rows (embedding.c)
// ----------------------------------------------------------------------------
//
// Bag b of `bags` holds the rows index[starts[b] … starts[b+1]), int64, of a table of rows of `width`,
// without those that are `padding` (-1: none). factor: a number for each index, or null for 1.

enum { RAP_BAG_SUM = 0, RAP_BAG_MEAN, RAP_BAG_MAX };

// y[b,:] = the sum or mean of factor[i] * w[index[i],:], or the maximum of w[index[i],:], which also writes
// the rows that it comes from into at[b,:], int32: the first of equals, -1 in an empty bag
RAP_API int32_t rap_bag(int32_t dtype, int32_t mode, void *y, void *at, const void *w, const void *index,
                        const void *starts, const void *factor, int32_t bags, int32_t width, int32_t padding);
// The gradient of w for sums and means, added to dw: dw[index[i],:] += factor[i] * dy[b,:], over the number
// of rows in b for a mean; n: the length of index
RAP_API int32_t rap_bag_spread(int32_t dtype, int32_t mode, void *dw, const void *dy, const void *index,
                               const void *starts, const void *factor, int32_t n, int32_t bags, int32_t width,
                               int32_t padding);
// The gradient of a sum's factor: dfactor[i] = dy[b,:] · w[index[i],:], 0 for padding; what is in no bag
// stays
RAP_API int32_t rap_bag_dot(int32_t dtype, void *dfactor, const void *dy, const void *w, const void *index,
                            const void *starts, int32_t bags, int32_t width, int32_t padding);

// ---- linear algebra (linalg.c) ---------------------------------------------------------------------------
//
// Batches of contiguous matrices, float32 and float64.

// out [batch, n, n] lower triangular with out outᵀ = a, of which the lower triangle is read.
// info [batch] int32: 0, or the order of the first leading minor that is not positive.
RAP_API int32_t rap_cholesky(int32_t dtype, void *out, void *info, const void *a, int32_t batch, int32_t n);
// out [batch, n, m] with a out = b, a [batch, n, n] triangular. flags: 1 upper, 2 take aᵀ, 4 the diagonal
// is 1.
RAP_API int32_t rap_solve_triangular(int32_t dtype, void *out, const void *a, const void *b, int32_t batch,
                                     int32_t n, int32_t m, int32_t flags);
// q r = a [batch, m, n], k = min(m, n): q [batch, m, k], r [batch, k, n], or complete: q [batch, m, m], r
// [batch, m, n].
RAP_API int32_t rap_qr(int32_t dtype, void *q, void *r, const void *a, int32_t batch, int32_t m, int32_t n,
                       int32_t complete);
// out [batch, n, n]: L below the diagonal and U of P a = L U. order [batch, n] int64: the row of a that each
// row came from. info [batch, 2] int32: 0, or the order of the first pivot that is 0; the determinant of P.
RAP_API int32_t rap_lu(int32_t dtype, void *out, void *order, void *info, const void *a, int32_t batch,
                       int32_t n);
// Eigenvalues [batch, n], ascending, and eigenvectors [batch, n, n], as columns, of symmetric matrices; all
// of a is read. The signs of small matrices' vectors are LAPACK's for its lower or upper triangle.
RAP_API int32_t rap_eigh(int32_t dtype, void *values, void *vectors, const void *a, int32_t batch, int32_t n,
                         int32_t upper);
// Of a [batch, n, m] with n <= m, aᵀ = uᵀ diag(s) v: u [batch, width, m], width >= n, s [batch, n],
// descending, v [batch, n, n]. The signs of small matrices' vectors are LAPACK's for aᵀ, or if `wide` for a.
RAP_API int32_t rap_svd(int32_t dtype, void *u, void *s, void *v, const void *a, int32_t batch, int32_t m,
                        int32_t n, int32_t width, int32_t wide);

#ifdef __cplusplus
}
#endif
#endif
