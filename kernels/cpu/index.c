// Rows by index, elements by index along a dimension, and where a mask is true. Writes go in index order on
// one thread, so that repeated indices give the same result on every run.
#include "../raptorch.h"
#include "threads.h"
#include <string.h>

int32_t rap_wrap_index(void *out, const void *index, int32_t n, int32_t size) {
  int64_t *o = out;
  const int64_t *x = index;
  for (int32_t i = 0; i < n; i++) {
    int64_t v = x[i];
    if (v < -(int64_t)size || v >= size) return i;
    o[i] = v < 0 ? v + size : v;
  }
  return -1;
}

typedef struct {
  char *y;
  const char *x;
  const int64_t *index;
  int64_t bytes;
} rows;

static void take_part(void *context, int64_t begin, int64_t end, int32_t thread) {
  (void)thread;
  const rows *r = context;
  // The common element sizes are copied as one word; memcpy with a variable length would cost a call each.
  switch (r->bytes) {
  case 1:
    for (int64_t i = begin; i < end; i++) r->y[i] = r->x[r->index[i]];
    break;
  case 4:
    for (int64_t i = begin; i < end; i++) memcpy(r->y + 4 * i, r->x + 4 * r->index[i], 4);
    break;
  case 8:
    for (int64_t i = begin; i < end; i++) memcpy(r->y + 8 * i, r->x + 8 * r->index[i], 8);
    break;
  default:
    for (int64_t i = begin; i < end; i++)
      memcpy(r->y + r->bytes * i, r->x + r->bytes * r->index[i], (size_t)r->bytes);
  }
}

void rap_take_rows(int32_t size, void *y, const void *x, const void *index, int32_t n, int32_t row) {
  rows r = {y, x, index, (int64_t)size * row};
  // About 64 KB a part: below that a second thread costs more than it copies.
  int64_t grain = r.bytes > 0 ? 65536 / r.bytes + 1 : n;
  if (r.bytes > 0) rap_parallel(n, grain, take_part, &r);
}

// op as RAP_SCATTER_*: what happens to the element that is there.
#define COMBINE(T, d, s, op)                                                                                 \
  switch (op) {                                                                                              \
  case RAP_SCATTER_SET: (d) = (s); break;                                                                    \
  case RAP_SCATTER_ADD: (d) = (T)((d) + (s)); break;                                                         \
  case RAP_SCATTER_MUL: (d) = (T)((d) * (s)); break;                                                         \
  case RAP_SCATTER_MAX: (d) = (s) > (d) || (s) != (s) ? (s) : (d); break;                                    \
  default: (d) = (s) < (d) || (s) != (s) ? (s) : (d); break;                                                 \
  }

#define PUT_ROWS(T)                                                                                          \
  {                                                                                                          \
    T *d = y;                                                                                                \
    const T *s = v;                                                                                          \
    for (int64_t i = 0; i < n; i++) {                                                                        \
      T *di = d + p[i] * row;                                                                                \
      const T *si = s + i * v_stride;                                                                        \
      if (op == RAP_SCATTER_SET)                                                                             \
        for (int64_t k = 0; k < row; k++) di[k] = si[k];                                                     \
      else if (op == RAP_SCATTER_ADD)                                                                        \
        for (int64_t k = 0; k < row; k++) di[k] = (T)(di[k] + si[k]);                                        \
      else                                                                                                   \
        for (int64_t k = 0; k < row; k++) COMBINE(T, di[k], si[k], op)                                       \
    }                                                                                                        \
  }

int32_t rap_put_rows(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                     int32_t row, int32_t v_stride) {
  const int64_t *p = index;
  switch (dtype) {
  case RAP_FLOAT32: PUT_ROWS(float) break;
  case RAP_FLOAT64: PUT_ROWS(double) break;
  case RAP_INT64: PUT_ROWS(int64_t) break;
  case RAP_INT32: PUT_ROWS(int32_t) break;
  case RAP_UINT8:
  case RAP_BOOL: PUT_ROWS(uint8_t) break;
  case RAP_FLOAT16:
  case RAP_BFLOAT16:
    if (op != RAP_SCATTER_SET) return RAP_UNSUPPORTED;
    PUT_ROWS(uint16_t)
    break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

// Walks the index tensor (contiguous, sizes meta[2 …]) and hands out where each element lies in the other
// tensors: the offset without the indexed dimension, to which index * stride is added.
typedef struct {
  int32_t ndim, dim;
  const int32_t *sizes, *a_strides, *b_strides;
} walk;

static walk walk_of(const int32_t *meta) {
  walk w = {meta[0], meta[1], meta + 2, meta + 2 + meta[0], meta + 2 + 2 * meta[0]};
  return w;
}

#define WALK(w, n, body)                                                                                     \
  {                                                                                                          \
    int32_t at[RAP_MAX_DIMS] = {0};                                                                          \
    int64_t a = 0, b = 0;                                                                                    \
    for (int64_t i = 0; i < (n); i++) {                                                                      \
      body;                                                                                                  \
      for (int32_t d = (w).ndim - 1; d >= 0; d--) {                                                          \
        a += d == (w).dim ? 0 : (w).a_strides[d], b += (w).b_strides[d];                                     \
        if (++at[d] < (w).sizes[d]) break;                                                                   \
        a -= d == (w).dim ? 0 : (int64_t)(w).a_strides[d] * (w).sizes[d];                                    \
        b -= (int64_t)(w).b_strides[d] * (w).sizes[d];                                                       \
        at[d] = 0;                                                                                           \
      }                                                                                                      \
    }                                                                                                        \
  }

#define GATHER(T)                                                                                            \
  {                                                                                                          \
    T *o = y;                                                                                                \
    const T *s = x;                                                                                          \
    WALK(w, n, o[i] = s[a + p[i] * stride]; (void)b)                                                         \
  }

void rap_gather(int32_t size, void *y, const void *x, const void *index, int32_t n, const int32_t *meta) {
  walk w = walk_of(meta);
  const int64_t *p = index;
  int64_t stride = w.a_strides[w.dim];
  switch (size) {
  case 1: GATHER(uint8_t) break;
  case 2: GATHER(uint16_t) break;
  case 4: GATHER(uint32_t) break;
  default: GATHER(uint64_t) break;
  }
}

#define SCATTER(T)                                                                                           \
  {                                                                                                          \
    T *d = y;                                                                                                \
    const T *s = v;                                                                                          \
    WALK(w, n, COMBINE(T, d[a + p[i] * stride], s[b], op))                                                   \
  }

int32_t rap_scatter(int32_t op, int32_t dtype, void *y, const void *index, const void *v, int32_t n,
                    const int32_t *meta) {
  walk w = walk_of(meta);
  const int64_t *p = index;
  int64_t stride = w.a_strides[w.dim];
  switch (dtype) {
  case RAP_FLOAT32: SCATTER(float) break;
  case RAP_FLOAT64: SCATTER(double) break;
  case RAP_INT64: SCATTER(int64_t) break;
  case RAP_INT32: SCATTER(int32_t) break;
  case RAP_UINT8:
  case RAP_BOOL: SCATTER(uint8_t) break;
  case RAP_FLOAT16:
  case RAP_BFLOAT16:
    if (op != RAP_SCATTER_SET) return RAP_UNSUPPORTED;
    SCATTER(uint16_t)
    break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

void rap_nonzero(void *out, const void *mask, int32_t n) {
  int64_t *o = out;
  const uint8_t *m = mask;
  for (int32_t i = 0; i < n; i++)
    if (m[i]) *o++ = i;
}

int32_t rap_searchsorted(int32_t dtype, void *out, const void *sorted, const void *values, int32_t rows_,
                         int32_t n, int32_t m, int32_t right) {
  int64_t *o = out;
#define SEARCH(T)                                                                                            \
  for (int64_t r = 0; r < (rows_ < 0 ? 1 : rows_); r++) {                                                    \
    const T *s = (const T *)sorted + r * n, *v = (const T *)values + r * m;                                  \
    for (int64_t i = 0; i < m; i++) {                                                                        \
      int64_t low = 0, high = n;                                                                             \
      while (low < high) {                                                                                   \
        int64_t middle = (low + high) / 2;                                                                   \
        if (right ? !(s[middle] > v[i]) : !(s[middle] >= v[i]))                                              \
          low = middle + 1;                                                                                  \
        else                                                                                                 \
          high = middle;                                                                                     \
      }                                                                                                      \
      o[r * m + i] = low;                                                                                    \
    }                                                                                                        \
  }
  switch (dtype) {
  case RAP_FLOAT32: SEARCH(float) break;
  case RAP_FLOAT64: SEARCH(double) break;
  case RAP_INT64: SEARCH(int64_t) break;
  case RAP_INT32: SEARCH(int32_t) break;
  case RAP_UINT8: SEARCH(uint8_t) break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

int32_t rap_bincount(int32_t dtype, void *out, const void *index, const void *weights, int32_t n) {
  const int64_t *p = index;
  if (!weights) {
    int64_t *o = out;
    for (int32_t i = 0; i < n; i++) o[p[i]]++;
  } else if (dtype == RAP_FLOAT32) {
    float *o = out;
    for (int32_t i = 0; i < n; i++) o[p[i]] += ((const float *)weights)[i];
  } else if (dtype == RAP_FLOAT64) {
    double *o = out;
    for (int32_t i = 0; i < n; i++) o[p[i]] += ((const double *)weights)[i];
  } else
    return RAP_UNSUPPORTED;
  return RAP_OK;
}
