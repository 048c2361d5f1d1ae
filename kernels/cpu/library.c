// Addresses, pages and the number of threads: what TypeScript needs of the library itself.
#define _GNU_SOURCE
#include "../raptorch.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

void *rap_offset(const void *p, int32_t bytes) { return (char *)(uintptr_t)p + bytes; }

void *rap_offset_far(const void *p, int32_t elements, int32_t size) {
  return (char *)(uintptr_t)p + (int64_t)elements * size;
}

void rap_set_address(void *table, int32_t at, const void *p) { ((const void **)table)[at] = p; }

void rap_advise_huge(void *p, double bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const uintptr_t page = (uintptr_t)2 << 20;
  uintptr_t begin = ((uintptr_t)p + page - 1) & ~(page - 1),
            end = ((uintptr_t)p + (uintptr_t)bytes) & ~(page - 1);
  if (end > begin) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)p, (void)bytes;
#endif
}

int32_t rap_abi_hash(void) { return RAP_ABI_HASH; }

// Rounded products and cuBLAS are a card's concern.
void rap_set_matmul_precision(int32_t precision) { (void)precision; }
int32_t rap_use_cublas(int32_t choice) {
  (void)choice;
  return 0;
}
