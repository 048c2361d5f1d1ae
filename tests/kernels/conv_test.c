// Convolution against naive loops in double: odd sizes, strides, paddings,
// dilations, groups, empty batches.
//   cc -O2 -march=x86-64-v3 -Ikernels tests/kernels/conv_test.c kernels/cpu/*.c
//   -lpthread -lm && ./a.out
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

static int failures;

// Exactly sized, so that AddressSanitizer sees every step too far.
static void *room(int64_t n, int size) {
  return malloc((size_t)(n > 0 ? n : 0) * size + (n <= 0));
}
static double get(const void *p, int dtype, int64_t i) {
  return dtype ? ((const double *)p)[i] : ((const float *)p)[i];
}
static void set(void *p, int dtype, int64_t i, double v) {
  if (dtype)
    ((double *)p)[i] = v;
  else
    ((float *)p)[i] = (float)v;
}
static void *filled(int64_t n, int dtype) {
  void *p = room(n, dtype ? 8 : 4);
  for (int64_t i = 0; i < n; i++)
    set(p, dtype, i, uniform());
  return p;
}
static void *poison(int64_t n, int dtype) {
  void *p = room(n, dtype ? 8 : 4);
  for (int64_t i = 0; i < n; i++)
    set(p, dtype, i, NAN);
  return p;
}

static void compare(const char *what, const void *got, const double *want,
                    int64_t n, int dtype, double scale, const int32_t *meta) {
  // Sums of `scale` products of numbers below 1: the rounding errors add up
  // like a random walk.
  const double bound = (dtype ? 4e-15 : 6e-7) * (4 + 4 * sqrt(scale));
  for (int64_t i = 0; i < n; i++) {
    double d = fabs(get(got, dtype, i) - want[i]);
    if (!(d <= bound)) {
      if (failures++ < 20) {
        printf("%s dtype %d at %ld of %ld: %.9g, expected %.9g; meta", what,
               dtype, (long)i, (long)n, get(got, dtype, i), want[i]);
        for (int j = 0; j < 22; j++)
          printf(" %d", meta[j]);
        printf("\n");
      }
      return;
    }
  }
}

// Calls `visit` for every product of the convolution.
#define PRODUCTS(BODY)                                                         \
  for (int n = 0; n < N; n++)                                                  \
    for (int o = 0; o < O; o++)                                                \
      for (int c = 0; c < C / G; c++)                                          \
        for (int od = 0; od < OD; od++)                                        \
          for (int oh = 0; oh < OH; oh++)                                      \
            for (int ow = 0; ow < OW; ow++)                                    \
              for (int kd = 0; kd < KD; kd++)                                  \
                for (int kh = 0; kh < KH; kh++)                                \
                  for (int kw = 0; kw < KW; kw++) {                            \
                    int d = od * m[13] - m[16] + kd * m[19],                   \
                        h = oh * m[14] - m[17] + kh * m[20],                   \
                        w = ow * m[15] - m[18] + kw * m[21];                   \
                    if (d < 0 || d >= D || h < 0 || h >= H || w < 0 || w >= W) \
                      continue;                                                \
                    int64_t xi =                                               \
                        (((int64_t)(n * C + o / (O / G) * (C / G) + c) * D +   \
                          d) *                                                 \
                             H +                                               \
                         h) *                                                  \
                            W +                                                \
                        w;                                                     \
                    int64_t yi =                                               \
                        (((int64_t)(n * O + o) * OD + od) * OH + oh) * OW +    \
                        ow;                                                    \
                    int64_t wi =                                               \
                        (((int64_t)(o * (C / G) + c) * KD + kd) * KH + kh) *   \
                            KW +                                               \
                        kw;                                                    \
                    BODY;                                                      \
                  }

static void check(const int32_t *m, int dtype, int with_bias, int relu) {
  const int N = m[0], C = m[1], O = m[2], G = m[3], D = m[4], H = m[5],
            W = m[6], KD = m[7], KH = m[8], KW = m[9];
  const int OD = m[10], OH = m[11], OW = m[12];
  const int64_t nx = (int64_t)N * C * D * H * W,
                ny = (int64_t)N * O * OD * OH * OW,
                nw = (int64_t)O * (C / G) * KD * KH * KW;
  void *x = filled(nx, dtype), *w = filled(nw, dtype), *dy = filled(ny, dtype),
       *bias = with_bias ? filled(O, dtype) : 0;
  void *y = poison(ny, dtype), *dx = poison(nx, dtype), *dw = poison(nw, dtype),
       *db = with_bias ? poison(O, dtype) : 0;
  double *ry = calloc(ny + 1, 8), *rx = calloc(nx + 1, 8),
         *rw = calloc(nw + 1, 8), *rb = calloc(O + 1, 8);
  const int64_t plane = (int64_t)OD * OH * OW;
  for (int64_t i = 0; i < ny; i++) {
    if (with_bias)
      ry[i] = get(bias, dtype, i / plane % O);
    rb[i / plane % O] += get(dy, dtype, i);
  }
  double *fx = malloc(8 * (nx + 1)), *fw = malloc(8 * (nw + 1)),
         *fy = malloc(8 * (ny + 1));
  for (int64_t i = 0; i < nx; i++)
    fx[i] = get(x, dtype, i);
  for (int64_t i = 0; i < nw; i++)
    fw[i] = get(w, dtype, i);
  for (int64_t i = 0; i < ny; i++)
    fy[i] = get(dy, dtype, i);
  PRODUCTS(ry[yi] += fx[xi] * fw[wi]; rx[xi] += fy[yi] * fw[wi];
           rw[wi] += fy[yi] * fx[xi])
  if (relu)
    for (int64_t i = 0; i < ny; i++)
      ry[i] = ry[i] < 0 ? 0 : ry[i];
  rap_conv_forward(dtype, y, x, w, bias, relu, m);
  compare("forward", y, ry, ny, dtype, (double)(C / G) * KD * KH * KW, m);
  rap_conv_backward_input(dtype, dx, dy, w, m);
  compare("backward_input", dx, rx, nx, dtype, (double)(O / G) * KD * KH * KW,
          m);
  rap_conv_backward_weight(dtype, dw, db, dy, x, m);
  compare("backward_weight", dw, rw, nw, dtype, (double)N * plane, m);
  if (db)
    compare("backward_bias", db, rb, O, dtype, (double)N * plane, m);
  free(x), free(w), free(dy), free(bias), free(y), free(dx), free(dw), free(db);
  free(ry), free(rx), free(rw), free(rb), free(fx), free(fw), free(fy);
}

// One of the shapes: input, kernel, stride, padding, dilation per axis; the
// output's size follows.
static int shape(int32_t *m) {
  for (int i = 0; i < 3; i++) {
    int span = m[4 + i] + 2 * m[16 + i] - m[19 + i] * (m[7 + i] - 1) - 1;
    if (span < 0)
      return 0;
    m[10 + i] = span / m[13 + i] + 1;
  }
  return 1;
}

static void check_2d(int n, int c, int h, int w, int o, int kh, int kw, int s,
                     int p, int dil, int g) {
  int32_t m[22] = {n, c, o, g, 1, h, w, 1, kh, kw,  0,
                   0, 0, 1, s, s, 0, p, p, 1,  dil, dil};
  if (!shape(m))
    return;
  for (int dtype = 0; dtype < 2; dtype++)
    check(m, dtype, 1, dtype);
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 300;
  for (int threads = 1; threads <= 3; threads++) {
    rap_set_num_threads(threads);
    check_2d(2, 1, 32, 32, 6, 3, 3, 1, 0, 1, 1);
    check_2d(2, 6, 15, 15, 16, 3, 3, 1, 0, 1, 1);
    check_2d(2, 16, 56, 56, 8, 3, 3, 1, 1, 1, 1);
    check_2d(1, 40, 14, 14, 24, 3, 3, 1, 1, 1, 1);
    check_2d(2, 20, 28, 28, 17, 3, 3, 2, 1, 1, 1);
    check_2d(2, 12, 28, 28, 12, 3, 3, 1, 1, 1, 12);
    check_2d(2, 9, 20, 20, 33, 1, 1, 1, 0, 1, 1);
    check_2d(1, 3, 60, 60, 8, 7, 7, 2, 3, 1, 1);
    check_2d(1, 3, 33, 33, 8, 8, 8, 8, 0, 1, 1);
    check_2d(1, 64, 70, 70, 5, 3, 3, 1, 1, 1, 1);
    check_2d(0, 3, 9, 9, 8, 3, 3, 1, 0, 1, 1);
    // By pixels: the image in place and padded, one panel of channels and
    // several, a last one of part of a vector.
    check_2d(2, 3, 9, 11, 16, 3, 3, 1, 0, 1, 1);
    check_2d(1, 4, 10, 10, 32, 5, 5, 1, 2, 1, 1);
    check_2d(2, 6, 13, 13, 32, 3, 2, 2, 1, 1, 2);
    check_2d(1, 2, 5, 9, 39, 2, 2, 1, 0, 2, 1);
    // Many channels by pixels, where each image has a thread to itself.
    check_2d(7, 16, 9, 10, 32, 3, 3, 1, 1, 1, 1);
    check_2d(7, 8, 12, 11, 46, 5, 5, 1, 2, 1, 1);
    check_2d(7, 9, 13, 12, 32, 5, 5, 2, 2, 1, 1);
    // Its gradient in several passes: even and odd widths, and by steps of 3.
    for (int width = 9; width <= 22; width += 13)
      for (int step = 2; step <= 3; step++)
        check_2d(7, 32, 7, width, 64 * step, 3, 3, step, 1, 1, 1);
    check_2d(7, 64, 8, 11, 160, 4, 4, 2, 1, 1, 2);
    // Depthwise: one vector and several, widths about whole vectors, all
    // paddings, by steps of 1 and 2.
    for (int kernel = 3; kernel <= 5; kernel += 2)
      for (int width = 6; width <= 42; width += width < 20 ? 1 : 11)
        for (int step = 1; step <= 2; step++)
          check_2d(2, 3, 9 + width % 5, width, 3, kernel, kernel, step,
                   width % (kernel / 2 + 1), 1, 3);
    // Winograd's: even and odd sizes, every padding, one chunk and several,
    // rows of one vector and of more.
    for (int p = 0; p < 3; p++) {
      check_2d(1, 32, 7, 7, 33, 3, 3, 1, p, 1, 1);
      check_2d(3, 41, 14, 9, 32, 3, 3, 1, p, 1, 1);
      check_2d(1, 32, 6, 71, 33, 3, 3, 1, p, 1, 1);
    }
    check_2d(2, 32, 29, 36, 32, 3, 3, 1, 1, 1, 1);
    check_2d(1, 2, 1, 3000, 5, 1, 9, 2, 0, 1, 1);
    check_2d(1, 30, 1, 3000, 5, 1, 5, 1, 0, 3, 1);
    for (int i = 0; i < rounds; i++) {
      const int g = pick(3) ? 1 : 1 + pick(4), three = !pick(4);
      int32_t m[22] = {1 + pick(3), g * (1 + pick(5)), g * (1 + pick(9)), g};
      for (int a = three ? 0 : 1; a < 3; a++) {
        m[4 + a] = 1 + pick(three ? 9 : 24), m[7 + a] = 1 + pick(4),
              m[13 + a] = 1 + pick(3), m[16 + a] = pick(3);
        m[19 + a] = 1 + pick(3);
      }
      if (!three)
        m[4] = m[7] = m[13] = m[19] = 1;
      if (!pick(3))
        m[1] = m[2] = g; // depthwise
      if (!pick(3))
        m[8] = m[9] = 3,
        m[14] = m[15] = m[20] = m[21] = 1; // the direct kernel's case
      if (!pick(4))
        m[5] = m[8] = m[14] = m[20] = 1, m[17] = 0;
      if (!pick(8))
        m[1] = 24 + pick(20), m[2] = 24 + pick(20), m[3] = 1;
      if (!shape(m))
        continue;
      check(m, pick(2), pick(2), pick(2));
    }
  }
  printf(failures ? "FAILED: %d\n" : "conv: ok\n", failures);
  return failures != 0;
}
