/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over a tar's headers. A special header describes the next entry, or no entry: a global
 * header changes nothing. As in Go's archive/tar, which returns it as an entry, special headers
 * before it are lost. A second special header of a kind replaces the first, and one at the end of
 * the tar has no effect.
 */
#include "tar/tar.h"

#include <stdlib.h>
#include <string.h>

#include "tar/entry.h"

int li_tar_new(const struct li_tar_source *source, struct li_tar **out, struct li_error *err)
{
    struct li_tar *tar = calloc(1, sizeof(*tar));

    if (!tar)
        return li_fail_memory(err);
    tar->source = *source;
    tar->entry.path = tar->entry.link = "";
    *out = tar;
    return 0;
}

void li_tar_free(struct li_tar *tar)
{
    if (!tar)
        return;
    li_tar_walk_free(&tar->walk);
    li_tar_pax_free(&tar->pax);
    li_buffer_free(&tar->long_name);
    li_buffer_free(&tar->long_link);
    li_tar_map_free(&tar->map);
    free(tar);
}

static void forget(struct li_tar *tar)
{
    li_tar_pax_clear(&tar->pax);
    tar->long_name.len = tar->long_link.len = 0;
    tar->entry = (struct li_tar_entry){.path = "", .link = ""};
}

/* A GNU long name, up to its NUL; an empty one does not count. */
static int take_long(struct li_buffer *to, const uint8_t *bytes, size_t len, struct li_error *err)
{
    size_t used = strnlen((const char *)bytes, len);
    int rc;

    to->len = 0;
    if (used == 0)
        return 0;
    rc = li_buffer_append(to, bytes, used, err);
    return rc == 0 ? li_buffer_append(to, "", 1, err) : rc;
}

static bool is_special(char type)
{
    return type == 'x' || type == 'g' || type == 'L' || type == 'K';
}

/* Reads the special header whose data begins at AT. */
static int read_special(struct li_tar *tar, uint64_t at, struct li_error *err)
{
    size_t size = (size_t)tar->header.size;
    const uint8_t *bytes;
    int rc;

    if (tar->header.size < 0)
        return li_fail(err, LI_ECORRUPT, "its size is negative");
    if (tar->header.size > LI_TAR_SPECIAL_MAX)
        return li_fail(err, LI_ELIMIT, "it has %lld bytes, more than %d",
                       (long long)tar->header.size, LI_TAR_SPECIAL_MAX);
    rc = li_tar_walk_skip(&tar->walk, &tar->source, at, size, err);
    if (rc < 0)
        return rc;
    rc = tar->source.look(tar->source.self, at, size, &bytes, err);
    if (rc < 0)
        return rc;
    switch (tar->header.type) {
    case 'L':
        return take_long(&tar->long_name, bytes, size, err);
    case 'K':
        return take_long(&tar->long_link, bytes, size, err);
    default:
        return li_tar_pax_read(&tar->pax, bytes, size, err);
    }
}

static int take_special(struct li_tar *tar, uint64_t at, unsigned *count, struct li_error *err)
{
    int rc;

    if (*count == LI_TAR_SPECIAL_COUNT)
        return li_fail(err, LI_ELIMIT, "one entry has more than %d special headers",
                       LI_TAR_SPECIAL_COUNT);
    rc = read_special(tar, at + LI_TAR_BLOCK, err);
    if (rc < 0)
        return li_context(err, "the special header '%c' at byte %llu", tar->header.type,
                          (unsigned long long)at);
    ++*count;
    if (tar->header.type == 'g') {
        forget(tar);
        *count = 0;
    }
    return 0;
}

/* Reads and processes the next header; *DONE says that the entry is complete. */
static int take_header(struct li_tar *tar, unsigned *specials, bool *done, struct li_error *err)
{
    const uint8_t *block;
    uint64_t at;
    bool label;
    int rc = li_tar_walk_next(&tar->walk, &tar->source, &block, &at, err);

    tar->ended = rc == LI_END;
    if (rc != 0)
        return rc;
    if (*specials == 0)
        tar->entry.header = at;
    memcpy(tar->block, block, LI_TAR_BLOCK);
    rc = li_tar_header_read(tar->block, &tar->header, err);
    if (rc < 0 && !is_special(tar->header.type))
        tar->entry.path = tar->header.name;
    if (rc < 0)
        return rc;
    if (is_special(tar->header.type))
        return take_special(tar, at, specials, err);
    rc = li_tar_entry_make(tar, at + LI_TAR_BLOCK, &label, err);
    *done = rc == 0 && !label;
    if (rc == 0 && label) {
        forget(tar);
        *specials = 0;
    }
    return rc;
}

int li_tar_next(struct li_tar *tar, const struct li_tar_entry **entry, struct li_error *err)
{
    unsigned specials = 0;
    bool done = false;
    int rc = tar->ended ? LI_END : 0;

    forget(tar);
    while (rc == 0 && !done)
        rc = take_header(tar, &specials, &done, err);
    if (rc < 0)
        return rc;
    *entry = rc == LI_END ? NULL : &tar->entry;
    return 0;
}

const char *li_tar_failed_path(const struct li_tar *tar)
{
    return tar->entry.path;
}
