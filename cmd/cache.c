/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/common/context.h"

static const struct option_row options[] = {
    {"cache", 0, "DIR", "the directory of the cache (environment: LAMBDAIMG_CACHE)"},
    {"cache-size", 0, "SIZE", "for trim: keep at most SIZE (default: 10G)"},
    {"isolate", 0, "NAME", "the part of it that mounts with this NAME use"},
    {"json", 0, NULL, "for show: print the result as JSON"},
    {NULL, 0, NULL, NULL},
};

static int print_usage_of(const struct arguments *args, const struct li_diskcache_usage *usage,
                          struct li_error *err)
{
    char all[SIZE_TEXT], used[SIZE_TEXT];

    if (flag(args, "json"))
        return print_json(json_pack("{s:I, s:I, s:I, s:I}", "bytes", (json_int_t)usage->bytes,
                                    "chunks", (json_int_t)usage->chunks, "main_bytes",
                                    (json_int_t)usage->main_bytes, "main_chunks",
                                    (json_int_t)usage->main_chunks),
                          err);
    printf("%llu chunk%s, %s; %llu of them, %s, were used more than once\n",
           (unsigned long long)usage->chunks, li_text_s(usage->chunks),
           size_text(usage->bytes, all), (unsigned long long)usage->main_chunks,
           size_text(usage->main_bytes, used));
    return 0;
}

static int show(const struct arguments *args, struct li_diskcache *cache, struct li_error *err)
{
    struct li_diskcache_usage usage;
    int rc = li_diskcache_usage(cache, &usage, err);

    return rc < 0 ? rc : print_usage_of(args, &usage, err);
}

static int trim(const struct arguments *args, struct li_diskcache *cache, struct li_error *err)
{
    (void)args;
    return li_diskcache_trim(cache, li_diskcache_size(cache), err);
}

static int clear(const struct arguments *args, struct li_diskcache *cache, struct li_error *err)
{
    (void)args;
    return li_diskcache_trim(cache, 0, err);
}

static const struct {
    const char *name;
    int (*run)(const struct arguments *args, struct li_diskcache *cache, struct li_error *err);
} actions[] = {{"show", show}, {"trim", trim}, {"clear", clear}};

static int act(const struct arguments *args, size_t action, struct li_error *err)
{
    struct li_diskcache *cache = NULL;
    char *directory = NULL;
    int rc = find_cache(args, true, &directory, &cache, err);

    if (rc == 0 && !cache)
        rc = li_fail(err, CMD_EUSAGE, "cache: there is none; name its directory with --cache DIR");
    if (rc == 0)
        rc = actions[action].run(args, cache, err);
    li_diskcache_free(cache);
    free(directory);
    return rc < 0 ? rc : EXIT_DONE;
}

static int run(const struct arguments *args, struct li_error *err)
{
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
        if (strcmp(args->operand[0], actions[i].name) == 0)
            return act(args, i, err);
    return li_fail(err, CMD_EUSAGE,
                   "cache: \"%.100s\" is not show, trim or clear; lambdaimg cache --help shows how",
                   args->operand[0]);
}

const struct command command_cache = {
    "cache",
    "show|trim|clear",
    "show what the disk cache of this host holds, or remove it",
    1,
    1,
    options,
    run,
};
