/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings of directories. A listing also returns attributes, so that `ls -l` needs no request for
 * each file. If the attributes of one entry cannot be read, the listing continues without them, and
 * whoever asks for them later gets the error: a listing must not wait for the deadline again and
 * again.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fuse/tree.h"

/* A reply to readdir or readdirplus that is being built. */
struct listing {
    fuse_req_t req;
    struct li_files *files;
    bool plus;
    bool bare; /* attributes could not be read */
    char *buf;
    size_t size;
    size_t used;
};

/* Both take ENTRY and its NAME, which is NUL-terminated. */
static size_t add_plus(struct listing *listing, const struct li_files_entry *entry,
                       const char *name)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct fuse_entry_param told = {0};
    struct li_file file;

    /* Without a node the entry is a plain one, as "." and ".." must be. */
    told.attr.st_ino = entry->ino;
    told.attr.st_mode = DTTOIF(entry->type);
    if (!listing->bare && strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
        if (li_files_inode(listing->files, entry->ino, &file, &ignored) == 0)
            li_fuse_entry(listing->files, &file, &told);
        else
            listing->bare = true;
    }
    return fuse_add_direntry_plus(listing->req, listing->buf + listing->used,
                                  listing->size - listing->used, name, &told, (off_t)entry->next);
}

static size_t add_plain(struct listing *listing, const struct li_files_entry *entry,
                        const char *name)
{
    struct stat st = {.st_ino = entry->ino, .st_mode = DTTOIF(entry->type)};

    return fuse_add_direntry(listing->req, listing->buf + listing->used,
                             listing->size - listing->used, name, &st, (off_t)entry->next);
}

static int add_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct listing *listing = arg;
    char name[LI_FILES_NAME_MAX + 1];
    size_t added;

    (void)err;
    memcpy(name, entry->name, entry->len);
    name[entry->len] = '\0';
    added = listing->plus ? add_plus(listing, entry, name) : add_plain(listing, entry, name);
    if (added > listing->size - listing->used)
        return LI_END;
    listing->used += added;
    return 0;
}

static void list(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset, bool plus)
{
    struct li_error err = LI_ERROR_INIT;
    struct listing listing = {.req = req, .files = li_fuse_files(req), .plus = plus, .size = size};
    struct li_file file;
    int rc;

    if (!li_fuse_file(req, node, &file))
        return;
    listing.buf = malloc(size);
    if (listing.buf)
        rc = li_files_list(listing.files, &file, (uint64_t)offset, add_entry, &listing, &err);
    else
        rc = li_fail_memory(&err);
    /* After some entries an error can wait, because the next request begins there. An answer
     * without entries means the end of the listing, so it is given only at the end. */
    if (rc < 0 && listing.used == 0)
        li_request_fail(req, &err);
    else if (rc > 0 && listing.used == 0)
        fuse_reply_err(req, EINVAL);
    else
        fuse_reply_buf(req, listing.buf, listing.used);
    free(listing.buf);
}

void li_fuse_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                     struct fuse_file_info *info)
{
    (void)info;
    list(req, node, size, offset, false);
}

void li_fuse_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                         struct fuse_file_info *info)
{
    (void)info;
    list(req, node, size, offset, true);
}
