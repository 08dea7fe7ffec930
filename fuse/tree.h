/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by tree.c and listing.c: an image as a tree of files. */
#ifndef LI_FUSE_TREE_H
#define LI_FUSE_TREE_H

#include <stdbool.h>

#include "files/files.h"
#include "fuse/internal.h"

/* The tree that the request belongs to. */
struct li_files *li_fuse_files(fuse_req_t req);

/* Reads the file of a node. Returns false if that failed; the request has then been answered. */
bool li_fuse_file(fuse_req_t req, fuse_ino_t node, struct li_file *file);

/* Sets ENTRY to what the kernel is told about a name of the file. */
void li_fuse_entry(const struct li_files *files, const struct li_file *file,
                   struct fuse_entry_param *entry);

/* The operations of listing.c: they answer the request. */
void li_fuse_readdir(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                     struct fuse_file_info *info);
void li_fuse_readdirplus(fuse_req_t req, fuse_ino_t node, size_t size, off_t offset,
                         struct fuse_file_info *info);

#endif
