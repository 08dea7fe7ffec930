/* SPDX-License-Identifier: Apache-2.0 */
#include "diskcache/diskcache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "diskcache/internal.h"

/* Others could put links in the place of its directories. */
static int check_owner(int fd, const char *directory, struct li_error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return li_fail_errno(err, errno, "%s", directory);
    if (st.st_uid != geteuid())
        return li_fail(err, LI_EDENIED, "%s belongs to another user", directory);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return li_fail(err, LI_EDENIED, "others may write to %s; run chmod go-w on it", directory);
    return 0;
}

static int open_directory(int at, const char *name, int *out)
{
    if (mkdirat(at, name, 0700) < 0 && errno != EEXIST && errno != EROFS)
        return -1;
    *out = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return *out < 0 ? -1 : 0;
}

/* Makes what is missing. A cache that cannot be written can be read all the same. */
static int make_shards(struct li_diskcache *cache, const char *directory, struct li_error *err)
{
    char name[2] = "";
    int top = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = top < 0 ? li_fail_errno(err, errno, "%s", directory) : 0;

    if (rc == 0)
        rc = check_owner(top, directory, err);
    if (rc == 0 && open_directory(top, "sealed-1", &cache->root) < 0)
        rc = li_fail_errno(err, errno, "%s/sealed-1", directory);
    if (top >= 0)
        close(top);
    for (unsigned i = 0; i < LI_SHARDS && rc == 0; i++) {
        name[0] = "0123456789abcdef"[i];
        if (mkdirat(cache->root, name, 0700) < 0 && errno != EEXIST && errno != EROFS)
            rc = li_fail_errno(err, errno, "%s/sealed-1/%s", directory, name);
    }
    return rc;
}

int li_diskcache_open(const char *directory, uint64_t size, struct li_diskcache **out,
                      struct li_error *err)
{
    struct li_diskcache *cache = calloc(1, sizeof(*cache));
    int rc;

    if (!cache)
        return li_fail_memory(err);
    cache->root = -1;
    cache->size = size;
    pthread_mutex_init(&cache->lock, NULL);
    for (int i = 0; i < LI_SHARDS; i++)
        pthread_mutex_init(&cache->shard[i], NULL);
    for (int i = 0; i < LI_FLIGHTS; i++)
        cache->flights[i].fd = -1;
    rc = li_make_private_directories(directory, err);
    if (rc == 0)
        rc = make_shards(cache, directory, err);
    if (rc < 0) {
        li_diskcache_free(cache);
        return li_context(err, "the cache cannot be used");
    }
    *out = cache;
    return 0;
}

void li_diskcache_free(struct li_diskcache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < LI_FLIGHTS; i++)
        if (cache->flights[i].fd >= 0)
            close(cache->flights[i].fd);
    if (cache->root >= 0)
        close(cache->root);
    pthread_mutex_destroy(&cache->lock);
    for (int i = 0; i < LI_SHARDS; i++)
        pthread_mutex_destroy(&cache->shard[i]);
    free(cache);
}

uint64_t li_diskcache_size(const struct li_diskcache *cache)
{
    return cache->size;
}

void li_diskcache_counts(const struct li_diskcache *cache, struct li_diskcache_counts *out)
{
    out->hits = atomic_load(&cache->hits);
    out->misses = atomic_load(&cache->misses);
    out->stored = atomic_load(&cache->stored);
    out->unstored = atomic_load(&cache->unstored);
    out->damaged = atomic_load(&cache->damaged);
}

static void add_usage(const struct li_copies *copies, struct li_diskcache_usage *out)
{
    for (size_t i = 0; i < copies->count; i++) {
        const struct li_copy *copy = &copies->all[i];

        if (copy->fate == LI_GOES)
            continue;
        out->chunks++;
        out->main_chunks += copy->main;
    }
    out->bytes += copies->bytes[false] + copies->bytes[true];
    out->main_bytes += copies->bytes[true];
}

int li_diskcache_usage(struct li_diskcache *cache, struct li_diskcache_usage *out,
                       struct li_error *err)
{
    int rc = 0;

    *out = (struct li_diskcache_usage){0};
    for (unsigned i = 0; i < LI_SHARDS && rc == 0; i++) {
        struct li_copies copies;

        rc = li_shard_scan(cache, i, &copies, err);
        if (rc == 0)
            add_usage(&copies, out);
        free(copies.all);
    }
    return rc;
}

int li_diskcache_trim(struct li_diskcache *cache, uint64_t bytes, struct li_error *err)
{
    int rc = 0;

    for (unsigned i = 0; i < LI_SHARDS && rc == 0; i++) {
        struct li_shard shard;

        rc = li_shard_lock(cache, i, &shard, err);
        if (rc > 0)
            rc =
                li_fail(err, LI_EIO, "another process keeps a part of the cache locked; try again");
        if (rc < 0)
            break;
        rc = li_shard_trim(&shard, bytes / LI_SHARDS, err);
        li_shard_unlock(&shard);
    }
    return rc;
}
