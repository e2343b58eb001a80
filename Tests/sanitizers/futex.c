// Lets the thread sanitizer see locks. Synchronization.Mutex takes a contended lock by futex(2) in a library that is not
// instrumented, so what it orders looks like a race. Preloaded by scripts/sanitize.sh, into no other program.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <sys/syscall.h>

typedef void (*annotation)(void *address);

static void annotate(const char *name, void *address) {
  annotation call = (annotation)dlsym(RTLD_DEFAULT, name);
  if (call != 0) call(address);
}

long syscall(long number, ...) {
  va_list arguments;
  va_start(arguments, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(arguments, long);
  va_end(arguments);
  int operation = number == SYS_futex ? (int)a[1] & FUTEX_CMD_MASK : -1;
  if (operation == FUTEX_UNLOCK_PI) annotate("__tsan_release", (void *)a[0]);
  long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
  long result = next(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  if (operation == FUTEX_LOCK_PI && result == 0) annotate("__tsan_acquire", (void *)a[0]);
  return result;
}
