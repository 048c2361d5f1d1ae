// Pooling against naive loops: odd sizes, strides, paddings, dilations, ceil_mode, NaN and infinity, all
// kinds of indices.
//   cc -O2 -march=x86-64-v3 -Ikernels tests/kernels/pool_test.c kernels/cpu/*.c -lpthread -lm && ./a.out
#include "raptorch.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static double uniform(void) { // xorshift, in [-1, 1)
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return (double)(state >> 11) / 4503599627370496.0 - 1;
}
static int pick(int n) { return (int)((uniform() + 1) * 0.5 * n) % n; }

static int failures, dtype;
static int32_t m[19]; // planes, in[3], out[3], kernel[3], stride[3], padding[3], dilation[3]

// Exactly sized, so that AddressSanitizer sees every step too far.
static void *room(int64_t n) { return malloc((size_t)n * (dtype ? 8 : 4) + !n); }
static double get(const void *p, int64_t i) { return dtype ? ((const double *)p)[i] : ((const float *)p)[i]; }
static void set(void *p, int64_t i, double v) {
  if (dtype)
    ((double *)p)[i] = v;
  else
    ((float *)p)[i] = (float)v;
}

static void compare(const char *what, const void *got, const double *want, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    const double g = get(got, i), w = want[i];
    // A few dozen roundings at most.
    if (g == w || (isnan(g) && isnan(w)) || fabs(g - w) <= (dtype ? 1e-14 : 4e-6) * (1 + fabs(w))) continue;
    if (failures++ < 20) {
      printf("%s dtype %d at %ld of %ld: %.9g, expected %.9g; meta", what, dtype, (long)i, (long)n, g, w);
      for (int j = 0; j < 19; j++) printf(" %d", m[j]);
      printf("\n");
    }
    return;
  }
}

// Positions of output o along one axis: first, end, step; adaptive when the kernel is 0.
static void range(int axis, int o, int *first, int *end, int *step) {
  const int in = m[1 + axis], out = m[4 + axis];
  *step = 1;
  if (!m[7]) {
    *first = (int)floor((double)o * in / out), *end = (int)ceil((double)(o + 1) * in / out);
    return;
  }
  *step = m[16 + axis], *first = o * m[10 + axis] - m[13 + axis], *end = *first + m[7 + axis] * *step;
}

static void check_max(void) {
  const int D = m[1], H = m[2], W = m[3], OD = m[4], OH = m[5], OW = m[6];
  const int64_t nx = (int64_t)m[0] * D * H * W, ny = (int64_t)m[0] * OD * OH * OW;
  void *x = room(nx), *dy = room(ny), *y = room(ny), *dx = room(nx), *gathered = room(ny);
  double *ry = malloc(8 * ny + 1), *rx = calloc(nx + 1, 8);
  int64_t *where = malloc(8 * ny + 1);
  const int coarse = pick(2), odd = pick(3);
  for (int64_t i = 0; i < nx; i++)
    set(x, i, odd == 1 && !pick(9) ? NAN : odd == 2 && !pick(2) ? -INFINITY : coarse ? pick(5) : uniform());
  for (int64_t i = 0; i < ny; i++) set(dy, i, uniform());
  for (int64_t o = 0; o < ny; o++) {
    const int64_t plane = o / (OD * OH * OW);
    const int at[3] = {(int)(o / (OH * OW) % OD), (int)(o / OW % OH), (int)(o % OW)};
    int f[3], e[3], s[3];
    for (int a = 0; a < 3; a++) range(a, at[a], &f[a], &e[a], &s[a]);
    double best = -INFINITY;
    int64_t index = -1;
    for (int d = f[0]; d < e[0]; d += s[0])
      for (int h = f[1]; h < e[1]; h += s[1])
        for (int w = f[2]; w < e[2]; w += s[2]) {
          if (d < 0 || d >= D || h < 0 || h >= H || w < 0 || w >= W) continue;
          const int64_t i = ((int64_t)d * H + h) * W + w;
          const double v = get(x, plane * D * H * W + i);
          if (index < 0 || v > best || isnan(v)) best = v, index = i;
        }
    ry[o] = best, where[o] = index, rx[plane * D * H * W + index] += get(dy, o);
  }
  const int kinds[3] = {RAP_INT64, RAP_INT32, RAP_UINT8};
  for (int k = 0; k < (m[7] ? 3 : 2); k++) {
    const int size[3] = {8, 4, 1};
    void *indices = malloc((size_t)ny * size[k] + !ny);
    rap_max_pool(dtype, y, indices, x, kinds[k], m);
    compare("max", y, ry, ny);
    for (int64_t o = 0; k < 2 && o < ny; o++) {
      const int64_t i = k ? ((int32_t *)indices)[o] : ((int64_t *)indices)[o];
      if (i != where[o] && failures++ < 20)
        printf("index of kind %d at %ld: %ld, expected %ld\n", k, (long)o, (long)i, (long)where[o]);
    }
    rap_max_pool_backward(dtype, dx, dy, indices, kinds[k], m);
    compare("max backward", dx, rx, nx);
    rap_max_pool_gather(dtype, gathered, x, indices, kinds[k], m);
    compare("gather", gathered, ry, ny);
    rap_max_unpool(dtype, dx, y, indices, kinds[k], m);
    rap_max_pool_gather(dtype, gathered, dx, indices, kinds[k], m);
    compare("unpool", gathered, ry, ny);
    free(indices);
  }
  rap_max_pool(dtype, y, 0, x, 0, m);
  compare("max without indices", y, ry, ny);
  free(x), free(dy), free(y), free(dx), free(gathered), free(ry), free(rx), free(where);
}

static void check_average(int include_padding, int divisor) {
  const int D = m[1], H = m[2], W = m[3], OD = m[4], OH = m[5], OW = m[6];
  const int64_t nx = (int64_t)m[0] * D * H * W, ny = (int64_t)m[0] * OD * OH * OW;
  void *x = room(nx), *dy = room(ny), *y = room(ny), *dx = room(nx);
  double *ry = calloc(ny + 1, 8), *rx = calloc(nx + 1, 8);
  for (int64_t i = 0; i < nx; i++) set(x, i, uniform());
  for (int64_t i = 0; i < ny; i++) set(dy, i, uniform());
  for (int64_t o = 0; o < ny; o++) {
    const int64_t plane = o / (OD * OH * OW);
    const int at[3] = {(int)(o / (OH * OW) % OD), (int)(o / OW % OH), (int)(o % OW)};
    int f[3], e[3], s[3], count = 1;
    for (int a = 0; a < 3; a++) {
      range(a, at[a], &f[a], &e[a], &s[a]);
      const int padded = m[1 + a] + m[13 + a];
      if (m[7] && e[a] > padded) e[a] = padded;
      const int in = (e[a] < m[1 + a] ? e[a] : m[1 + a]) - (f[a] > 0 ? f[a] : 0);
      count *= include_padding && m[7] ? e[a] - f[a] : in;
    }
    if (divisor && m[7]) count = divisor;
    for (int pass = 0; pass < 2; pass++) {
      for (int d = f[0]; d < e[0]; d++)
        for (int h = f[1]; h < e[1]; h++)
          for (int w = f[2]; w < e[2]; w++) {
            if (d < 0 || d >= D || h < 0 || h >= H || w < 0 || w >= W) continue;
            const int64_t i = plane * D * H * W + ((int64_t)d * H + h) * W + w;
            if (pass)
              rx[i] += get(dy, o) / count;
            else
              ry[o] += get(x, i) / count;
          }
    }
  }
  rap_avg_pool(dtype, y, x, include_padding, divisor, m);
  compare("average", y, ry, ny);
  rap_avg_pool_backward(dtype, dx, dy, include_padding, divisor, m);
  compare("average backward", dx, rx, nx);
  free(x), free(dy), free(y), free(dx), free(ry), free(rx);
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1000;
  for (int i = 0; i < rounds; i++) {
    rap_set_num_threads(1 + i % 3);
    dtype = pick(2);
    memset(m, 0, sizeof m);
    m[0] = pick(20) ? 1 + pick(6) : 0;
    const int three = !pick(4), two = pick(4);
    for (int a = 0; a < 3; a++) {
      const int used = a > 0 || three, kernel = used ? 1 + pick(4) : 1;
      m[1 + a] = used ? kernel * 2 + pick(three ? 6 : 36) : 1, m[7 + a] = kernel,
            m[10 + a] = used ? 1 + pick(3) : 1;
      m[13 + a] = used ? pick(kernel / 2 + 1) : 0, m[16 + a] = used ? 1 + pick(2) : 1;
      if (!two && a > 0) m[7 + a] = m[10 + a] = 2, m[13 + a] = 0, m[16 + a] = 1; // the path for 2×2
    }
    for (int average = 0; average < 2; average++) {
      if (average) m[16] = m[17] = m[18] = 1;
      for (int a = 0; a < 3; a++) {
        const int in = m[1 + a], span = in + 2 * m[13 + a] - m[16 + a] * (m[7 + a] - 1) - 1,
                  stride = m[10 + a];
        m[4 + a] = span / stride + 1;
        // ceil_mode: one more window if it starts inside the image or the padding before it.
        if (i % 2 && span % stride && m[4 + a] * stride < in + m[13 + a]) m[4 + a]++;
      }
      if (average)
        check_average(pick(2), pick(2) ? 0 : 3);
      else
        check_max();
    }
    memset(m + 7, 0, 12 * sizeof *m);
    for (int a = 0; a < 3; a++) m[4 + a] = m[1 + a] == 1 || !pick(3) ? 1 : 1 + pick(9);
    check_max(), check_average(0, 0);
  }
  printf(failures ? "FAILED: %d\n" : "pool: ok\n", failures);
  return failures != 0;
}
