/* SPDX-License-Identifier: Apache-2.0 */
/* A file system without links: the test's linkat() goes before libc's. */
#ifndef LI_TESTS_UNIT_NO_LINKS_H
#define LI_TESTS_UNIT_NO_LINKS_H

#include <errno.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool no_links;
static unsigned links_refused;

int linkat(int from_dir, const char *from, int to_dir, const char *to, int flags)
{
    if (!no_links)
        return (int)syscall(SYS_linkat, from_dir, from, to_dir, to, flags);
    links_refused++;
    errno = EPERM;
    return -1;
}

#endif
