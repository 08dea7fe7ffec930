/* SPDX-License-Identifier: Apache-2.0 */
#include <err.h>
#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"
#include "tar/tar.h"
#include "tests/tools/taritem.h"

struct bytes {
    const uint8_t *data;
    size_t len;
    uint64_t most; /* bytes of a file that are read */
};

static const char *const types[] = {
    [LI_TAR_FILE] = "file",      [LI_TAR_HARD_LINK] = "link",     [LI_TAR_SYMLINK] = "symlink",
    [LI_TAR_CHARACTER] = "char", [LI_TAR_BLOCK_DEVICE] = "block", [LI_TAR_DIRECTORY] = "dir",
    [LI_TAR_FIFO] = "fifo",
};

static int look_at(void *self, uint64_t offset, size_t len, const uint8_t **bytes,
                   struct li_error *err)
{
    const struct bytes *tar = self;

    (void)err;
    if (len > LI_TAR_SPECIAL_MAX || offset > tar->len || len > tar->len - offset)
        errx(1, "lib/tar looks at %zu bytes at %llu of %zu", len, (unsigned long long)offset,
             tar->len);
    *bytes = tar->data + offset;
    return 0;
}

/* The contents with their holes; the runs are as they are promised, or the program ends. */
static void spread(const struct bytes *tar, const struct li_tar_entry *e, uint8_t *out)
{
    uint64_t from = e->data, end = 0;

    if (!e->sparse) {
        if (e->stored != e->size)
            errx(1, "%s: %llu bytes are stored for %llu", e->path, (unsigned long long)e->stored,
                 (unsigned long long)e->size);
        memcpy(out, tar->data + e->data, (size_t)e->size);
        return;
    }
    for (size_t i = 0; i < e->run_count; i++) {
        const struct li_tar_run *run = &e->runs[i];

        if (run->length == 0 || run->offset < end || run->offset > e->size ||
            run->length > e->size - run->offset || run->length > e->data + e->stored - from)
            errx(1, "%s: run %zu is not within the file or its data", e->path, i);
        memcpy(out + run->offset, tar->data + from, (size_t)run->length);
        from += run->length;
        end = run->offset + run->length;
    }
    if (from != e->data + e->stored)
        errx(1, "%s: not all that is stored belongs to a run", e->path);
}

static bool hash_contents(const struct bytes *tar, const struct li_tar_entry *e,
                          uint8_t digest[LI_SHA256_SIZE])
{
    struct li_error error = LI_ERROR_INIT;
    uint8_t *contents;

    if (e->type != LI_TAR_FILE)
        return false;
    if (e->data > tar->len || e->stored > tar->len - e->data)
        errx(1, "%s: its contents are not within the tar", e->path);
    if (e->size > tar->most)
        return false;
    contents = calloc(1, (size_t)e->size + 1);
    if (!contents)
        err(1, "calloc");
    spread(tar, e, contents);
    if (li_sha256(contents, (size_t)e->size, digest, &error) < 0)
        errx(1, "%s", error.text);
    free(contents);
    return true;
}

static size_t pick_attributes(const struct li_tar_entry *e, struct tar_attribute *out)
{
    static const char prefix[] = "SCHILY.xattr.";
    const size_t skip = sizeof(prefix) - 1;
    size_t count = 0;

    for (size_t i = 0; i < e->record_count; i++) {
        const struct li_tar_record *r = &e->records[i];

        if (r->key_length >= skip && memcmp(r->key, prefix, skip) == 0)
            out[count++] = (struct tar_attribute){r->key + skip, r->key_length - skip, r->value,
                                                  r->value_length};
    }
    return count;
}

static void add_entry(const struct bytes *tar, const struct li_tar_entry *e, struct tar_list *list)
{
    struct tar_attribute *attributes = calloc(e->record_count + 1, sizeof(*attributes));
    struct tar_look look = {
        .type = types[e->type],
        .path = e->path,
        .target = e->link,
        .mode = e->mode,
        .uid = e->uid,
        .gid = e->gid,
        .mtime = e->mtime,
        .mtime_nsec = e->mtime_nsec,
        .major = e->dev_major,
        .minor = e->dev_minor,
        .size = e->size,
        .attributes = attributes,
    };
    uint8_t digest[LI_SHA256_SIZE];
    struct tar_item *item;

    if (!attributes)
        err(1, "calloc");
    look.attribute_count = pick_attributes(e, attributes);
    if (hash_contents(tar, e, digest))
        look.digest = digest;
    item = tar_list_add(list, &look);
    item->header = e->header;
    item->next = (e->data + e->stored + LI_TAR_BLOCK - 1) / LI_TAR_BLOCK * LI_TAR_BLOCK;
    free(attributes);
}

void tar_list_own(const uint8_t *tar, size_t len, uint64_t most, struct tar_list *list)
{
    struct bytes bytes = {tar, len, most};
    struct li_tar_source source = {&bytes, len, look_at};
    struct li_error error = LI_ERROR_INIT;
    const struct li_tar_entry *entry = NULL;
    struct li_tar *reader;
    int rc = li_tar_new(&source, &reader, &error);

    if (rc < 0)
        errx(1, "%s", error.text);
    for (;;) {
        rc = li_tar_next(reader, &entry, &error);
        if (rc < 0 || !entry)
            break;
        add_entry(&bytes, entry, list);
    }
    if (rc < 0)
        tar_list_fail(list, error.text);
    li_tar_free(reader);
}
