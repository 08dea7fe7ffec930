/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sixteenth of the cache. Names are spread evenly, so the sixteenths are alike, and each is a
 * cache of its own with its own queues.
 *
 * .state has a count of bytes, so that the files need not be looked at each time one is added, and
 * from GHOSTS_AT on a table of hashes of names that left the small queue, each in the place that it
 * gives itself. Wrong contents cost time only: whenever chunks are removed, they are counted.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/hex.h"
#include "base/io.h"
#include "diskcache/internal.h"

enum {
    BLOCK = 4096,
    GHOSTS_AT = BLOCK,
    GHOSTS = 8192,
    TRIES = 10,         /* to get the lock, 5 ms apart */
    LEFT_BEHIND = 3600, /* seconds after which nobody writes a file any more */
    NAME_DIGITS = 2 * LI_NAME_SIZE,
};

static const uint64_t state_magic =
    0x3168736373676d69; /* of a count, which is followed by its complement */

unsigned li_shard_of(const uint8_t name[LI_NAME_SIZE])
{
    return name[0] >> 4;
}

void li_shard_path(const uint8_t name[LI_NAME_SIZE], char path[LI_SHARD_PATH])
{
    int len = snprintf(path, LI_SHARD_PATH, "%x/", li_shard_of(name));

    li_hex_encode(name, LI_NAME_SIZE, path + len);
}

/* ---- the state ------------------------------------------------------------------------------- */

/* Locks the file of SHARD. */
static int lock_state(struct li_shard *shard, struct li_error *err)
{
    static const struct timespec moment = {.tv_nsec = 5000000};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char path[LI_SHARD_PATH];

    snprintf(path, sizeof(path), "%x/.state", shard->number);
    shard->state = openat(shard->cache->root, path,
                          O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    if (shard->state < 0)
        return li_fail_errno(err, errno, "cannot open %s of the cache", path);
    for (int i = 0; i < TRIES; i++) {
        if (fcntl(shard->state, F_OFD_SETLK, &whole) == 0)
            return 0;
        nanosleep(&moment, NULL);
    }
    close(shard->state);
    return LI_END;
}

int li_shard_lock(struct li_diskcache *cache, unsigned number, struct li_shard *out,
                  struct li_error *err)
{
    int rc;

    *out = (struct li_shard){.cache = cache, .number = number};
    pthread_mutex_lock(&cache->shard[number]);
    rc = lock_state(out, err);
    if (rc != 0)
        pthread_mutex_unlock(&cache->shard[number]);
    return rc;
}

void li_shard_unlock(struct li_shard *shard)
{
    close(shard->state);
    pthread_mutex_unlock(&shard->cache->shard[shard->number]);
}

static bool read_count(const struct li_shard *shard, uint64_t *bytes)
{
    uint8_t state[24];

    if (pread(shard->state, state, sizeof(state), 0) != sizeof(state) ||
        li_get_le64(state) != state_magic)
        return false;
    *bytes = li_get_le64(state + 8);
    return li_get_le64(state + 16) == ~*bytes;
}

static int write_count(const struct li_shard *shard, uint64_t bytes, struct li_error *err)
{
    uint8_t state[24];

    li_put_le64(state, state_magic);
    li_put_le64(state + 8, bytes);
    li_put_le64(state + 16, ~bytes);
    return li_pwrite_all(shard->state, state, sizeof(state), 0, err);
}

/* The place of a ghost. Names are outputs of a key derivation, so any of their bits will do. */
static off_t ghost_place(uint64_t ghost)
{
    return GHOSTS_AT + (off_t)(ghost % GHOSTS) * 8;
}

static void remember(const struct li_shard *shard, const char *text)
{
    struct li_error ignored = LI_ERROR_INIT;
    uint8_t name[LI_NAME_SIZE];

    if (li_hex_decode(text, name, sizeof(name)) == 0)
        (void)li_pwrite_all(shard->state, name + 8, 8, (uint64_t)ghost_place(li_get_le64(name + 8)),
                            &ignored);
}

bool li_shard_remembers(const struct li_shard *shard, const uint8_t name[LI_NAME_SIZE])
{
    uint8_t ghost[8];

    return pread(shard->state, ghost, sizeof(ghost), ghost_place(li_get_le64(name + 8))) ==
               sizeof(ghost) &&
           memcmp(ghost, name + 8, sizeof(ghost)) == 0;
}

/* ---- its files ------------------------------------------------------------------------------- */

static int64_t nanoseconds(const struct timespec *time)
{
    return (int64_t)time->tv_sec * 1000000000 + time->tv_nsec;
}

/* Whether the file NAME is a chunk, or was left behind by somebody who was to write one. NOW is the
 * time by the file system's own clock. */
static bool is_copy(const char *name, const struct stat *st, time_t now, struct li_copy *out)
{
    bool chunk = strlen(name) == NAME_DIGITS && strspn(name, "0123456789abcdef") == NAME_DIGITS;

    if (!S_ISREG(st->st_mode) || (!chunk && strncmp(name, ".tmp-", 5) != 0) ||
        strlen(name) > NAME_DIGITS)
        return false;
    *out = (struct li_copy){.size = ((uint64_t)st->st_size + BLOCK - 1) / BLOCK * BLOCK,
                            .since = nanoseconds(&st->st_mtim),
                            .uses = li_copy_uses(st),
                            .main = (st->st_mode & S_IWUSR) == 0,
                            .fate = chunk ? LI_STAYS : LI_GOES};
    memcpy(out->name, name, strlen(name) + 1);
    return chunk || st->st_mtim.tv_sec + LEFT_BEHIND < now;
}

static int add_file(struct li_copies *out, int dir, const char *name, time_t now,
                    struct li_error *err)
{
    struct stat st;
    int rc;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return 0;
    rc = li_array_reserve(&out->all, &out->cap, out->count + 1, sizeof(out->all[0]), err);
    if (rc < 0 || !is_copy(name, &st, now, &out->all[out->count]))
        return rc;
    if (out->all[out->count].fate == LI_STAYS)
        out->bytes[out->all[out->count].main] += out->all[out->count].size;
    out->count++;
    return 0;
}

int li_shard_scan(const struct li_diskcache *cache, unsigned number, struct li_copies *out,
                  struct li_error *err)
{
    char path[LI_SHARD_PATH];
    struct dirent *entry;
    struct stat st;
    DIR *dir;
    int fd, rc = 0;

    *out = (struct li_copies){0};
    snprintf(path, sizeof(path), "%x", number);
    fd = openat(cache->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        rc = li_fail_errno(err, errno, "cannot list the cache's directory %s", path);
        if (fd >= 0)
            close(fd);
        return rc;
    }
    if (fstatat(fd, ".state", &st, AT_SYMLINK_NOFOLLOW) < 0)
        st.st_mtim.tv_sec = 0;
    while (rc == 0 && (errno = 0, entry = readdir(dir)) != NULL)
        rc = add_file(out, fd, entry->d_name, st.st_mtim.tv_sec, err);
    if (rc == 0 && errno)
        rc = li_fail_errno(err, errno, "cannot list the cache's directory %s", path);
    closedir(dir);
    return rc;
}

/* Gives COPY its place at the end of the main queue, after all that has one. */
static void move_copy(int dir, const struct li_copy *copy, int64_t last)
{
    int64_t since = last + 1 + (int64_t)copy->place;
    struct timespec times[2] = {
        {.tv_sec = since / 1000000000 + copy->uses, .tv_nsec = since % 1000000000},
        {.tv_sec = since / 1000000000, .tv_nsec = since % 1000000000}};

    int fd = openat(dir, copy->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    /* If either fails, the file keeps its place, and that is all. */
    if (fd >= 0 && fchmod(fd, 0400) == 0)
        futimens(fd, times);
    if (fd >= 0)
        close(fd);
}

static void apply(const struct li_shard *shard, int dir, const struct li_copies *copies)
{
    int64_t last = copies->count > 0 ? copies->all[copies->count - 1].since : 0;

    for (size_t i = 0; i < copies->count; i++) {
        const struct li_copy *copy = &copies->all[i];

        if (copy->fate == LI_MOVES)
            move_copy(dir, copy, last);
        else if (copy->fate == LI_GOES && unlinkat(dir, copy->name, 0) == 0 && !copy->main)
            remember(shard, copy->name);
    }
}

int li_shard_trim(struct li_shard *shard, uint64_t bytes, struct li_error *err)
{
    uint64_t limit = shard->cache->size / LI_SHARDS;
    struct li_copies copies;
    char path[LI_SHARD_PATH];
    int rc, dir;

    /* The file system's own clock now, beside which files are old. */
    futimens(shard->state, NULL);
    rc = li_shard_scan(shard->cache, shard->number, &copies, err);

    if (rc == 0)
        rc = li_evict(&copies, bytes, limit, err);
    snprintf(path, sizeof(path), "%x", shard->number);
    dir = openat(shard->cache->root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (rc == 0 && dir < 0)
        rc = li_fail_errno(err, errno, "cannot open the cache's directory %s", path);
    if (rc == 0)
        apply(shard, dir, &copies);
    if (rc == 0)
        rc = write_count(shard, copies.bytes[false] + copies.bytes[true], err);
    if (dir >= 0)
        close(dir);
    free(copies.all);
    return rc;
}

/* Some at a time, so that not every chunk that is added makes others be looked at. */
int li_shard_add(struct li_shard *shard, uint64_t bytes, struct li_error *err)
{
    uint64_t limit = shard->cache->size / LI_SHARDS, now = 0;

    bytes = (bytes + BLOCK - 1) / BLOCK * BLOCK;
    if (!read_count(shard, &now) || now + bytes > limit)
        return li_shard_trim(shard, limit - limit / 16, err);
    return write_count(shard, now + bytes, err);
}

int li_shard_shrink(struct li_shard *shard, struct li_error *err)
{
    uint64_t now = 0, least = shard->cache->size / LI_SHARDS / 16;

    if (!read_count(shard, &now))
        now = shard->cache->size / LI_SHARDS;
    return li_shard_trim(shard, now > least ? now - least : 0, err);
}
