/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the disk cache is. It only saves time. If it cannot be used, a command continues without it
 * and says so, unless --cache names its directory: then it fails.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/user_directory.h"
#include "cmd/common/context.h"
#include "store/s3.h"

static const uint64_t default_size = (uint64_t)10 << 30;

/* The directory of the cache, or NULL: there is to be none. */
static int cache_directory(const struct arguments *args, bool wanted, char **out,
                           struct li_error *err)
{
    const char *named = option(args, "cache");
    const struct li_user_directories from = {
        .base = getenv("XDG_CACHE_HOME"), .home = getenv("HOME"), .below = ".cache"};
    char *dir = NULL;
    int n = 0, rc = 0;

    *out = NULL;
    if (!named)
        named = getenv("LAMBDAIMG_CACHE");
    if (named && *named)
        n = strcmp(named, "off") == 0 ? 0 : asprintf(out, "%s", named);
    else if (wanted && geteuid() == 0)
        n = asprintf(out, "/var/cache/lambdaimg");
    else if (wanted && (rc = li_user_directory(&from, &dir, err)) == 0)
        n = asprintf(out, "%s/chunks", dir);
    free(dir);
    if (n >= 0)
        return rc < 0 ? rc : 0;
    *out = NULL;
    return li_fail_memory(err);
}

/* Appends the part of the cache that only mounts with the same --isolate use. */
static int isolate(const char *name, char **directory, struct li_error *err)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    size_t len = strlen(name);
    char *part = NULL;

    if (len == 0 || len > 64 || *name == '.' || strspn(name, allowed) != len)
        return li_fail(err, CMD_EUSAGE,
                       "--isolate: a name has 1 to 64 of A-Z, a-z, 0-9, '.', '_' and '-', and does "
                       "not begin with a '.'");
    if (asprintf(&part, "%s/isolated/%s", *directory, name) < 0)
        return li_fail_memory(err);
    free(*directory);
    *directory = part;
    return 0;
}

static int cache_size(const struct arguments *args, uint64_t *out, struct li_error *err)
{
    const char *given = option(args, "cache-size");
    int rc = 0;

    *out = default_size;
    if (given)
        rc = parse_size("cache-size", given, out, err);
    if (rc == 0 && *out < LI_DISKCACHE_LEAST)
        rc = li_fail(err, CMD_EUSAGE, "--cache-size %s is too small; the least is 64M", given);
    return rc;
}

int find_cache(const struct arguments *args, bool wanted, char **directory,
               struct li_diskcache **out, struct li_error *err)
{
    uint64_t size = 0;
    int rc = cache_size(args, &size, err);

    *out = NULL;
    *directory = NULL;
    if (rc == 0)
        rc = cache_directory(args, wanted, directory, err);
    if (rc == 0 && *directory && option(args, "isolate"))
        rc = isolate(option(args, "isolate"), directory, err);
    if (rc == 0 && *directory)
        rc = li_diskcache_open(*directory, size, out, err);
    if (rc < 0) {
        free(*directory);
        *directory = NULL;
    }
    return rc;
}

/* A directory is as near as the cache is. */
static bool is_far(const struct arguments *args)
{
    struct li_error ignored = LI_ERROR_INIT;
    const char *address = NULL;

    return repo_address(args, &address, &ignored) == 0 && li_s3_is_address(address);
}

int open_cache(const struct arguments *args, char **directory, struct li_diskcache **out,
               struct li_error *err)
{
    int rc;

    *out = NULL;
    *directory = NULL;
    if (flag(args, "no-cache"))
        return 0;
    rc = find_cache(args, is_far(args), directory, out, err);
    if (rc == 0 || rc == CMD_EUSAGE || rc == LI_ENOMEM || option(args, "cache"))
        return rc;
    fprintf(stderr, "lambdaimg: note: %s\n", err->text);
    li_error_clear(err);
    return 0;
}
