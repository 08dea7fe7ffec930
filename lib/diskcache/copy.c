/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One chunk in the cache. Nothing here fails: what cannot be read is not there, and what cannot be
 * written is not added.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/io.h"
#include "crypto/seal.h"
#include "diskcache/internal.h"

enum {
    PERMISSIONS_SMALL = 0600,
    PERMISSIONS_MAIN = 0400, /* what is in the main queue */
    PATIENCE_BYTES = 1 << 30 /* at most this much of the disk is left to others */
};

/* O_NOATIME keeps the kernel from changing what counts uses. It is for owners only. */
static int open_copy(const struct li_diskcache *cache, const char *path)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    int fd = openat(cache->root, path, flags | O_NOATIME);

    return fd < 0 && errno == EPERM ? openat(cache->root, path, flags) : fd;
}

unsigned li_copy_uses(const struct stat *st)
{
    long long later = (long long)st->st_atim.tv_sec - st->st_mtim.tv_sec;

    return later <= 0 ? 0 : later > LI_USES_MOST ? LI_USES_MOST : (unsigned)later;
}

static void count_use(int fd, const struct stat *st)
{
    unsigned uses = li_copy_uses(st);
    struct timespec times[2] = {st->st_mtim, {.tv_nsec = UTIME_OMIT}};

    times[0].tv_sec += uses + 1;
    if (uses < LI_USES_MOST)
        futimens(fd, times);
}

bool li_copy_read(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                  struct li_buffer *out)
{
    struct li_error ignored = LI_ERROR_INIT;
    char path[LI_SHARD_PATH];
    struct stat st;
    bool got = false;
    int fd;

    li_shard_path(name, path);
    fd = open_copy(cache, path);
    if (fd < 0 && errno != ELOOP && errno != ENXIO && errno != EIO)
        return false;
    out->len = 0;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LI_SEAL_MAX_SIZE &&
        li_buffer_reserve(out, (size_t)st.st_size, &ignored) == 0 &&
        li_pread_all(fd, out->data, (size_t)st.st_size, 0, &ignored) == 0) {
        out->len = (size_t)st.st_size;
        count_use(fd, &st);
        got = true;
    }
    if (fd >= 0)
        close(fd);
    /* It is in the way of a copy that can be read. */
    if (!got)
        li_copy_drop(cache, name);
    return got;
}

void li_copy_drop(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE])
{
    char path[LI_SHARD_PATH];

    li_shard_path(name, path);
    if (unlinkat(cache->root, path, 0) == 0)
        atomic_fetch_add(&cache->damaged, 1);
}

/* Whether the disk has room for LEN bytes, and for others. */
static bool has_room(const struct li_diskcache *cache, size_t len)
{
    struct statvfs fs;
    uint64_t free_bytes, all, kept;

    if (fstatvfs(cache->root, &fs) < 0)
        return false;
    free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    all = (uint64_t)fs.f_blocks * fs.f_frsize;
    kept = all / 20 < PATIENCE_BYTES ? all / 20 : PATIENCE_BYTES;
    return free_bytes >= kept + len;
}

/* Writes BYTES to the new file OWN. */
static bool write_own(const struct li_diskcache *cache, const char *own, mode_t mode,
                      const struct li_buffer *bytes)
{
    struct li_error ignored = LI_ERROR_INIT;
    int fd = openat(cache->root, own, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    bool written;

    if (fd < 0)
        return false;
    written = li_pwrite_all(fd, bytes->data, bytes->len, 0, &ignored) == 0 &&
              (mode == PERMISSIONS_SMALL || fchmod(fd, mode) == 0);
    return close(fd) == 0 && written;
}

/* Adds the file, with its shard locked. LI_END if it is there already. */
static int add_locked(struct li_shard *shard, const uint8_t name[LI_NAME_SIZE],
                      const struct li_buffer *bytes)
{
    const struct li_diskcache *cache = shard->cache;
    mode_t mode = li_shard_remembers(shard, name) ? PERMISSIONS_MAIN : PERMISSIONS_SMALL;
    struct li_error ignored = LI_ERROR_INIT;
    char path[LI_SHARD_PATH], own[LI_SHARD_PATH];
    int rc = LI_EIO;

    li_shard_path(name, path);
    snprintf(own, sizeof(own), "%x/.tmp-%ld-%u", shard->number, (long)getpid(),
             atomic_fetch_add(&shard->cache->number, 1));
    if (!has_room(cache, bytes->len)) {
        li_shard_shrink(shard, &ignored);
        return LI_EIO;
    }
    if (write_own(cache, own, mode, bytes))
        rc = li_move_where_absent(cache->root, own, cache->root, path, &ignored);
    if (rc != 0)
        unlinkat(cache->root, own, 0);
    else
        li_shard_add(shard, bytes->len, &ignored);
    return rc;
}

void li_copy_add(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                 const struct li_buffer *bytes)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_shard shard;
    int rc = LI_EIO;

    if (li_shard_lock(cache, li_shard_of(name), &shard, &ignored) == 0) {
        rc = add_locked(&shard, name, bytes);
        li_shard_unlock(&shard);
    }
    if (rc <= 0)
        atomic_fetch_add(rc == 0 ? &cache->stored : &cache->unstored, 1);
}
