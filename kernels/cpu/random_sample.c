// Draws whose parameters come per element, by rejection: Poisson, gamma, binomial; and from a table of
// weights.
#include "generator.h"
#include "../raptorch.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

// Poisson by the transformed rejection method PTRS (W. Hörmann 1993), below a mean of 10 by multiplying
// uniforms.
static double poisson(generator *g, double mean) {
  if (mean == 0) return 0;
  if (isinf(mean)) return NAN;
  if (mean < 10) {
    double bound = exp(-mean), product = 1, k = 0;
    for (;;) {
      product *= generator_next_uniform(g);
      if (!(product > bound)) return k;
      k++;
    }
  }
  double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b, log_mean = log(mean);
  double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), quick = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    double u = generator_next_uniform(g) - 0.5, v = generator_next_uniform(g), us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= quick) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (log(v) + log(inverse_alpha) - log(a / (us * us) + b) <= -mean + k * log_mean - lgamma(k + 1))
      return k;
  }
}

// Gamma by the method of Marsaglia and Tsang (2000), doi:10.1145/358407.358414. For a float32 shape PyTorch
// computes d in float32, and 1/3 is a float32 constant throughout.
static double standard_gamma(generator *g, double shape, int32_t dtype) {
  double scale = 1;
  if (shape == 0) return 0;
  if (!(shape > 0)) return NAN; // no draw would ever be accepted
  if (shape < 1) {
    double inverse = dtype == RAP_FLOAT32 ? 1.0f / (float)shape : 1.0 / shape;
    scale = pow(1 - generator_next_uniform(g), inverse);
    shape = dtype == RAP_FLOAT32 ? (float)shape + 1.0f : shape + 1.0;
  }
  const double d = dtype == RAP_FLOAT32 ? (float)shape - 1.0f / 3.0f : shape - 1.0f / 3.0f;
  const double c = 1 / sqrt(9 * d);
  for (;;) {
    double x, y;
    do {
      x = generator_next_normal(g);
      y = 1 + c * x;
    } while (y <= 0);
    double v = y * y * y, u = 1 - generator_next_uniform(g), xx = x * x;
    if (u < 1 - 0.0331f * xx * xx || log(u) < 0.5 * xx + d * (1 - v + log(v))) return scale * d * v;
  }
}

// log k! less Stirling's leading terms.
static double stirling_tail(double k) {
  static const double tail[] = {
      0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
      0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.00925546218271273, 0.00833056343336287};
  if (k < 10) return tail[(int)k];
  double square = (k + 1) * (k + 1);
  return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1);
}

// Binomial, p <= 1/2: counts geometric gaps, or from a mean of 10 on the rejection method BTRS (W. Hörmann
// 1993). PyTorch computes the parameters in the tensor's type, so for float32 they are rounded here.
static double binomial_half(generator *g, double count, double p, int single) {
#define ROUND(x) (single ? (double)(float)(x) : (x))
  const double mean = ROUND(count * p), q = ROUND(1 - p);
  if (mean < 10) {
    double failure = single ? log1pf((float)-p) : log1p(-p), sum = 0;
    for (double successes = 0;; successes++) {
      sum += ceil(log(generator_next_uniform(g)) / failure);
      if (sum > count) return successes;
    }
  }
  const double deviation = ROUND(sqrt(ROUND(mean * q))), b = 1.15 + 2.53 * deviation;
  const double a = -0.0873 + 0.0248 * b + 0.01 * p, c = mean + 0.5, quick = 0.92 - 4.2 / b;
  const double alpha = (2.83 + 5.1 / b) * deviation, odds = ROUND(p / q),
               mode = floor(ROUND((count + 1) * p));
#undef ROUND
  for (;;) {
    double u = generator_next_uniform(g) - 0.5, v = generator_next_uniform(g), us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + c);
    if (k < 0 || k > count) continue;
    if (us >= 0.07 && v <= quick) return k;
    double bound = (mode + 0.5) * log((mode + 1) / (odds * (count - mode + 1))) +
                   (count + 1) * log((count - mode + 1) / (count - k + 1)) +
                   (k + 0.5) * log(odds * (count - k + 1) / (k + 1)) + stirling_tail(mode) +
                   stirling_tail(count - mode) - stirling_tail(k) - stirling_tail(count - k);
    if (log(v * alpha / (a / (us * us) + b)) <= bound) return k;
  }
}

static double binomial(generator *g, double count, double p, int single) {
  if (count <= 0 || p <= 0) return 0;
  if (!isfinite(count)) return NAN;
  if (p >= 1) return count;
  if (p <= 0.5) return binomial_half(g, count, p, single);
  if (p > 0.5) return count - binomial_half(g, count, single ? (float)(1 - p) : 1 - p, single);
  return NAN;
}

int32_t rap_random_sample(int32_t dtype, void *out, void *block, const void *a, const void *b, int32_t n,
                          int32_t distribution) {
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  const int single = dtype == RAP_FLOAT32;
  const double smallest = single ? FLT_MIN : DBL_MIN;
  if (distribution == RAP_SAMPLE_POISSON)
    for (int32_t i = 0; i < n; i++)
      if (!((single ? ((const float *)a)[i] : ((const double *)a)[i]) >= 0)) return 2;
  for (int32_t i = 0; i < n; i++) {
    double x = single ? ((const float *)a)[i] : ((const double *)a)[i], y = 0;
    if (b) y = single ? ((const float *)b)[i] : ((const double *)b)[i];
    if (distribution == RAP_SAMPLE_POISSON)
      x = poisson(block, x);
    else if (distribution == RAP_SAMPLE_BINOMIAL)
      x = binomial(block, x, y, single);
    else {
      x = standard_gamma(block, x, dtype);
      if (x < smallest) x = smallest;
    }
    if (single)
      ((float *)out)[i] = (float)x;
    else
      ((double *)out)[i] = x;
  }
  return RAP_OK;
}

// ---- multinomial -----------------------------------------------------------------------------------------

// out [samples] = indices by inverting the cumulative weights, kept in `table` and normalised. PyTorch adds
// up in the weights' own type, so a float32 table is rounded at every step.
static int32_t with_replacement(int64_t *out, generator *g, double *table, int32_t categories,
                                int32_t samples, int single) {
  double sum = 0;
  for (int32_t j = 0; j < categories; j++) {
    if (!(table[j] >= 0)) return 2;
    if (isinf(table[j])) return 3;
    sum = single ? (float)((float)sum + (float)table[j]) : sum + table[j];
    table[j] = sum;
  }
  if (!(sum > 0)) return 4;
  for (int32_t j = 0; j < categories; j++) table[j] = single ? (float)table[j] / (float)sum : table[j] / sum;
  table[categories - 1] = 1;
  for (int32_t i = 0; i < samples; i++) {
    double u = generator_next_uniform(g);
    int32_t low = 0, high = categories;
    while (low < high) {
      int32_t middle = low + (high - low) / 2;
      if (table[middle] < u)
        low = middle + 1;
      else
        high = middle;
    }
    out[i] = low;
  }
  return RAP_OK;
}

// Whether key[i] comes before key[j] in descending order, the lower index first among equals.
static int before(const double *key, int32_t i, int32_t j) {
  return key[i] > key[j] || (key[i] == key[j] && i < j);
}

static void sift_down(int32_t *heap, const double *key, int32_t root, int32_t n) {
  for (int32_t child; (child = 2 * root + 1) < n; root = child) {
    if (child + 1 < n && before(key, heap[child + 1], heap[child])) child++;
    if (!before(key, heap[child], heap[root])) return;
    int32_t kept = heap[root];
    heap[root] = heap[child], heap[child] = kept;
  }
}

// out [samples] = the indices of the largest keys, the largest first.
static void largest(int64_t *out, const double *key, int32_t *heap, int32_t n, int32_t samples) {
  for (int32_t i = 0; i < n; i++) heap[i] = i;
  for (int32_t i = n / 2; i-- > 0;) sift_down(heap, key, i, n);
  for (int32_t i = 0; i < samples; i++) {
    out[i] = heap[0];
    heap[0] = heap[--n];
    sift_down(heap, key, 0, n);
  }
}

static int32_t check_weights(const double *row, int32_t categories) {
  double sum = 0;
  for (int32_t j = 0; j < categories; j++) {
    if (!(row[j] >= 0)) return row[j] < 0 ? 2 : 3;
    if (isinf(row[j])) return 3;
    sum += row[j];
  }
  return sum > 0 ? RAP_OK : 4;
}

int32_t rap_multinomial(int32_t dtype, void *out, void *block, const void *weights, int32_t rows,
                        int32_t categories, int32_t samples, int32_t replacement) {
  const int single = dtype == RAP_FLOAT32;
  if (dtype > RAP_FLOAT64) return RAP_UNSUPPORTED;
  if (samples == 1) replacement = 0; // as PyTorch does: the same distribution, other numbers
  double *table = malloc((size_t)categories * sizeof(double));
  int32_t *heap = malloc((size_t)categories * sizeof(int32_t)), status = RAP_OK;
  // Without replacement every row is checked before anything is drawn.
  for (int32_t pass = replacement; pass < 2 && status == RAP_OK; pass++) {
    for (int32_t row = 0; row < rows && status == RAP_OK; row++) {
      int64_t *indices = (int64_t *)out + (int64_t)row * samples, at = (int64_t)row * categories;
      for (int32_t j = 0; j < categories; j++)
        table[j] = single ? ((const float *)weights)[at + j] : ((const double *)weights)[at + j];
      if (replacement)
        status = with_replacement(indices, block, table, categories, samples, single);
      else if (pass == 0)
        status = check_weights(table, categories);
      else { // The categories with the largest weight / Exp(1), which is Gumbel's trick without logarithms.
        for (int32_t j = 0; j < categories; j++) {
          double wait = -1.0 * log1p(-generator_next_uniform(block));
          table[j] = single ? (float)table[j] / (float)wait : table[j] / wait;
        }
        largest(indices, table, heap, categories, samples);
      }
    }
  }
  free(heap);
  free(table);
  return status;
}
