#include "CJemalloc.h"
#include <jemalloc/jemalloc.h>

uint64_t cjemalloc_allocated_bytes(void) {
  uint64_t epoch = 1;
  size_t length = sizeof(epoch);
  mallctl("epoch", &epoch, &length, &epoch, length);
  size_t allocated = 0;
  length = sizeof(allocated);
  if (mallctl("stats.allocated", &allocated, &length, NULL, 0) != 0) return 0;
  return allocated;
}
