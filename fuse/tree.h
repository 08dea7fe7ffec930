/* SPDX-License-Identifier: Apache-2.0 */
/* Between tree.c and listing.c: an image as a tree of files. */
#ifndef LI_FUSE_TREE_H
#define LI_FUSE_TREE_H

#include <stdbool.h>

#include "files/files.h"
#include "fuse/internal.h"

/* The tree that the request came to. */
struct li_files *li_fuse_files(fuse_req_t req);

/* Reads the file of a node. Where there is none to be had, the request has been answered, and false
 * is returned. */
bool li_fuse_file(fuse_req_t req, fuse_ino_t node, struct li_file *file);

/* Sets ENTRY to what the kernel is told of a name that leads to the file. */
void li_fuse_entry(const struct li_files *files, const struct li_file *file,
                   struct fuse_entry_param *entry);

/* The operations of listing.c: they answer the request. */
void li_fuse_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                     struct fuse_file_info *info);
void li_fuse_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                         struct fuse_file_info *info);

#endif
