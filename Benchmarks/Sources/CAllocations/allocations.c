// Counts allocations by standing before glibc's allocator, as <https://www.gnu.org/software/libc/manual/html_node/Replacing-malloc.html>
// allows: the program's own definitions win.
#include "allocations.h"

#include <errno.h>
#include <stddef.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static unsigned long total;

// Not atomic: the benchmark has one thread, and the count must cost next to nothing.
unsigned long allocations_total(void) { return total; }

void *malloc(size_t size) {
  total++;
  return __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  total++;
  return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
  total++;
  return __libc_realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
  total++;
  *memory = __libc_memalign(alignment, size);
  return *memory ? 0 : ENOMEM;
}

void *aligned_alloc(size_t alignment, size_t size) {
  total++;
  return __libc_memalign(alignment, size);
}
