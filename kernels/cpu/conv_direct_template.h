// 3×3 convolution by steps of 1 or 2 with a single target channel (depthwise, or the gradient of a grey
// image), for conv_template.h: the weights stay in registers instead of the sums.

typedef struct {
  const T *a, *x, *bias; // x: what the kernel's corner reads for the first pixel
  T *y;
  const T *end;        // vectors may be stored up to here
  int32_t rows, width; // target pixels
  int32_t top, height; // source row of the first pixel's corner, and source rows there are
  int32_t pitch, sources;
  int64_t channel;
  int32_t relu, transposed;
  V left, right; // masks of the source columns there are, for the first column of the kernel and for the last
} NAME(direct);

// NR vectors from `column` on of every row. ONE: a single source channel. EDGE: x is the image itself, not
// padded.
INLINE void NAME(direct_body)(const NAME(direct) * t, int32_t column, const int NR, const int STEP,
                              const int ONE, const int EDGE) {
  const V zero = SET(0);
  V w[9];
  const int flip = t->transposed ? 8 : 0;
  UNROLL for (int k = 0; k < 9; k++) w[k] = SET(t->a[flip ? 8 - k : k]);
  for (int32_t r = 0; r < t->rows; r++) {
    V acc[4];
    UNROLL for (int j = 0; j < NR; j++) acc[j] = SET(t->bias ? t->bias[0] : 0);
    for (int32_t s = 0; s < (ONE ? 1 : t->sources); s++) {
      if (!ONE) UNROLL for (int k = 0; k < 9; k++) w[k] = SET(t->a[9 * s + (flip ? 8 - k : k)]);
      UNROLL for (int kh = 0; kh < 3; kh++) {
        if (EDGE && (uint32_t)(t->top + STEP * r + kh) >= (uint32_t)t->height) continue;
        const T *x = t->x + s * t->channel + (int64_t)(STEP * r + kh) * t->pitch + STEP * column;
        UNROLL for (int kw = 0; kw < 3; kw++) UNROLL for (int j = 0; j < NR; j++) {
          const T *from = x + STEP * j * LANES + (STEP == 1 ? kw : kw & 2);
          V v = LOAD(from);
          if (STEP == 2) v = kw == 1 ? ODD(v, LOAD(from + LANES)) : EVEN(v, LOAD(from + LANES));
          if (EDGE && kw == 0 && j == 0) v = SELECT((I)t->left, v, zero);
          if (EDGE && kw == 2 && j == NR - 1) v = SELECT((I)t->right, v, zero);
          acc[j] += w[3 * kh + kw] * v;
        }
      }
    }
    UNROLL for (int j = 0; j < NR; j++) {
      const V v = t->relu ? SELECT(acc[j] < zero, zero, acc[j]) : acc[j];
      const int32_t i = column + j * LANES;
      T *y = t->y + (int64_t)r * t->width + i;
      if (y + LANES <= t->end) {
        STORE(y, v);
        continue;
      }
      T lane[LANES];
      STORE(lane, v);
      for (int32_t l = 0; l < LANES && i + l < t->width; l++) y[l] = lane[l];
    }
  }
}

#define DIRECT(NR)                                                                                           \
  static void NAME(direct_one_##NR)(const NAME(direct) * t, int32_t i) {                                     \
    NAME(direct_body)(t, i, NR, 1, 1, 0);                                                                    \
  }                                                                                                          \
  static void NAME(direct_edge_##NR)(const NAME(direct) * t, int32_t i) {                                    \
    NAME(direct_body)(t, i, NR, 1, 1, 1);                                                                    \
  }                                                                                                          \
  static void NAME(direct_by_two_##NR)(const NAME(direct) * t, int32_t i) {                                  \
    NAME(direct_body)(t, i, NR, 2, 1, 1);                                                                    \
  }                                                                                                          \
  static void NAME(direct_many_##NR)(const NAME(direct) * t, int32_t i) {                                    \
    NAME(direct_body)(t, i, NR, 1, 0, 0);                                                                    \
  }
DIRECT(1)
DIRECT(2)
DIRECT(3)
DIRECT(4)
#undef DIRECT
#define ROW(kind)                                                                                            \
  { NAME(direct_##kind##_1), NAME(direct_##kind##_2), NAME(direct_##kind##_3), NAME(direct_##kind##_4) }
static void (*const NAME(directs)[4][4])(const NAME(direct) *, int32_t) = {ROW(one), ROW(edge), ROW(by_two),
                                                                           ROW(many)};
#undef ROW

// All columns, `step` source columns apart, from right to left, so that what a row's last vector writes too
// much is overwritten by the next row's first.
static void NAME(direct_rows)(NAME(direct) * t, int32_t step, int32_t low, int32_t source_width,
                              int32_t edge) {
  const int32_t vectors = conv_ceil(t->width, LANES), groups = conv_ceil(vectors, 4);
  for (int32_t g = groups - 1; g >= 0; g--) {
    const int32_t from = conv_part(vectors, groups, g), nr = conv_part(vectors, groups, g + 1) - from;
    if (edge) {
      const int32_t last = (from + nr - 1) * LANES;
      T left[LANES], right[LANES];
      for (int32_t l = 0; l < LANES; l++)
        left[l] = step * (from * LANES + l) + low >= 0, right[l] = step * (last + l) + low + 2 < source_width;
      t->left = (V)(LOAD(left) > SET(0)), t->right = (V)(LOAD(right) > SET(0));
    }
    NAME(directs)[edge ? step : t->sources == 1 ? 0 : 3][nr - 1](t, from * LANES);
  }
}
