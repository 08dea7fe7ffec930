/* SPDX-License-Identifier: Apache-2.0 */
#include "base/env.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

static int system_random(void *buf, size_t len, struct li_error *err)
{
    uint8_t *to = buf;

    while (len > 0) {
        ssize_t n = getrandom(to, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return li_fail_errno(err, errno, "cannot get random bytes from the kernel");
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

static int64_t system_now(void)
{
    return time(NULL);
}

struct li_env li_env_system(void)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const char *tmpdir = getenv("TMPDIR");

    if (processors < 1)
        processors = 1;
    return (struct li_env){.random = system_random,
                           .now = system_now,
                           .tmpdir = tmpdir && *tmpdir ? tmpdir : "/var/tmp",
                           .threads = processors > LI_ENV_THREADS_MAX ? LI_ENV_THREADS_MAX
                                                                      : (unsigned)processors};
}
