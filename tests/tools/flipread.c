/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flipread: a library for LD_PRELOAD that lies once. Of all reads that give a certain byte of a
 * file, one gives it changed, or waits until somebody else has changed the file. From the
 * environment:
 *     FLIP_FILE    the file's path; "spool": any file that has no name any more
 *     FLIP_AT      where the byte lies in it
 *     FLIP_READ    which of the reads that give it is meant, from 1 on
 *     FLIP_HOW     once: that read gives it with a bit flipped; on: so do all later ones;
 *                  wait: that read waits, before it reads, until FLIP_DIR/go is there
 *     FLIP_DIR     where FLIP_DIR/reads gets a byte for each read that gives the byte, and
 *                  FLIP_DIR/waiting is made by one that waits
 * Only pread() is looked at: nothing else reads an image. A test that counts no read fails.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WAIT_MICROSECONDS = 1000, PATIENCE = 120 * 1000, PATH_SIZE = 4096 };

/* What pread() is where the compiler knows the size of BUF. */
ssize_t __pread64_chk(int fd, void *buf, size_t len, off_t offset, size_t room);

static struct stat file;
static bool spool, ready;
static off_t at;
static unsigned nth;
static const char *how, *dir;
static atomic_uint seen;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("FLIP_FILE"), *where = getenv("FLIP_AT"),
               *which = getenv("FLIP_READ");

    how = getenv("FLIP_HOW");
    dir = getenv("FLIP_DIR");
    if (!path || !where || !which || !how || !dir)
        return;
    spool = strcmp(path, "spool") == 0;
    at = (off_t)strtoll(where, NULL, 10);
    nth = (unsigned)strtoul(which, NULL, 10);
    ready = spool || stat(path, &file) == 0;
}

static bool is_meant(int fd)
{
    struct stat st;

    if (!ready || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return false;
    return spool ? st.st_nlink == 0 : st.st_dev == file.st_dev && st.st_ino == file.st_ino;
}

static void path_in_dir(const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%s/%s", dir, name);
}

static void note(const char *name, int flags)
{
    char path[PATH_SIZE];
    int fd;

    path_in_dir(name, path);
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
    if (fd < 0 || write(fd, "r", 1) != 1)
        abort();
    close(fd);
}

static void wait_for_go(void)
{
    char path[PATH_SIZE];

    note("waiting", O_TRUNC);
    path_in_dir("go", path);
    for (int i = 0; access(path, F_OK) < 0; i++) {
        if (i == PATIENCE)
            abort();
        usleep(WAIT_MICROSECONDS);
    }
}

/* What pread() is for files of any length. */
ssize_t pread64(int fd, void *buf, size_t len, off_t offset)
{
    unsigned number = 0;
    ssize_t n;

    if (at >= offset && (size_t)(at - offset) < len && is_meant(fd)) {
        note("reads", O_APPEND);
        number = atomic_fetch_add(&seen, 1) + 1;
        if (number == nth && strcmp(how, "wait") == 0)
            wait_for_go();
    }
    n = syscall(SYS_pread64, fd, buf, len, offset);
    if (number == 0 || n <= at - offset)
        return n;
    if ((number == nth && strcmp(how, "once") == 0) || (number >= nth && strcmp(how, "on") == 0))
        ((unsigned char *)buf)[at - offset] ^= 1;
    return n;
}

ssize_t __pread64_chk(int fd, void *buf, size_t len, off_t offset, size_t room)
{
    if (len > room)
        abort();
    return pread64(fd, buf, len, offset);
}
