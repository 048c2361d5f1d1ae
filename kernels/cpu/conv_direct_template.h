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

// R rows from row `r` on (two by single steps, which then share what they read) and NR vectors from `column`
// on. ONE: a single source channel. EDGE: x is the image itself, not padded.
INLINE void NAME(direct_tile)(const NAME(direct) t, const V *w, int32_t r, int32_t column, const int R,
                              const int NR, const int STEP, const int ONE, const int EDGE) {
  const V zero = SET(0), bias = SET(t.bias ? t.bias[0] : 0);
  V acc[2][4], one[9];
  UNROLL for (int q = 0; q < R; q++) UNROLL for (int j = 0; j < NR; j++) acc[q][j] = bias;
  for (int32_t s = 0; s < (ONE ? 1 : t.sources); s++) {
    const T *x = t.x + s * t.channel + STEP * ((int64_t)r * t.pitch + column);
    UNROLL for (int k = 0; k < 9; k++) one[k] = ONE ? w[k] : SET(t.a[9 * s + (t.transposed ? 8 - k : k)]);
    UNROLL for (int i = 0; i < STEP * (R - 1) + 3; i++, x += t.pitch) {
      if (EDGE && R == 1 && (uint32_t)(t.top + STEP * r + i) >= (uint32_t)t.height) continue;
      UNROLL for (int kw = 0; kw < 3; kw++) UNROLL for (int j = 0; j < NR; j++) {
        const T *from = x + STEP * j * LANES + (STEP == 1 ? kw : kw & 2);
        V v = LOAD(from);
        if (STEP == 2) v = kw == 1 ? ODD(v, LOAD(from + LANES)) : EVEN(v, LOAD(from + LANES));
        if (EDGE && kw == 0 && j == 0) v = (V)((I)v & (I)t.left);
        if (EDGE && kw == 2 && j == NR - 1) v = (V)((I)v & (I)t.right);
        if (R == 2 && (i == 1 || i == 2)) RAP_IN_REGISTER(v); // it is used twice
        UNROLL for (int q = 0; q < R; q++) if (i >= STEP * q && i < STEP * q + 3) acc[q][j] +=
            one[3 * (i - STEP * q) + kw] * v;
      }
    }
  }
  UNROLL for (int q = 0; q < R; q++) UNROLL for (int j = 0; j < NR; j++) {
    const V v = t.relu ? SELECT(acc[q][j] < zero, zero, acc[q][j]) : acc[q][j];
    const int32_t i = column + j * LANES;
    T *y = t.y + (int64_t)(r + q) * t.width + i;
    if (y + LANES <= t.end) {
      STORE(y, v);
      continue;
    }
    T lane[LANES];
    STORE(lane, v);
    for (int32_t l = 0; l < LANES && i + l < t.width; l++) y[l] = lane[l];
  }
}

INLINE void NAME(direct_body)(const NAME(direct) * from, int32_t column, const int NR, const int STEP,
                              const int ONE, const int EDGE) {
  const NAME(direct) t = *from; // a copy, that y cannot overlap
  V w[9];
  UNROLL for (int k = 0; k < 9; k++) w[k] = SET(t.a[t.transposed ? 8 - k : k]);
  // Rows whose window leaves the image are taken one by one.
  const int32_t first = EDGE ? -t.top : 0, last = EDGE ? t.height - t.top - 3 : t.rows - 1;
  for (int32_t r = 0; r < t.rows;) {
    if (STEP == 1 && NR < 4 && r >= first && r + 1 <= last && r + 1 < t.rows) {
      NAME(direct_tile)(t, w, r, column, 2, NR, STEP, ONE, EDGE);
      r += 2;
    } else {
      NAME(direct_tile)(t, w, r, column, 1, NR, STEP, ONE, EDGE);
      r++;
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
  // Two rows of three vectors or one of four fit the registers.
  const int32_t vectors = conv_ceil(t->width, LANES), groups = conv_ceil(vectors, step == 1 ? 3 : 4);
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
