// The thread pool: splits an index range over the pool's threads and waits for all of them.
#ifndef RAP_THREADS_H
#define RAP_THREADS_H

#include <stdatomic.h>
#include <stdint.h>

// Works on [begin, end) of the range; `part` is 0 .. parts-1, for per-part results. A thread may run several
// parts.
typedef void (*rap_range)(void *context, int64_t begin, int64_t end, int32_t part);

// Calls `body` on contiguous parts of [0, n), at most one part a thread, each at least `grain` long where
// there are several; with n <= grain, or inside another rap_parallel, it runs on the caller alone. Parts
// depend only on n, grain and the number of threads, so results repeat from run to run. Costs about 1 µs
// while the workers are awake. Parts must not wait for each
// other, since one thread may run them all in turn; for a thing that a part has begun, they may.
void rap_parallel(int64_t n, int64_t grain, rap_range body, void *context);

// How many parts rap_parallel(n, grain, …) makes.
int32_t rap_parts(int64_t n, int64_t grain);

// Waits until the count is at least so much, for what another thread is about to finish.
void rap_wait(_Atomic int64_t *count, int64_t least);

// A 64-byte aligned scratch buffer of at least `bytes`, kept by the calling thread until it asks for a larger
// one in the same slot. Slots: 0 and 1 for matmul's packed panels, 2 for convolution, 3 for everything else.
void *rap_scratch(int32_t slot, int64_t bytes);

#endif
