// Raptorch's C ABI: every function that the CPU library and the CUDA library export, and nothing else.
// `ffi/generate.ts` reads this file after the preprocessor and writes `ffi/symbols.ts` from it.
//
// Grammar: outputs, `const` inputs, `int32_t` sizes, `double` scalars, then `meta`, a host array of int32_t
// whose layout the comment states. `dtype` is one of the codes below and names the elements behind every
// `void *` unless the comment says otherwise. Kernels overwrite their outputs; only `*_accumulate` adds.
// A status result is RAP_OK or RAP_UNSUPPORTED (this dtype has no such kernel; nothing was written).
// TypeScript checks shapes, dtypes and devices before it calls; C trusts its arguments, never prints, never exits.
#ifndef RAPTORCH_H
#define RAPTORCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RAP_API __attribute__((visibility("default")))

// Element types. float16 and bfloat16 are storage types: TypeScript computes them through float32.
enum {
  RAP_FLOAT32 = 0,
  RAP_FLOAT64 = 1,
  RAP_INT64 = 2,
  RAP_INT32 = 3,
  RAP_UINT8 = 4,
  RAP_BOOL = 5,
  RAP_FLOAT16 = 6,
  RAP_BFLOAT16 = 7
};

enum { RAP_OK = 0, RAP_UNSUPPORTED = 1 };

// The most dimensions a tensor may have; strided kernels size their counters by it.
enum { RAP_MAX_DIMS = 16 };

// ---- library (library.c) ---------------------------------------------------------------------------------

// The hash of this header that the library was built with (ffi/abi.ts); the loader compares it.
RAP_API int32_t rap_abi_hash(void);
// A pointer `bytes` after `p`: a view's address, without Deno's slower UnsafePointer.offset.
RAP_API void *rap_offset(const void *p, int32_t bytes);
// A pointer `elements * size` bytes after `p`, for views further than 2 GiB into their block.
RAP_API void *rap_offset_far(const void *p, int32_t elements, int32_t size);
// Asks the system for huge pages under a large fresh block: fewer page faults at first touch.
RAP_API void rap_advise_huge(void *p, double bytes);
// The number of threads that kernels may use, the caller's included; at least 1.
RAP_API void rap_set_num_threads(int32_t n);
RAP_API int32_t rap_get_num_threads(void);

#ifdef __cplusplus
}
#endif
#endif
