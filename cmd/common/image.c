/* SPDX-License-Identifier: Apache-2.0 */
/* Options for making an image: which image to use, its size, and how its chunks are sealed. */
#include "cmd/common/image.h"

#include <stdlib.h>
#include <string.h>

#include "cmd/common/context.h"

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
        return li_fail(err, CMD_EUSAGE, "--free %s: not a size or a percentage from 0%% to %d%%",
                       text, LI_EXT4_PERCENT_MAX);
    return 0;
}

static int parse_room(const struct arguments *args, struct li_ext4_room *out, struct li_error *err)
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
        return li_fail(err, CMD_EUSAGE, "--%s %s: an image can have at most 1T",
                       size ? "size" : "free", size ? size : room);
    return 0;
}

int image_options(const struct arguments *args, const char *path, struct li_flatten_options *out,
                  struct li_error *err)
{
    *out = (struct li_flatten_options){
        .path = path,
        .image = {option(args, "image"), option(args, "platform")},
        .layout = LI_LAYOUT_LATEST,
    };
    return parse_room(args, &out->room, err);
}

int seal_policy(const struct arguments *args, struct li_seal_policy *policy, struct li_error *err)
{
    const char *codec = option(args, "compression");
    char *end;
    long level;

    *policy = (struct li_seal_policy){.codec = LI_CODEC_ZSTD, .level = 3};
    if (codec && strcmp(codec, "none") == 0) {
        policy->codec = LI_CODEC_NONE;
    } else if (codec && strncmp(codec, "zstd:", 5) == 0) {
        level = strtol(codec + 5, &end, 10);
        if (end == codec + 5 || *end || level < 1 || level > 19)
            return li_fail(err, CMD_EUSAGE, "--compression %s: the level must be from 1 to 19",
                           codec);
        policy->level = (int)level;
    } else if (codec && strcmp(codec, "zstd") != 0) {
        return li_fail(err, CMD_EUSAGE, "--compression %s: not zstd, zstd:LEVEL or none", codec);
    }
    return 0;
}

int parse_tag(const char *text, struct li_reference *reference, struct li_error *err)
{
    int rc = parse_reference(text, reference, err);

    if (rc == 0 && reference->pinned)
        rc = li_fail(err, CMD_EUSAGE, "%s: push to a tag, NAME:TAG; an ID is chosen by the push",
                     text);
    return rc;
}

int choose_reference(const struct arguments *args, const struct li_image *image,
                     struct li_reference *reference, struct li_error *err)
{
    if (args->count > 1)
        return 0;
    if (!li_image_tag(image))
        return li_fail(err, LI_EINVALID,
                       "the image has no tag of its own; name it: lambdaimg %s IMAGE NAME:TAG",
                       args->command->name);
    return parse_tag(li_image_tag(image), reference, err);
}
