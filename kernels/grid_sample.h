// Where a point of a grid lies between the elements of an image: for every type TAPS_REAL that an includer
// names, the same text for the CPU and for CUDA. TAPS_NAME(f) is f's name for that type.
#ifndef RAP_GRID_SAMPLE_H
#define RAP_GRID_SAMPLE_H
#include <math.h>
#include <stdint.h>

// An image of `dims` (2 or 3) dimensions, innermost first, and how it is sampled.
typedef struct {
  int32_t dims, size[3], mode, padding, align;
} rap_grid;

enum { RAP_MAX_TAPS = 16 };

#ifdef __CUDACC__
#define RAP_TAPS static __host__ __device__ inline
#else
#define RAP_TAPS static inline
#endif
#endif

// An elementwise coordinate in [-1, 1] as a position in pixels; *slope is its derivative.
RAP_TAPS TAPS_REAL TAPS_NAME(unnormalize)(const rap_grid *g, int32_t d, TAPS_REAL x, TAPS_REAL *slope) {
  const TAPS_REAL half = (TAPS_REAL)(g->align ? g->size[d] - 1 : g->size[d]) / 2;
  *slope = half;
  return (x + 1) * half - (g->align ? (TAPS_REAL)0 : (TAPS_REAL)0.5);
}

// A position brought back into the image by border or reflection; *slope is multiplied by the derivative,
// which is 0 on and beyond the border. What no int32 can hold, NaN too, goes outside.
RAP_TAPS TAPS_REAL TAPS_NAME(into_image)(const rap_grid *g, int32_t d, TAPS_REAL x, TAPS_REAL *slope) {
  const TAPS_REAL last = (TAPS_REAL)(g->size[d] - 1);
  if (g->padding == RAP_GRID_REFLECTION) {
    const TAPS_REAL low = g->align ? (TAPS_REAL)0 : (TAPS_REAL)-0.5, span = g->align ? last : last + 1;
    TAPS_REAL sign = 1;
    if (span == 0) {
      x = 0, sign = 0;
    } else {
      x -= low;
      if (x < 0) x = -x, sign = -1;
      const TAPS_REAL flips = (TAPS_REAL)floor(x / span), extra = (TAPS_REAL)fmod(x, span);
      const int odd = fmod(flips, (TAPS_REAL)2) != 0;
      x = odd ? span - extra + low : extra + low;
      if (odd) sign = -sign;
    }
    *slope *= sign;
  }
  if (g->padding != RAP_GRID_ZEROS) {
    if (!(x > 0))
      x = 0, *slope = 0;
    else if (x >= last)
      x = last, *slope = 0;
  }
  return x > (TAPS_REAL)-1e9 && x < (TAPS_REAL)1e9 ? x : (TAPS_REAL)-100;
}

// The four weights of cubic convolution (Keys 1981, a = -0.75) at distance t past the second tap, and their
// derivatives.
RAP_TAPS void TAPS_NAME(cubic)(TAPS_REAL t, TAPS_REAL *w, TAPS_REAL *dw) {
  const TAPS_REAL a = (TAPS_REAL)-0.75;
  for (int32_t k = 0; k < 4; k++) {
    const TAPS_REAL signed_x = t + 1 - (TAPS_REAL)k, x = signed_x < 0 ? -signed_x : signed_x;
    const int inner = k == 1 || k == 2;
    w[k] = inner ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
    const TAPS_REAL slope = inner ? (3 * (a + 2) * x - 2 * (a + 3)) * x : (3 * a * x - 10 * a) * x + 8 * a;
    dw[k] = signed_x < 0 ? -slope : slope;
  }
}

// The elements of a plane that a point [dims] draws on: at[k], or -1 outside of the image, with weight w[k],
// whose derivative with respect to the point's coordinate d is dw[3 k + d]. Returns how many there are.
RAP_TAPS int32_t TAPS_NAME(taps)(const rap_grid *g, const TAPS_REAL *point, int64_t *at, TAPS_REAL *w,
                                 TAPS_REAL *dw) {
  const int32_t each = g->mode == RAP_GRID_NEAREST ? 1 : g->mode == RAP_GRID_CUBIC ? 4 : 2;
  int32_t position[3][4];
  TAPS_REAL weight[3][4], slope[3][4];
  for (int32_t d = 0; d < g->dims; d++) {
    TAPS_REAL scale, x = TAPS_NAME(unnormalize)(g, d, point[d], &scale);
    if (g->mode == RAP_GRID_CUBIC) {
      if (!(x > (TAPS_REAL)-1e9 && x < (TAPS_REAL)1e9)) x = -100;
      const TAPS_REAL low = (TAPS_REAL)floor(x);
      TAPS_NAME(cubic)(x - low, weight[d], slope[d]);
      for (int32_t k = 0; k < 4; k++) {
        TAPS_REAL unused = 1;
        position[d][k] = (int32_t)TAPS_NAME(into_image)(g, d, low + (TAPS_REAL)(k - 1), &unused);
        slope[d][k] *= scale;
      }
      continue;
    }
    x = TAPS_NAME(into_image)(g, d, x, &scale);
    if (g->mode == RAP_GRID_NEAREST) {
      position[d][0] = (int32_t)rint(x);
      weight[d][0] = 1, slope[d][0] = 0;
      continue;
    }
    const TAPS_REAL low = (TAPS_REAL)floor(x);
    position[d][0] = (int32_t)low, position[d][1] = (int32_t)low + 1;
    weight[d][0] = low + 1 - x, weight[d][1] = x - low;
    slope[d][0] = -scale, slope[d][1] = scale;
  }
  const int32_t planes = g->dims == 3 ? each : 1;
  int32_t count = 0;
  for (int32_t z = 0; z < planes; z++)
    for (int32_t y = 0; y < each; y++)
      for (int32_t x = 0; x < each; x++, count++) {
        const int32_t k[3] = {x, y, z};
        int64_t place = 0;
        for (int32_t d = g->dims - 1; d >= 0; d--) {
          const int32_t p = position[d][k[d]];
          place = place < 0 || p < 0 || p >= g->size[d] ? -1 : place * g->size[d] + p;
        }
        at[count] = place;
        TAPS_REAL product = 1;
        for (int32_t d = 0; d < g->dims; d++) product *= weight[d][k[d]];
        w[count] = product;
        for (int32_t d = 0; d < g->dims; d++) {
          TAPS_REAL s = slope[d][k[d]];
          for (int32_t e = 0; e < g->dims; e++)
            if (e != d) s *= weight[e][k[e]];
          dw[3 * count + d] = s;
        }
      }
  return count;
}

#undef TAPS_REAL
#undef TAPS_NAME
