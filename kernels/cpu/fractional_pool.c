// Fractional max pooling. Threads share the outputs.
#include "../raptorch.h"
#include "threads.h"

#define FRACTIONAL_REAL    float
#define FRACTIONAL_NAME(f) fractional_##f##_f32
#include "../fractional_pool.h"
#undef FRACTIONAL_REAL
#undef FRACTIONAL_NAME
#define FRACTIONAL_REAL    double
#define FRACTIONAL_NAME(f) fractional_##f##_f64
#include "../fractional_pool.h"

typedef struct {
  rap_fractional f;
  void *y;
  int64_t *index;
  const void *x, *samples;
} fractional_job;

#define DEFINE_PART(T, NAME)                                                                                 \
  static void part_##NAME(void *context, int64_t begin, int64_t end, int32_t part) {                         \
    (void)part;                                                                                              \
    const fractional_job *j = context;                                                                       \
    for (int64_t i = begin; i < end; i++)                                                                    \
      ((T *)j->y)[i] = fractional_largest_##NAME(&j->f, j->x, j->samples, i, &j->index[i]);                  \
  }
DEFINE_PART(float, f32)
DEFINE_PART(double, f64)

int32_t rap_fractional_max_pool(int32_t dtype, void *y, void *index, const void *x, const void *samples,
                                const int32_t *meta) {
  fractional_job j = {rap_fractional_of(meta), y, index, x, samples};
  const int64_t n = (int64_t)j.f.planes * j.f.out[0] * j.f.out[1] * j.f.out[2];
  switch (dtype) {
  case RAP_FLOAT32: rap_parallel(n, 512, part_f32, &j); break;
  case RAP_FLOAT64: rap_parallel(n, 512, part_f64, &j); break;
  default: return RAP_UNSUPPORTED;
  }
  return RAP_OK;
}
