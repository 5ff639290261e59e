/* Every fsync and fdatasync of a process takes so much longer (SLOWER_BY, in microseconds). Loaded before libc by `main.rs`,
 * which compiles it; does nothing else. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

typedef int (*sync_fn)(int);

static int after_a_while(const char *name, int file) {
    const char *slower_by = getenv("SLOWER_BY");
    sync_fn sync = (sync_fn)dlsym(RTLD_NEXT, name);
    if (slower_by != NULL) usleep((useconds_t)atoi(slower_by));
    return sync(file);
}

int fsync(int file) { return after_a_while("fsync", file); }

int fdatasync(int file) { return after_a_while("fdatasync", file); }
