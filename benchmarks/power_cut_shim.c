/* Writes down what a program does to the files below one folder, in the order it is done.
 *
 * Preloaded (LD_PRELOAD) into a program under test, it passes every call on and, when it succeeded, appends a record to
 * the trace. `benchmarks/power_cut_disk.py` reads the trace and can make, for any instant of it, what a disk would hold
 * had the power gone then. Memory-mapped files are not seen: of SQLite's those are the -shm files, which are made anew.
 *
 *   POWER_CUT_FOLDER  absolute; files below it are followed
 *   POWER_CUT_TRACE   the trace, elsewhere
 *
 * A record: op, descriptor, offset or size or flags, length, then so many octets (a path, two paths, or what was
 * written). All little-endian, packed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#define MOST_DESCRIPTORS 4096

struct __attribute__((packed)) record {
  char op;
  int32_t descriptor;
  int64_t number;
  uint32_t length;
};

static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;
static int trace = -1;
static const char *folder;
static size_t folder_length;
static char followed[MOST_DESCRIPTORS];

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POWER_CUT_TRACE");
  folder = getenv("POWER_CUT_FOLDER");
  if (!path || !folder) return;
  folder_length = strlen(folder);
  trace = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static int is_below(const char *path) {
  return trace >= 0 && path && !strncmp(path, folder, folder_length) &&
         (path[folder_length] == '/' || path[folder_length] == 0);
}

static int is_followed(int descriptor) {
  return trace >= 0 && descriptor >= 0 && descriptor < MOST_DESCRIPTORS && followed[descriptor];
}

static void write_down(char op, int descriptor, int64_t number, const void *data, size_t length) {
  struct record head = {op, descriptor, number, (uint32_t)length};
  struct iovec parts[2] = {{&head, sizeof head}, {(void *)data, length}};
  if (syscall(SYS_writev, trace, parts, 2) != (long)(sizeof head + length)) abort(); /* half a trace proves nothing */
}

static void opened(int descriptor, const char *path, int flags) {
  if (descriptor < 0) return;
  if (descriptor >= MOST_DESCRIPTORS) abort();
  followed[descriptor] = 1;
  write_down('o', descriptor, flags, path, strlen(path));
}

#define NEXT(name) \
  static __typeof__(name) *next; \
  if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

#define MODE_OF(flags, last) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | O_TMPFILE)) { \
    va_list rest; \
    va_start(rest, last); \
    mode = va_arg(rest, mode_t); \
    va_end(rest); \
  }

#define OPEN(name) \
  int name(const char *path, int flags, ...) { \
    NEXT(name); \
    MODE_OF(flags, flags) \
    if (!is_below(path)) return next(path, flags, mode); \
    pthread_mutex_lock(&order); \
    int descriptor = next(path, flags, mode); \
    int failure = errno; \
    opened(descriptor, path, flags); \
    pthread_mutex_unlock(&order); \
    errno = failure; \
    return descriptor; \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
  int name(int at, const char *path, int flags, ...) { \
    NEXT(name); \
    MODE_OF(flags, flags) \
    if (!is_below(path)) return next(at, path, flags, mode); \
    pthread_mutex_lock(&order); \
    int descriptor = next(at, path, flags, mode); \
    int failure = errno; \
    opened(descriptor, path, flags); \
    pthread_mutex_unlock(&order); \
    errno = failure; \
    return descriptor; \
  }
OPENAT(openat)
OPENAT(openat64)

int close(int descriptor) {
  NEXT(close);
  if (!is_followed(descriptor)) return next(descriptor);
  pthread_mutex_lock(&order);
  followed[descriptor] = 0;
  write_down('c', descriptor, 0, "", 0);
  int result = next(descriptor);
  int failure = errno;
  pthread_mutex_unlock(&order);
  errno = failure;
  return result;
}

ssize_t write(int descriptor, const void *data, size_t length) {
  NEXT(write);
  if (!is_followed(descriptor)) return next(descriptor, data, length);
  pthread_mutex_lock(&order);
  ssize_t done = next(descriptor, data, length);
  int failure = errno;
  if (done > 0) write_down('w', descriptor, lseek(descriptor, 0, SEEK_CUR) - done, data, (size_t)done);
  pthread_mutex_unlock(&order);
  errno = failure;
  return done;
}

#define PWRITE(name, offset_type) \
  ssize_t name(int descriptor, const void *data, size_t length, offset_type offset) { \
    NEXT(name); \
    if (!is_followed(descriptor)) return next(descriptor, data, length, offset); \
    pthread_mutex_lock(&order); \
    ssize_t done = next(descriptor, data, length, offset); \
    int failure = errno; \
    if (done > 0) write_down('w', descriptor, offset, data, (size_t)done); \
    pthread_mutex_unlock(&order); \
    errno = failure; \
    return done; \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

#define TRUNCATE(name, size_type) \
  int name(int descriptor, size_type size) { \
    NEXT(name); \
    if (!is_followed(descriptor)) return next(descriptor, size); \
    pthread_mutex_lock(&order); \
    int result = next(descriptor, size); \
    int failure = errno; \
    if (!result) write_down('t', descriptor, size, "", 0); \
    pthread_mutex_unlock(&order); \
    errno = failure; \
    return result; \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define SYNC(name) \
  int name(int descriptor) { \
    NEXT(name); \
    if (!is_followed(descriptor)) return next(descriptor); \
    pthread_mutex_lock(&order); \
    write_down('s', descriptor, 0, "", 0); /* the disk itself need not be waited for: the cut is only thought of */ \
    pthread_mutex_unlock(&order); \
    return 0; \
  }
SYNC(fsync)
SYNC(fdatasync)

static void renamed(const char *from, const char *to) {
  size_t first = strlen(from) + 1, second = strlen(to);
  char *both = malloc(first + second);
  if (!both) abort();
  memcpy(both, from, first);
  memcpy(both + first, to, second);
  write_down('r', -1, (int64_t)first, both, first + second);
  free(both);
}

int rename(const char *from, const char *to) {
  NEXT(rename);
  pthread_mutex_lock(&order);
  int result = next(from, to);
  int failure = errno;
  if (!result && is_below(from) && is_below(to)) renamed(from, to);
  pthread_mutex_unlock(&order);
  errno = failure;
  return result;
}

int unlink(const char *path) {
  NEXT(unlink);
  pthread_mutex_lock(&order);
  int result = next(path);
  int failure = errno;
  if (!result && is_below(path)) write_down('u', -1, 0, path, strlen(path));
  pthread_mutex_unlock(&order);
  errno = failure;
  return result;
}
