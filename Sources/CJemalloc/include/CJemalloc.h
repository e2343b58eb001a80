#pragma once
#include <stdint.h>
/// Bytes that the program holds in live allocations, by jemalloc's own count; 0 if it cannot tell.
/// Referencing jemalloc here is also what makes the linker keep it, so that it serves malloc for the whole program.
uint64_t cjemalloc_allocated_bytes(void);
/// Bytes in resident pages that jemalloc has mapped: live allocations, what it keeps for later ones, and its own data; 0
/// if it cannot tell.
uint64_t cjemalloc_resident_bytes(void);
