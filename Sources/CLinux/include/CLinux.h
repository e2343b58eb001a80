#pragma once
// What Swift's Glibc module does not bring: thread-local state, epoll without its packed union, and GNU calls.
// _GNU_SOURCE stays out of this header: with it the C library's types would differ from those of the Glibc module.
#include <stddef.h>
#include <stdint.h>

/// The event loop that runs on the calling thread, or NULL. Swift has no thread-local variables of its own.
extern __thread void *_Nullable clinux_current_loop;

static inline void *_Nullable clinux_get_current_loop(void) { return clinux_current_loop; }
static inline void clinux_set_current_loop(void *_Nullable loop) { clinux_current_loop = loop; }

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t clinux_monotonic_nanoseconds(void);

/// An epoll event: the bits, and the pointer that was registered.
typedef struct {
  uint32_t bits;
  void *_Nullable data;
} clinux_event;

int clinux_epoll_create(void);
int clinux_epoll_add(int epoll, int fd, uint32_t bits, void *_Nullable data);
int clinux_epoll_modify(int epoll, int fd, uint32_t bits, void *_Nullable data);
int clinux_epoll_delete(int epoll, int fd);
/// Waits and fills `events`; -1 on error. At most 256 events a call.
int clinux_epoll_wait(int epoll, clinux_event *_Nonnull events, int capacity, int timeout_milliseconds);

/// A non-blocking eventfd that exec closes, or -1.
int clinux_eventfd(void);
void clinux_eventfd_signal(int fd);
void clinux_eventfd_clear(int fd);

/// Blocks the signals in the calling thread and in those it starts, and makes a descriptor that reads them; -1 on error.
int clinux_signalfd(const int *_Nonnull signals, int count);
/// The next signal that is pending on the descriptor, or 0.
int clinux_signalfd_read(int fd);

/// A non-blocking timerfd of CLOCK_MONOTONIC that exec closes, or -1.
int clinux_timerfd(void);
/// Makes it readable once the clock reaches a time, at once if it has; -1 on error.
int clinux_timerfd_set(int fd, uint64_t nanoseconds);
void clinux_timerfd_clear(int fd);

/// Accepts a connection, non-blocking and closed by exec; -1 on error.
int clinux_accept(int fd);
/// A stream socket, non-blocking and closed by exec; -1 on error.
int clinux_stream_socket(int family);

/// The C library's sentence for an errno.
const char *_Nonnull clinux_error_text(int code, char *_Nonnull buffer, size_t length);
/// Sets the calling thread's name as ps and perf show it (15 bytes at most).
void clinux_name_thread(const char *_Nonnull name);
