/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image as a tree of files. A node is an inode of the image and nothing is stored about it:
 * each request reads the inode again, which the chunk cache makes cheap. So there is nothing to
 * forget and nothing to lock.
 *
 * An image never changes, so the kernel may keep everything for ever: entries, absent names,
 * attributes, listings, links and data. So we must tell it only what was read from the image. Only
 * an answer of the reader may become ENOENT, ENODATA, ENXIO or the end of a listing. What could not
 * be read is EIO, which the kernel does not keep. If the kernel can do without open and close
 * requests, we decline the first one and it never sends another; it then keeps data as with
 * keep_cache.
 *
 * Listings are in listing.c. request.c has what does not depend on the thing that is served.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/secret.h"
#include "fuse/tree.h"

static const double forever = 1e9; /* seconds; both libfuse and the kernel can hold it */

struct li_files *li_fuse_files(fuse_req_t req)
{
    return li_request_served(req)->files;
}

static uint32_t inode_of(fuse_ino_t node)
{
    if (node == FUSE_ROOT_ID)
        return LI_FILES_ROOT;
    return node > UINT32_MAX ? 0 : (uint32_t)node;
}

static fuse_ino_t node_of(uint32_t ino)
{
    return ino == LI_FILES_ROOT ? FUSE_ROOT_ID : ino;
}

bool li_fuse_file(fuse_req_t req, fuse_ino_t node, struct li_file *file)
{
    struct li_error err = LI_ERROR_INIT;
    bool used = false;

    if (li_files_find_inode(li_fuse_files(req), inode_of(node), file, &used, &err) < 0)
        li_request_fail(req, &err);
    else if (!used)
        fuse_reply_err(req, ESTALE);
    return used;
}

static void op_init(void *arg, struct fuse_conn_info *conn)
{
    li_request_want(conn, FUSE_CAP_EXPORT_SUPPORT);
    li_request_want(conn, FUSE_CAP_CACHE_SYMLINKS);
    li_request_want(conn, FUSE_CAP_POSIX_ACL);
    li_request_want(conn, FUSE_CAP_PARALLEL_DIROPS);
    li_request_want(conn, FUSE_CAP_READDIRPLUS);
    li_request_want(conn, FUSE_CAP_READDIRPLUS_AUTO);
    li_request_begin(arg, conn);
}

void li_fuse_entry(const struct li_files *files, const struct li_file *file,
                   struct fuse_entry_param *entry)
{
    memset(entry, 0, sizeof(*entry));
    entry->ino = node_of(file->ino);
    entry->attr_timeout = forever;
    entry->entry_timeout = forever;
    li_files_stat(files, file, &entry->attr);
}

/* Sets what the kernel is told about NAME. For an absent name, it is told that there is no node. */
static int lookup(struct li_files *files, const struct li_file *directory, const char *name,
                  struct fuse_entry_param *entry, struct li_error *err)
{
    struct li_file file;
    uint32_t ino = 0;
    int rc = li_files_lookup(files, directory, name, strlen(name), &ino, err);

    if (rc < 0 || ino == 0)
        return rc;
    rc = li_files_inode(files, ino, &file, err);
    if (rc == 0)
        li_fuse_entry(files, &file, entry);
    return rc;
}

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct li_error err = LI_ERROR_INIT;
    struct fuse_entry_param entry = {.entry_timeout = forever};
    struct li_file directory;

    if (!li_fuse_file(req, parent, &directory))
        return;
    if (lookup(li_fuse_files(req), &directory, name, &entry, &err) < 0)
        li_request_fail(req, &err);
    else
        fuse_reply_entry(req, &entry);
}

static void op_getattr(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info)
{
    struct li_file file;
    struct stat st;

    (void)info;
    if (!li_fuse_file(req, node, &file))
        return;
    li_files_stat(li_fuse_files(req), &file, &st);
    fuse_reply_attr(req, &st, forever);
}

static void op_readlink(fuse_req_t req, fuse_ino_t node)
{
    struct li_error err = LI_ERROR_INIT;
    char target[LI_FILES_LINK_MAX + 1];
    struct li_file file;

    if (!li_fuse_file(req, node, &file))
        return;
    if (li_files_readlink(li_fuse_files(req), &file, target, &err) < 0)
        li_request_fail(req, &err);
    else
        fuse_reply_readlink(req, target);
}

static void op_open(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info)
{
    (void)node;
    if (li_request_served(req)->no_open) {
        fuse_reply_err(req, ENOSYS);
        return;
    }
    info->keep_cache = 1;
    info->noflush = 1;
    fuse_reply_open(req, info);
}

static void op_opendir(fuse_req_t req, fuse_ino_t node, struct fuse_file_info *info)
{
    (void)node;
    if (li_request_served(req)->no_opendir) {
        fuse_reply_err(req, ENOSYS);
        return;
    }
    info->keep_cache = 1;
    info->cache_readdir = 1;
    fuse_reply_open(req, info);
}

static void op_read(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                    struct fuse_file_info *info)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_file file;
    size_t got = size;
    char *buf;

    (void)info;
    if (!li_fuse_file(req, node, &file))
        return;
    buf = malloc(size);
    if (!buf) {
        li_fail_memory(&err);
        li_request_fail(req, &err);
        return;
    }
    if (li_files_read(li_fuse_files(req), &file, (uint64_t)offset, buf, &got, &err) < 0)
        li_request_fail(req, &err);
    else
        fuse_reply_buf(req, buf, got);
    li_wipe_free(buf);
}

static void op_lseek(fuse_req_t req, fuse_ino_t node, off_t offset, int whence,
                     struct fuse_file_info *info)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_file file;
    uint64_t found = 0;
    int rc;

    (void)info;
    if (!li_fuse_file(req, node, &file))
        return;
    rc = li_files_seek(li_fuse_files(req), &file, (uint64_t)offset, whence, &found, &err);
    if (rc < 0)
        li_request_fail(req, &err);
    else if (found == LI_FILES_NOWHERE)
        fuse_reply_err(req, ENXIO);
    else
        fuse_reply_lseek(req, (off_t)found);
}

static void op_statfs(fuse_req_t req, fuse_ino_t node)
{
    struct statvfs st;

    (void)node;
    li_files_statvfs(li_fuse_files(req), &st);
    fuse_reply_statfs(req, &st);
}

/* Size 0 asks for the length, any other size for the bytes. */
static void reply_attribute(fuse_req_t req, const struct li_buffer *value, size_t size)
{
    if (size == 0)
        fuse_reply_xattr(req, value->len);
    else if (value->len > size)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, (const char *)value->data, value->len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t node, const char *name, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer value = {0};
    struct li_file file;
    bool found = false;
    int rc;

    if (!li_fuse_file(req, node, &file))
        return;
    rc = li_files_getxattr(li_fuse_files(req), &file, name, &value, &found, &err);
    if (rc < 0)
        li_request_fail(req, &err);
    else if (!found)
        fuse_reply_err(req, ENODATA);
    else
        reply_attribute(req, &value, size);
    li_buffer_wipe_free(&value);
}

/* Only root sees the names under "trusted.", as in other file systems. */
static void drop_trusted(struct li_buffer *names)
{
    static const char trusted[] = "trusted.";
    size_t kept = 0;

    for (size_t at = 0, len; at < names->len; at += len) {
        const char *name = (const char *)names->data + at;

        len = strlen(name) + 1;
        if (strncmp(name, trusted, sizeof(trusted) - 1) == 0)
            continue;
        memmove(names->data + kept, name, len);
        kept += len;
    }
    names->len = kept;
}

static void op_listxattr(fuse_req_t req, fuse_ino_t node, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer names = {0};
    struct li_file file;

    if (!li_fuse_file(req, node, &file))
        return;
    if (li_files_listxattr(li_fuse_files(req), &file, &names, &err) == 0) {
        if (fuse_req_ctx(req)->uid != 0)
            drop_trusted(&names);
        reply_attribute(req, &names, size);
    } else {
        li_request_fail(req, &err);
    }
    li_buffer_free(&names);
}

const struct fuse_lowlevel_ops li_fuse_tree_operations = {
    .init = op_init,
    .lookup = op_lookup,
    .getattr = op_getattr,
    .readlink = op_readlink,
    .open = op_open,
    .read = op_read,
    .lseek = op_lseek,
    .opendir = op_opendir,
    .readdir = li_fuse_readdir,
    .readdirplus = li_fuse_readdirplus,
    .statfs = op_statfs,
    .getxattr = op_getxattr,
    .listxattr = op_listxattr,
};
