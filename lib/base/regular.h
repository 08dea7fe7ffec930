/* SPDX-License-Identifier: Apache-2.0 */
/* Opens regular files where others may have put something else. */
#ifndef LI_BASE_REGULAR_H
#define LI_BASE_REGULAR_H

#include <sys/stat.h>

/* Opens the regular file NAME in the directory AT, or AT_FDCWD. FLAGS are O_RDONLY or O_RDWR, and
 * may have O_NOFOLLOW. Nothing but a regular file is ever opened, because to open a FIFO may take
 * for ever, and to open a device may do anything. Returns a descriptor, which the caller closes; or
 * -1, and sets errno. ST is the file's status, or zeros if it could not be looked at. If something
 * else than a regular file is there, ST says what, and errno is ENODEV. Any thread. */
int li_open_regular(int at, const char *name, int flags, struct stat *st);

#endif
