#include "CJemalloc.h"
#include <jemalloc/jemalloc.h>

static uint64_t statistic(const char *name) {
  uint64_t epoch = 1;
  size_t length = sizeof(epoch);
  mallctl("epoch", &epoch, &length, &epoch, length);
  size_t value = 0;
  length = sizeof(value);
  if (mallctl(name, &value, &length, NULL, 0) != 0) return 0;
  return value;
}

uint64_t cjemalloc_allocated_bytes(void) { return statistic("stats.allocated"); }

uint64_t cjemalloc_resident_bytes(void) { return statistic("stats.resident"); }
