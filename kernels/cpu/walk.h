// Elementwise work on operands of any strides: contiguous pieces are handed to a loop over contiguous
// elements.
#ifndef RAP_WALK_H
#define RAP_WALK_H

#include "../raptorch.h"

// y[i] = f(in[0][i], in[1][i], …); y may be one of the inputs.
typedef void (*rap_loop)(void *y, const void *const *in, int64_t n, double p, double q);

// The most operands: y, which is operand 0, and three inputs.
#define RAP_OPERANDS 4

typedef struct {
  rap_loop run;
  double p, q;
  int operands, dims;
  int stream;                 // whether a large output should be stored past the caches
  int32_t size[RAP_OPERANDS]; // bytes of an element
  char *at[RAP_OPERANDS];
  int64_t n, sizes[RAP_MAX_DIMS], strides[RAP_OPERANDS][RAP_MAX_DIMS]; // strides in elements
} rap_walk_job;

// Runs the loop over all n elements. The caller has set run, p, q, operands, stream, size, at and n, and
// either meta = [ndim, sizes, strides of each operand …] or, with meta = 0, each strides[k][0]: 1 contiguous,
// 0 one number. `grain`: elements worth handing to another thread.
void rap_walk(rap_walk_job *job, int64_t grain, const int32_t *meta);

// The loop that copies elements of `size` bytes.
rap_loop rap_copy_loop(int32_t size);

#endif
