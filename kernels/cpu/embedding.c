// Sums, means and maxima of bags of rows, and their gradients. Threads share the bags on the way there, and
// the columns on the way back, where bags meet in the same rows: so every sum has its order.
#include "../raptorch.h"
#include "threads.h"
#include <string.h>

enum { COLUMNS = 16 }; // a cache line of floats, which only one thread shall write to

// One call: what its threads share.
typedef struct {
  int32_t mode, bags, width, padding;
  void *y;
  int32_t *at;
  const void *w, *factor;
  const int64_t *index, *starts;
} bag_job;

// How many of a bag's rows count: the others are padding.
static int64_t counted(const bag_job *j, int64_t bag) {
  int64_t count = 0;
  for (int64_t i = j->starts[bag]; i < j->starts[bag + 1]; i++) count += j->index[i] != j->padding;
  return count;
}

#define T       float
#define NAME(x) x##_f32
#include "embedding_template.h"
#undef T
#undef NAME
#define T       double
#define NAME(x) x##_f64
#include "embedding_template.h"

// Bags of a few rows at about 1 ns for each 4 elements: a part should last some 20 µs.
static int64_t bag_grain(int32_t width) { return 20000 / (width + 16) + 1; }

int32_t rap_bag(int32_t dtype, int32_t mode, void *y, void *at, const void *w, const void *index,
                const void *starts, const void *factor, int32_t bags, int32_t width, int32_t padding) {
  bag_job j = {mode, bags, width, padding, y, at, w, factor, index, starts};
  switch (dtype) {
  case RAP_FLOAT32: rap_parallel(bags, bag_grain(width), bags_f32, &j); break;
  case RAP_FLOAT64: rap_parallel(bags, bag_grain(width), bags_f64, &j); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

int32_t rap_bag_spread(int32_t dtype, int32_t mode, void *dw, const void *dy, const void *index,
                       const void *starts, const void *factor, int32_t n, int32_t bags, int32_t width,
                       int32_t padding) {
  bag_job j = {mode, bags, width, padding, dw, NULL, dy, factor, index, starts};
  const int32_t columns = (width + COLUMNS - 1) / COLUMNS;
  const int64_t grain = 20000 / ((int64_t)n * 4 + 1) + 1;
  switch (dtype) {
  case RAP_FLOAT32: rap_parallel(columns, grain, spread_f32, &j); break;
  case RAP_FLOAT64: rap_parallel(columns, grain, spread_f64, &j); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}

int32_t rap_bag_dot(int32_t dtype, void *dfactor, const void *dy, const void *w, const void *index,
                    const void *starts, int32_t bags, int32_t width, int32_t padding) {
  bag_job j = {RAP_BAG_SUM, bags, width, padding, dfactor, NULL, w, dy, index, starts};
  switch (dtype) {
  case RAP_FLOAT32: rap_parallel(bags, bag_grain(width), dots_f32, &j); break;
  case RAP_FLOAT64: rap_parallel(bags, bag_grain(width), dots_f64, &j); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}
