// Which instruction-set level this CPU has: an index into ffi/targets.ts's levels. Built for the oldest level
// alone.
#include <stdint.h>

__attribute__((visibility("default"))) int32_t rap_cpu_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd"))
    return 0;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    return 1;
  return 2;
#else
  return 0;
#endif
}
