// Copies between strided layouts.
#include "walk.h"
#include <string.h>

#define COPY(size)                                                                                           \
  static void copy_##size(void *y, const void *const *in, int64_t n, double p, double q) {                   \
    (void)p, (void)q;                                                                                        \
    memcpy(y, in[0], (size_t)n *size);                                                                       \
  }
COPY(1)
COPY(2)
COPY(4)
COPY(8)

rap_loop rap_copy_loop(int32_t size) {
  return size == 1 ? copy_1 : size == 2 ? copy_2 : size == 4 ? copy_4 : copy_8;
}

void rap_copy_strided(int32_t size, void *y, const void *x, const int32_t *meta) {
  rap_walk_job j = {
      .operands = 2, .stream = 1, .size = {size, size}, .at = {y, (char *)(uintptr_t)x}, .n = 1};
  j.run = rap_copy_loop(size);
  for (int32_t d = 0; d < meta[0]; d++) j.n *= meta[1 + d];
  if (j.n) rap_walk(&j, 32768, meta);
}
