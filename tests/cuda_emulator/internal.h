// What the emulator's own files share.
#pragma once
#include "cuda_runtime.h"

namespace emu {

constexpr size_t kStaticShared = 48 << 10, kOptinShared = 99 << 10;
// Every 4 bytes of fresh memory. As float a quiet NaN whose payload arithmetic keeps, as double a NaN (0x7FF5…),
// as an index 2.1 thousand million, as bool neither 0 nor 1.
constexpr uint32_t kPoison = 0x7FF5A5A5u;

extern bool in_kernel;
extern cudaError_t last_error;
cudaError_t fail(cudaError_t error);

void poison(void *p, size_t bytes);
unsigned char *map_guarded(size_t bytes); // the end rounded to 16 bytes touches an unmapped page
void close_touched_allocations(); // after a kernel: canaries are checked, memory is unreadable again

// Where the running kernel is: "kernel<float> block (1,0,0) thread (31,0,0)".
const char *where();
int environment(const char *name, int otherwise);

} // namespace emu
