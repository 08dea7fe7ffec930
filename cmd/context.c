/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that reads the environment, the clock and the kernel's randomness. */
#include "cmd/context.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "store/s3.h"

static int system_random(void *buf, size_t len, struct li_error *err)
{
    uint8_t *to = buf;

    while (len > 0) {
        ssize_t n = getrandom(to, len, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return li_fail_errno(err, errno, "the kernel gives no randomness");
        to += n;
        len -= (size_t)n;
    }
    return 0;
}

static int64_t system_now(void)
{
    return time(NULL);
}

int make_env(const struct arguments *args, struct li_env *env, struct li_error *err)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    const char *tmpdir = getenv("TMPDIR");
    long long threads;
    int rc = option_number(args, "threads", 1, 256, processors > 0 ? processors : 1, &threads, err);

    if (rc < 0)
        return rc;
    *env = (struct li_env){system_random, system_now, tmpdir && *tmpdir ? tmpdir : "/var/tmp",
                           threads > 256 ? 256 : (unsigned)threads};
    return 0;
}

int repo_address(const struct arguments *args, const char **address, struct li_error *err)
{
    const char *text = option(args, "repo");

    if (!text)
        text = getenv("LAMBDAIMG_REPO");
    if (!text || !*text)
        return li_fail(
            err, CMD_EUSAGE,
            "no repository is given; say which by --repo dir:PATH or --repo s3://BUCKET/PREFIX, or "
            "in LAMBDAIMG_REPO");
    *address = text;
    return 0;
}

int kms_spec(const struct arguments *args, char **spec, struct li_error *err)
{
    const char *text = option(args, "kms"), *config = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    int n;

    if (!text)
        text = getenv("LAMBDAIMG_KMS");
    if (text && *text)
        n = asprintf(spec, "%s", text);
    else if (config && *config == '/')
        n = asprintf(spec, "file:%s/lambdaimg/key", config);
    else if (home && *home)
        n = asprintf(spec, "file:%s/.config/lambdaimg/key", home);
    else
        return li_fail(err, CMD_EUSAGE,
                       "no key is given and HOME is not set; say which by --kms file:PATH");
    if (n < 0)
        return li_fail_memory(err);
    if (strncmp(*spec, "file:", 5) == 0)
        return 0;
    li_fail(err, CMD_EUSAGE, "--kms %s: not file:PATH", *spec);
    free(*spec);
    *spec = NULL;
    return CMD_EUSAGE;
}

int parse_reference(const char *text, struct li_reference *out, struct li_error *err)
{
    if (li_reference_parse(text, out, err) < 0)
        err->code = CMD_EUSAGE;
    return err->code;
}

/* What the library wants a user to know. */
static void print_notice(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "lambdaimg: note: %s\n", text);
}

static enum li_s3_addressing addressing(const struct arguments *args,
                                        const struct li_aws_place *place)
{
    if (flag(args, "path-style") || strcmp(place->addressing, "path") == 0)
        return LI_S3_ADDRESSING_PATH;
    return strcmp(place->addressing, "virtual") == 0 ? LI_S3_ADDRESSING_HOST
                                                     : LI_S3_ADDRESSING_AUTO;
}

static int open_bucket(const struct arguments *args, const char *address, struct context *out,
                       struct li_error *err)
{
    struct li_aws_place place = {.profile = {0}};
    struct li_s3_options options = {.notice = print_notice};
    long long stall;
    int rc = option_number(args, "stall", 1, 3600, LI_S3_STALL, &stall, err);

    if (rc == 0)
        rc = open_aws(args, &out->env, &out->aws, err);
    if (rc == 0)
        rc = li_aws_place(&out->aws.settings, out->aws.http, &out->env, &place, err);
    if (rc == LI_EINVALID)
        rc = err->code = CMD_EUSAGE;
    if (rc < 0)
        return rc;
    options.http = out->aws.http;
    options.provider = out->aws.provider;
    options.endpoint = *place.endpoint ? place.endpoint : NULL;
    options.region = *place.region ? place.region : NULL;
    options.stall = (unsigned)stall;
    options.addressing = addressing(args, &place);
    options.create_bucket = flag(args, "create-bucket");
    rc = li_s3_open(address, &options, &out->env, &out->store, err);
    /* Without a bucket to make, nothing but what the user wrote can be wrong by now. */
    if (rc == LI_EINVALID && !options.create_bucket)
        rc = err->code = CMD_EUSAGE;
    return rc;
}

/* An address that cannot be one is a matter of usage. */
static int check_address(const char *address, struct li_error *err)
{
    if (strncmp(address, "dir:", 4) == 0 ? address[4] != '\0' : li_s3_is_address(address))
        return 0;
    return li_fail(err, CMD_EUSAGE,
                   "\"%s\" is no address of a repository; give dir:PATH or s3://BUCKET/PREFIX",
                   address);
}

int open_store(const struct arguments *args, const char *address, bool create, struct context *out,
               struct li_error *err)
{
    int rc = check_address(address, err);

    if (rc < 0)
        return rc;
    if (li_s3_is_address(address))
        return open_bucket(args, address, out, err);
    if (flag(args, "create-bucket"))
        return li_fail(err, CMD_EUSAGE, "--create-bucket: %s is in no bucket", address);
    return li_store_open(address, create, &out->env, &out->store, err);
}

int open_context(const struct arguments *args, bool with_key, struct context *out,
                 struct li_error *err)
{
    const char *address = NULL;
    char *spec = NULL;
    int rc = make_env(args, &out->env, err);

    if (rc == 0)
        rc = repo_address(args, &address, err);
    if (rc == 0)
        rc = open_store(args, address, false, out, err);
    /* Of a bucket this would be a profile that is not there. */
    if (rc == LI_ENOTFOUND && !out->store && !li_s3_is_address(address))
        rc = li_fail(err, LI_ENOTFOUND, "there is no repository at %s; lambdaimg init makes one",
                     address);
    if (rc == 0 && with_key) {
        rc = kms_spec(args, &spec, err);
        if (rc == 0)
            rc = li_kms_open(spec, &out->env, &out->kms, err);
    }
    if (rc == 0)
        rc = li_repo_open(out->store, out->kms, &out->env, &out->repo, err);
    free(spec);
    if (rc < 0)
        close_context(out);
    return rc;
}

void close_context(struct context *context)
{
    li_repo_free(context->repo);
    li_kms_free(context->kms);
    li_store_free(context->store);
    close_aws(&context->aws);
    *context = (struct context){.env = context->env};
}

static int parse_free(const char *text, struct li_ext4_room *out, struct li_error *err)
{
    size_t len = strlen(text);
    char number[32] = "";

    if (len == 0 || len > sizeof(number) || text[len - 1] != '%') {
        out->sizing = LI_EXT4_ROOM_FREE;
        return parse_size("free", text, &out->amount, err);
    }
    memcpy(number, text, len - 1);
    out->sizing = LI_EXT4_ROOM_PERCENT;
    if (strspn(number, "0123456789") != len - 1 ||
        parse_size("free", number, &out->amount, err) < 0 || out->amount > LI_EXT4_PERCENT_MAX)
        return li_fail(err, CMD_EUSAGE, "--free %s: not a size, nor a percentage from 0%% to %d%%",
                       text, LI_EXT4_PERCENT_MAX);
    return 0;
}

int parse_room(const struct arguments *args, struct li_ext4_room *out, struct li_error *err)
{
    const char *size = option(args, "size"), *room = option(args, "free");
    const uint64_t most = (uint64_t)LI_CHUNK_MAX_COUNT * LI_CHUNK_SIZE;

    *out = (struct li_ext4_room){LI_EXT4_ROOM_DEFAULT, 0};
    if (size && room)
        return li_fail(err, CMD_EUSAGE, "--size and --free cannot both be given");
    if (room && parse_free(room, out, err) < 0)
        return err->code;
    if (size) {
        out->sizing = LI_EXT4_ROOM_SIZE;
        if (parse_size("size", size, &out->amount, err) < 0)
            return err->code;
    }
    if (out->sizing != LI_EXT4_ROOM_PERCENT && out->amount > most)
        return li_fail(err, CMD_EUSAGE, "--%s %s: an image has at most 1T", size ? "size" : "free",
                       size ? size : room);
    return 0;
}

unsigned fetching_threads(const struct context *context)
{
    return context->env.threads > context->store->width ? context->env.threads
                                                        : context->store->width;
}

int flatten(const struct arguments *args, const char *path, const struct image_form *form,
            const struct li_env *env, struct li_memo *memo, struct flattened *out,
            struct li_error *err)
{
    struct li_record *records = NULL;
    struct li_image_options options = {option(args, "image"), option(args, "platform")};
    int rc = li_image_open(path, &options, env, &out->image, err);

    out->memo = memo;
    if (rc == 0 && memo)
        rc = li_memo_recall(memo, out->image, &records, err);
    if (rc == 0)
        rc = li_layers_open_known(out->image, env, records, &out->layers, err);
    if (rc == 0)
        rc = li_tree_build(out->layers, form->layout, &out->tree, err);
    if (rc == 0)
        rc = li_ext4_plan(out->tree, &form->room, &out->ext4, err);
    if (rc == 0) {
        print_image_notes(out->image);
        print_tree_notes(out->tree);
    }
    return rc;
}

void free_flattened(struct flattened *flattened)
{
    li_ext4_free(flattened->ext4);
    li_tree_free(flattened->tree);
    li_layers_free(flattened->layers);
    li_image_free(flattened->image);
    *flattened = (struct flattened){0};
}

int confirm_layers(void *arg, struct li_error *err)
{
    const struct flattened *flattened = arg;

    return li_layers_verified(flattened->layers, err);
}
