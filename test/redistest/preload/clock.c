// Preloaded into a server: its wall clock is ahead of the host's by as many seconds
// as the file CLOCK_AHEAD says, a number of eight bytes. The steady clock is left alone.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile long long *ahead;

__attribute__((constructor)) static void begin(void) {
  int fd = open(getenv("CLOCK_AHEAD"), O_RDONLY);
  void *at = mmap(0, sizeof *ahead, PROT_READ, MAP_SHARED, fd, 0);
  if (at != MAP_FAILED) ahead = at;
}

int clock_gettime(clockid_t id, struct timespec *t) {
  int failed = syscall(SYS_clock_gettime, id, t);
  if (!failed && ahead && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) t->tv_sec += *ahead;
  return failed;
}

int gettimeofday(struct timeval *t, void *zone) {
  struct timespec now;
  int failed = clock_gettime(CLOCK_REALTIME, &now);
  t->tv_sec = now.tv_sec;
  t->tv_usec = now.tv_nsec / 1000;
  return failed;
}

time_t time(time_t *t) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (t) *t = now.tv_sec;
  return now.tv_sec;
}
