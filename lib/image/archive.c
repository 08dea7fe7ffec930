/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tar as a container: one pass over its headers makes an index from names to positions in the
 * file. Layers are read there later, from many threads, without copies.
 *
 * libarchive reads the headers, with all extensions (long names, sizes over 8 GiB), through our own
 * callbacks, so that it skips data by adding to an offset. A member's data begins where
 * archive_filter_bytes() says right after its header was read: libarchive has then consumed all
 * header blocks and nothing else. That the data is there in one piece is checked at the next
 * header, which must begin where the data and its padding end. Sparse members are refused.
 *
 * Of two members with one name the last counts, whatever it is, as when a tar is unpacked. A name
 * that leads out of the archive is ignored. Other members that are neither a file nor a link that
 * can be followed are recorded as such. libarchive 3.6, for instance, loses the target of a tar's
 * first link if that is only in a PAX record and has no ASCII letter.
 */
#include "image/container.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/acl_watch.h"
#include "base/array.h"
#include "base/secret.h"
#include "base/text.h"
#include "image/image.h"

enum { BLOCK = 512 };

struct member {
    char *name;
    char *target; /* of a link */
    enum li_image_kind kind;
    uint64_t offset; /* also of links: says which of two members comes later */
    uint64_t length;
};

struct tar {
    struct li_image_container container;
    int fd;
    uint64_t size;
    struct member *members;
    size_t count;
    size_t cap;
    size_t name_bytes;
};

/* The source of libarchive's bytes. It gives one block at a time, so that what it gives while an
 * entry is read is that entry's. */
struct input {
    int fd;
    uint64_t at;
    uint64_t size;
    bool ended; /* libarchive wanted bytes after the end */
    bool rules; /* an entry's ACL has too many */
    int sys;    /* errno of a read that failed */
    struct li_acl_watch watch;
    uint8_t buf[BLOCK];
};

static la_ssize_t input_read(struct archive *a, void *arg, const void **out)
{
    struct input *in = arg;
    ssize_t n;

    do
        n = pread(in->fd, in->buf, sizeof(in->buf), (off_t)in->at);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        in->sys = errno;
        archive_set_error(a, errno, "reading failed");
        return ARCHIVE_FATAL;
    }
    in->rules = !li_acl_watch_add(&in->watch, in->buf, (size_t)n);
    if (in->rules) {
        archive_set_error(a, E2BIG, "an ACL is too long");
        return ARCHIVE_FATAL;
    }
    if (n == 0)
        in->ended = true;
    in->at += (uint64_t)n;
    *out = in->buf;
    return n;
}

static la_int64_t input_skip(struct archive *a, void *arg, la_int64_t request)
{
    struct input *in = arg;
    uint64_t left = in->size > in->at ? in->size - in->at : 0;
    uint64_t step = request < 0 ? 0 : (uint64_t)request;

    (void)a;
    if (step > left)
        step = left;
    in->at += step;
    return (la_int64_t)step;
}

static int fail_archive(struct archive *a, const struct input *in, struct li_error *err)
{
    const char *why = archive_error_string(a);

    if (in->sys)
        return li_fail_errno(err, in->sys, "reading the archive");
    if (in->rules)
        return li_fail(err, LI_ELIMIT,
                       "a file in the archive has an ACL of more than %d rules; pack the archive "
                       "without ACLs",
                       LI_ACL_WATCH_RULES);
    if (archive_errno(a) == ENOMEM)
        return li_fail_memory(err);
    if (in->ended)
        return li_fail(err, LI_ECORRUPT, "the archive is cut short (it has %llu byte%s)",
                       (unsigned long long)in->size, li_text_s(in->size));
    return li_fail(err, LI_ECORRUPT, "the archive is damaged before byte %llu: %s",
                   (unsigned long long)in->at, why ? why : "there is no tar header");
}

static char *copy(const char *text, struct tar *tar)
{
    tar->name_bytes += strlen(text) + 1;
    return strdup(text);
}

static int add_member(struct tar *tar, struct member *m, const char *target, struct li_error *err)
{
    char name[LI_IMAGE_MAX_NAME];
    struct li_error ignored;
    int rc;

    if (li_image_name("", li_image_relative(m->name), name, &ignored) < 0)
        return 0;
    if (target && strlen(target) >= LI_IMAGE_MAX_NAME) {
        m->kind = LI_IMAGE_DIRECTORY;
        target = NULL;
    }
    rc = li_array_reserve(&tar->members, &tar->cap, tar->count + 1, sizeof(*tar->members), err);
    if (rc < 0)
        return rc;
    m->name = copy(name, tar);
    m->target = target ? copy(target, tar) : NULL;
    tar->members[tar->count++] = *m;
    if (!m->name || (target && !m->target))
        return li_fail_memory(err);
    if (tar->name_bytes > LI_IMAGE_MAX_NAMES_TOTAL + tar->count * LI_IMAGE_MEMBER_NAMES)
        return li_fail(err, LI_ELIMIT,
                       "the names in the archive are over %d bytes in all, and %d for each file",
                       LI_IMAGE_MAX_NAMES_TOTAL, LI_IMAGE_MEMBER_NAMES);
    return 0;
}

static int fail_sparse(const char *name, struct li_error *err)
{
    return li_fail(err, LI_EUNSUPPORTED,
                   "%.200s is stored as a sparse file; pack the archive without that", name);
}

/* Adds the member whose header has just been read. */
static int take_entry(struct tar *tar, struct archive *a, struct archive_entry *entry,
                      struct li_error *err)
{
    const char *name = archive_entry_pathname(entry);
    const char *target = archive_entry_hardlink(entry);
    int64_t offset = archive_filter_bytes(a, 0);
    int64_t length = archive_entry_size(entry);
    struct member m = {.kind = LI_IMAGE_HARDLINK, .offset = (uint64_t)offset};

    if (!name)
        return 0; /* not in this locale's characters, so not one of an image's names, which are
                     ASCII */
    if (!target) {
        target = archive_entry_symlink(entry);
        m.kind = target ? LI_IMAGE_SYMLINK : LI_IMAGE_FILE;
    }
    m.name = (char *)name;
    if (!target && archive_entry_filetype(entry) != AE_IFREG)
        m.kind = LI_IMAGE_DIRECTORY;
    if (m.kind != LI_IMAGE_FILE)
        return add_member(tar, &m, target, err);
    if (archive_entry_sparse_count(entry) > 0)
        return fail_sparse(name, err);
    if (offset < 0 || length < 0 || (uint64_t)offset > tar->size ||
        (uint64_t)length > tar->size - (uint64_t)offset)
        return li_fail(err, LI_ECORRUPT,
                       "the archive is cut short: %.200s has %lld byte%s at byte %lld of %llu",
                       name, (long long)length, li_text_s((uint64_t)length), (long long)offset,
                       (unsigned long long)tar->size);
    m.length = (uint64_t)length;
    return add_member(tar, &m, NULL, err);
}

/* Checks that the file before the header at byte NEXT is in one piece. */
static int check_last(const struct tar *tar, size_t before, uint64_t next, struct li_error *err)
{
    const struct member *m;

    if (tar->count == before)
        return 0;
    m = &tar->members[tar->count - 1];
    if (m->kind != LI_IMAGE_FILE || (m->offset + m->length + BLOCK - 1) / BLOCK * BLOCK == next)
        return 0;
    return fail_sparse(m->name, err);
}

static int read_headers(struct tar *tar, struct archive *a, struct input *in, struct li_error *err)
{
    size_t seen = 0, before = 0;
    struct archive_entry *entry;
    int rc, got;

    for (;;) {
        li_acl_watch_begin(&in->watch);
        got = archive_read_next_header(a, &entry);
        if (got != ARCHIVE_OK && got != ARCHIVE_WARN && got != ARCHIVE_EOF)
            return fail_archive(a, in, err);
        rc = check_last(tar, before, (uint64_t)archive_read_header_position(a), err);
        if (rc < 0 || got == ARCHIVE_EOF)
            return rc;
        if (++seen > LI_IMAGE_MAX_MEMBERS)
            return li_fail(err, LI_ELIMIT, "the archive has more than %d members",
                           LI_IMAGE_MAX_MEMBERS);
        before = tar->count;
        rc = take_entry(tar, a, entry, err);
        if (rc < 0)
            return rc;
    }
}

static int by_name(const void *a, const void *b)
{
    const struct member *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_up_to(const void *row, const void *key)
{
    return strcmp(((const struct member *)row)->name, key) <= 0;
}

/* The last member of that name. */
static const struct member *member_of(const struct tar *tar, const char *name)
{
    size_t behind =
        li_array_lower_bound(tar->members, tar->count, sizeof(*tar->members), is_up_to, name);
    const struct member *last = behind ? &tar->members[behind - 1] : NULL;

    return last && strcmp(last->name, name) == 0 ? last : NULL;
}

static int tar_look(struct li_image_container *self, const char *name, enum li_image_kind *kind,
                    char *target, struct li_error *err)
{
    const struct member *m = member_of((struct tar *)self, name);

    (void)err;
    *kind = m ? m->kind : LI_IMAGE_ABSENT;
    if (m && m->target)
        strcpy(target, m->target);
    return 0;
}

static int tar_open(struct li_image_container *self, const char *name, struct li_image_extent *out,
                    struct li_error *err)
{
    const struct tar *tar = (struct tar *)self;
    const struct member *m = member_of(tar, name);

    if (!m || m->kind != LI_IMAGE_FILE)
        return li_fail(err, LI_ECORRUPT, "%.200s is not a file of the archive", name);
    *out = (struct li_image_extent){tar->fd, m->offset, m->length, -1};
    return 0;
}

static int tar_has_root_files(struct li_image_container *self)
{
    const struct tar *tar = (struct tar *)self;

    for (size_t i = 0; i < tar->count; i++)
        if (!strncmp(tar->members[i].name, "etc/", 4) || !strncmp(tar->members[i].name, "usr/", 4))
            return 1;
    return 0;
}

static void tar_forget(struct li_image_container *self)
{
    struct tar *tar = (struct tar *)self;

    for (size_t i = 0; i < tar->count; i++) {
        free(tar->members[i].name);
        free(tar->members[i].target);
    }
    free(tar->members);
    tar->members = NULL;
    tar->count = 0;
}

static void tar_free(struct li_image_container *self)
{
    struct tar *tar = (struct tar *)self;

    tar_forget(self);
    close(tar->fd);
    free(tar);
}

static int index_tar(struct tar *tar, struct li_error *err)
{
    struct archive *a = archive_read_new();
    struct input *in = calloc(1, sizeof(*in));
    int rc;

    if (!a || !in) {
        rc = li_fail_memory(err);
        goto out;
    }
    in->fd = tar->fd;
    in->size = tar->size;
    archive_read_support_format_tar(a);
    if (archive_read_open2(a, in, NULL, input_read, input_skip, NULL) == ARCHIVE_OK)
        rc = read_headers(tar, a, in, err);
    else if (in->sys || archive_errno(a) == ENOMEM)
        rc = fail_archive(a, in, err);
    else
        rc = LI_END; /* libarchive does not see a tar */
    if (rc == 0 && tar->count)
        qsort(tar->members, tar->count, sizeof(*tar->members), by_name);
out:
    archive_read_free(a);
    li_wipe_free(in);
    return rc;
}

int li_image_archive_open(int fd, struct li_image_container **out, struct li_error *err)
{
    struct tar *tar = calloc(1, sizeof(*tar));
    struct stat st;
    int rc;

    if (!tar) {
        close(fd);
        return li_fail_memory(err);
    }
    tar->container =
        (struct li_image_container){tar_look, tar_open, tar_has_root_files, tar_forget, tar_free};
    tar->fd = fd;
    if (fstat(fd, &st) < 0) {
        rc = li_fail_errno(err, errno, "cannot read its size");
    } else {
        tar->size = (uint64_t)st.st_size;
        rc = index_tar(tar, err);
    }
    if (rc != 0)
        tar_free(&tar->container);
    else
        *out = &tar->container;
    return rc;
}
