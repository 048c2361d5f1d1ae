// Copies between strided layouts.
#include "../raptorch.h"
#include <string.h>
#include "threads.h"

typedef struct {
  char *y;
  const char *x;
  int32_t size, dims;
  int64_t sizes[RAP_MAX_DIMS], y_strides[RAP_MAX_DIMS], x_strides[RAP_MAX_DIMS]; // in bytes
} job;

#define COPY_ROW(type)                                                                                                 \
  for (int64_t i = 0; i < n; i++) *(type *)(y + i * y_stride) = *(const type *)(x + i * x_stride)

static void copy_row(char *y, int64_t y_stride, const char *x, int64_t x_stride, int64_t n, int32_t size) {
  if (y_stride == size && x_stride == size) {
    memcpy(y, x, (size_t)(n * size));
    return;
  }
  switch (size) {
  case 1: COPY_ROW(uint8_t); break;
  case 2: COPY_ROW(uint16_t); break;
  case 4: COPY_ROW(uint32_t); break;
  default: COPY_ROW(uint64_t);
  }
}

// Rows [begin, end) of the innermost dimension.
static void copy_rows(void *context, int64_t begin, int64_t end, int32_t thread) {
  const job *j = context;
  const int inner = j->dims - 1;
  (void)thread;
  for (int64_t row = begin; row < end; row++) {
    char *y = j->y;
    const char *x = j->x;
    int64_t rest = row;
    for (int d = inner - 1; d >= 0; d--) {
      int64_t i = rest % j->sizes[d];
      rest /= j->sizes[d];
      y += i * j->y_strides[d], x += i * j->x_strides[d];
    }
    copy_row(y, j->y_strides[inner], x, j->x_strides[inner], j->sizes[inner], j->size);
  }
}

void rap_copy_strided(int32_t size, void *y, const void *x, const int32_t *meta) {
  job j = {.y = y, .x = x, .size = size, .dims = meta[0]};
  int64_t rows = 1;
  for (int d = 0; d < j.dims; d++) {
    j.sizes[d] = meta[1 + d];
    j.y_strides[d] = (int64_t)meta[1 + j.dims + d] * size, j.x_strides[d] = (int64_t)meta[1 + 2 * j.dims + d] * size;
    if (d < j.dims - 1) rows *= j.sizes[d];
    if (!j.sizes[d]) return;
  }
  if (!j.dims) j.dims = 1, j.sizes[0] = 1;
  copy_rows(&j, 0, rows, 0);
}
