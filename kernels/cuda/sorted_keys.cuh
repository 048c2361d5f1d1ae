// The destinations of what is added by index, sorted so that one thread may do all that goes to one place, in
// the order of the indices.
#pragma once
#include "common.cuh"

struct SortedKeys {
  Scratch memory;
  int64_t *keys, *order;
  SortedKeys(const int64_t *unsorted, int n)
      : memory(2 * sizeof(int64_t) * static_cast<size_t>(n)), keys(memory.as<int64_t>()), order(keys + n) {
    if (keys) rap_sort(RAP_INT64, keys, order, unsorted, 1, n, n, 0, 1);
  }
};
