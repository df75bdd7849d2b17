/* Lies to one process about its clock and its disk, for fault injection. Loaded by LD_PRELOAD.

   The file named by OVOO_CHAOS_CONTROL holds two little-endian int64 numbers and is mapped by every process that loads
   the shim, so a test changes them while the process runs:
     [0] nanoseconds added to the wall clock (CLOCK_REALTIME); the monotonic clock stays true, as after an NTP step
     [1] microseconds that every fsync and fdatasync takes longer, as on a worn SD card */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t nothing[2];
static volatile int64_t *control = nothing;
static int (*real_clock_gettime)(clockid_t, struct timespec *);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);

__attribute__((constructor)) static void load(void) {
    real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    const char *path = getenv("OVOO_CHAOS_CONTROL");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (file < 0)
        return;
    void *mapped = mmap(NULL, sizeof nothing, PROT_READ, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static void linger(void) {
    int64_t wait_us = control[1];
    if (wait_us > 0) {
        struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
        nanosleep(&wait, NULL);
    }
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    if (!real_clock_gettime) /* another library's constructor may run before ours */
        load();
    int code = real_clock_gettime(clock, out);
    if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
        int64_t all_ns = (int64_t)out->tv_sec * 1000000000 + out->tv_nsec + control[0];
        out->tv_sec = all_ns / 1000000000;
        out->tv_nsec = all_ns % 1000000000;
    }
    return code;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
    struct timespec now;
    (void)zone;
    int code = clock_gettime(CLOCK_REALTIME, &now);
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return code;
}

time_t time(time_t *out) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out)
        *out = now.tv_sec;
    return now.tv_sec;
}

int fsync(int file) {
    linger();
    return real_fsync(file);
}

int fdatasync(int file) {
    linger();
    return real_fdatasync(file);
}
