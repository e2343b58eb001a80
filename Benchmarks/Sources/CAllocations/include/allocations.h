#ifndef ALLOCATIONS_H
#define ALLOCATIONS_H

/// How often memory was allocated so far, by any thread.
unsigned long allocations_total(void);

#endif
