// 3×3 and 5×5 convolution by steps of 1 or 2 with a single target channel (depthwise, or the gradient of a
// grey image), for conv_template.h: several rows at a time, which share what they read.

typedef struct {
  const T *a, *x, *bias; // x: what the kernel's corner reads for the first pixel
  T *y;
  const T *end;        // vectors may be stored up to here
  int32_t rows, width; // target pixels
  int32_t top, height; // source row of the first pixel's corner, and source rows there are
  int32_t pitch, sources;
  int64_t channel;
  int32_t relu, transposed;
  V left[2], right[2]; // masks of the source columns there are, for the kernel's first columns and its last
} NAME(direct);

// R rows from row `r` on and NR vectors from `column` on of a K×K kernel. ONE: a single source channel. EDGE:
// x is the image itself, not padded.
INLINE void NAME(direct_tile)(const NAME(direct) * t, const V *w, int32_t r, int32_t column, const int K,
                              const int R, const int NR, const int STEP, const int ONE, const int EDGE) {
  const V zero = SET(0), bias = SET(t->bias ? t->bias[0] : 0);
  V acc[4][4], one[9];
  UNROLL for (int q = 0; q < R; q++) UNROLL for (int j = 0; j < NR; j++) acc[q][j] = bias;
  for (int32_t s = 0; s < (ONE ? 1 : t->sources); s++) {
    const T *x = t->x + s * t->channel + STEP * ((int64_t)r * t->pitch + column);
    if (!ONE)
      UNROLL for (int k = 0; k < K * K; k++) one[k] =
          SET(t->a[K * K * s + (t->transposed ? K * K - 1 - k : k)]);
    UNROLL for (int i = 0; i < STEP * (R - 1) + K; i++, x += t->pitch) {
      if (EDGE && (uint32_t)(t->top + STEP * r + i) >= (uint32_t)t->height) continue;
      UNROLL for (int kw = 0; kw < K; kw++) UNROLL for (int j = 0; j < NR; j++) {
        const T *from = x + STEP * j * LANES + (STEP == 1 ? kw : kw & ~1);
        V v = LOAD(from);
        if (STEP == 2) v = kw % 2 ? ODD(v, LOAD(from + LANES)) : EVEN(v, LOAD(from + LANES));
        if (EDGE && kw < K / 2 && j == 0) v = (V)((I)v & (I)t->left[kw]);
        if (EDGE && kw > K / 2 && j == NR - 1) v = (V)((I)v & (I)t->right[kw - K / 2 - 1]);
        if (K > 3 || (i >= STEP && i < STEP * (R - 2) + K)) RAP_IN_REGISTER(v); // it is used more than once
        UNROLL for (int q = 0; q < R; q++) if (i >= STEP * q && i < STEP * q + K) acc[q][j] +=
            (ONE ? w : one)[K * (i - STEP * q) + kw] * v;
      }
    }
  }
  UNROLL for (int q = 0; q < R; q++) UNROLL for (int j = 0; j < NR; j++) {
    const V v = t->relu ? SELECT(acc[q][j] < zero, zero, acc[q][j]) : acc[q][j];
    const int32_t i = column + j * LANES;
    T *y = t->y + (int64_t)(r + q) * t->width + i;
    if (y + LANES <= t->end) {
      STORE(y, v);
      continue;
    }
    T lane[LANES];
    STORE(lane, v);
    for (int32_t l = 0; l < LANES && i + l < t->width; l++) y[l] = lane[l];
  }
}

INLINE void NAME(direct_body)(const NAME(direct) * from, int32_t column, const int K, const int R,
                              const int NR, const int STEP, const int ONE, const int EDGE) {
  const NAME(direct) t = *from; // a copy, that y cannot overlap
  V w[25];
  if (ONE) UNROLL for (int k = 0; k < K * K; k++) w[k] = SET(t.a[t.transposed ? K * K - 1 - k : k]);
  int32_t r = 0;
  for (; r + R <= t.rows; r += R) NAME(direct_tile)(&t, w, r, column, K, R, NR, STEP, ONE, EDGE);
  for (; r < t.rows; r++) NAME(direct_tile)(&t, w, r, column, K, 1, NR, STEP, ONE, EDGE);
}

// As many rows of as many vectors as fit the registers: beside the weights of a 3×3 kernel; a 5×5 kernel's
// are read from memory.
#define DIRECT(kind, K, R, NR, STEP, ONE, EDGE)                                                              \
  static void NAME(direct_##kind##_##NR)(const NAME(direct) * t, int32_t i) {                                \
    NAME(direct_body)(t, i, K, R, NR, STEP, ONE, EDGE);                                                      \
  }
#define DIRECTS(NR, R)                                                                                       \
  DIRECT(edge_3, 3, R, NR, 1, 1, 1)                                                                          \
  DIRECT(one_3, 3, R, NR, 1, 1, 0)                                                                           \
  DIRECT(many_3, 3, R, NR, 1, 0, 0)                                                                          \
  DIRECT(by_two_3, 3, 1, NR, 2, 1, 1)
DIRECTS(1, 2)
DIRECTS(2, 2)
DIRECTS(3, 2)
#define DIRECTS_5(NR)                                                                                        \
  DIRECT(edge_5, 5, 4, NR, 1, 1, 1) DIRECT(one_5, 5, 4, NR, 1, 1, 0) DIRECT(by_two_5, 5, 2, NR, 2, 1, 1)
DIRECT(by_two_3, 3, 1, 4, 2, 1, 1)
DIRECTS_5(1)
DIRECTS_5(2)
#undef DIRECTS_5
#undef DIRECTS
#undef DIRECT

typedef void (*NAME(direct_kernel))(const NAME(direct) *, int32_t);
#define KIND(kind) NAME(direct_##kind##_1), NAME(direct_##kind##_2)
#define WIDE(kind) KIND(kind), NAME(direct_##kind##_3)
// By kernel, by kind (padded with one or many sources; the image itself by steps of 1 or 2), by vectors.
static const NAME(direct_kernel) NAME(directs)[2][4][4] = {
    {{WIDE(one_3)}, {WIDE(many_3)}, {WIDE(edge_3)}, {WIDE(by_two_3), NAME(direct_by_two_3_4)}},
    {{KIND(one_5)}, {0}, {KIND(edge_5)}, {KIND(by_two_5)}}};
#undef WIDE
#undef KIND

// All columns, `step` source columns apart, from right to left, so that what a row's last vector writes too
// much is overwritten by the next row's first. `low`: the source column of the first pixel's corner.
static void NAME(direct_rows)(NAME(direct) * t, int32_t kernel, int32_t step, int32_t low,
                              int32_t source_width, int32_t edge) {
  const int32_t most = kernel == 5 ? 2 : step == 1 ? 3 : 4;
  const int32_t vectors = conv_ceil(t->width, LANES), groups = conv_ceil(vectors, most);
  for (int32_t g = groups - 1; g >= 0; g--) {
    const int32_t from = conv_part(vectors, groups, g), nr = conv_part(vectors, groups, g + 1) - from;
    for (int32_t k = 0; edge && k < kernel / 2; k++) {
      const int32_t last = (from + nr - 1) * LANES;
      T left[LANES], right[LANES];
      for (int32_t l = 0; l < LANES; l++) {
        left[l] = step * (from * LANES + l) + low + k >= 0;
        right[l] = step * (last + l) + low + kernel / 2 + 1 + k < source_width;
      }
      t->left[k] = (V)(LOAD(left) > SET(0)), t->right[k] = (V)(LOAD(right) > SET(0));
    }
    const int32_t kind = edge ? 1 + step : t->sources > 1;
    NAME(directs)[kernel == 5][kind][nr - 1](t, from * LANES);
  }
}
