// Lets the thread sanitizer see what orders accesses inside Swift's own libraries, which are not instrumented: what they order
// would look like a race. Preloaded by scripts/sanitize.sh, into no other program.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

static void annotate(const char *name, void *address) {
  void (*call)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, name);
  if (call != 0) call(address);
}

static void acquire(void *address) { annotate("__tsan_acquire", address); }
static void release(void *address) { annotate("__tsan_release", address); }

#define NEXT(type, name) ((type *)dlsym(RTLD_NEXT, name))

// Synchronization.Mutex, where its lock is contended.

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void Lock(uint32_t thread, SELF);
typedef SWIFT void Unlock(SELF);

SWIFT void lock_slow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void unlock_slow(SELF) __asm__(UNLOCK_SLOW);

SWIFT void lock_slow(uint32_t thread, SELF) {
  NEXT(Lock, LOCK_SLOW)(thread, self);
  acquire(self);
}

SWIFT void unlock_slow(SELF) {
  release(self);
  NEXT(Unlock, UNLOCK_SLOW)(self);
}

// A continuation that another thread resumed before its task came to wait: the task just goes on. Who resumes it tells the sanitizer.

#define ASYNC __attribute__((swiftasynccall))

typedef ASYNC void Await(void *continuation);
SWIFT void *swift_task_getCurrent(void);

ASYNC void swift_continuation_await(void *continuation) {
  acquire(swift_task_getCurrent());
  __attribute__((musttail)) return NEXT(Await, "swift_continuation_await")(continuation);
}
