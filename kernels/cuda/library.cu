// Addresses and the library's identity.
#include "common.cuh"

int32_t rap_abi_hash(void) { return RAP_ABI_HASH; }

void *rap_offset(const void *p, int32_t bytes) {
  return reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(p)) + bytes;
}

void *rap_offset_far(const void *p, int32_t elements, int32_t size) {
  return reinterpret_cast<char *>(reinterpret_cast<uintptr_t>(p)) + static_cast<int64_t>(elements) * size;
}

void rap_set_address(void *table, int32_t at, const void *p) { static_cast<const void **>(table)[at] = p; }

// Huge pages and threads are the CPU library's concern.
void rap_advise_huge(void *, double) {}
void rap_set_num_threads(int32_t) {}
int32_t rap_get_num_threads(void) { return 1; }
