/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes from the process what it does not need, before it reads bytes that somebody else made.
 *
 * Who finds a mistake in a parser gets to run code with the rights of the process. After
 * li_confine() these are: what is open already, and the files that the caller lists. There is no
 * way to a socket, a program, another process, or executable memory, and none back.
 *
 * Two parts of the kernel do it. Landlock limits which files can be opened, and seccomp which
 * system calls can be made. A call that is not allowed fails with EPERM, or with EACCES where
 * Landlock refuses it, so that a library that tries something for comfort only goes on without. A
 * call in the convention of another architecture ends the process: nothing here makes one.
 *
 * Landlock does not limit calls that only look. So names, sizes, owners and times of all files, and
 * where links lead, stay visible. A file that may be opened for reading only can still get another
 * group, other times and other permissions, but none that give a program its owner's rights.
 */
#ifndef LI_CONFINE_CONFINE_H
#define LI_CONFINE_CONFINE_H

#include <stddef.h>

#include "base/error.h"

/* A file, or a directory with all below it, that may still be opened. */
struct li_confine_path {
    const char *path; /* one that cannot be found is left out */
    int writable;     /* files in it may be made, written, renamed and removed, too */
};

/* What the kernel lacks, as flags. */
enum {
    LI_CONFINE_LACKS_LANDLOCK = 1, /* Linux 5.19 and later have it, where it is switched on */
    LI_CONFINE_LACKS_SECCOMP = 2,
};

/* Finds what li_confine() would lack. It changes nothing. Any thread. */
unsigned li_confine_lacks(void);

/* Confines the process to COUNT PATHS, for good. Call it before the first thread starts, because
 * Landlock binds only the calling thread and those that it starts. Where the kernel lacks one of
 * the two, the other is used: without Landlock all files can be opened if COUNT is not 0, and none
 * if it is 0. LI_EIO, LI_EDENIED, LI_ENOMEM: the process may be confined in part. */
int li_confine(const struct li_confine_path *paths, size_t count, struct li_error *err);

#endif
