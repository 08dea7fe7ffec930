/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout versions, and what an entry of a layer becomes under each.
 *
 * A layout is the rule by which layers become the bytes of an image. A manifest states its image's,
 * and whoever makes that image again, to mend it or to compare it, goes by that one. So a layout
 * that was released is kept as it is, and its images have golden digests in the tests.
 */
#ifndef LI_LAYER_LAYOUT_H
#define LI_LAYER_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "layer/scan.h"
#include "layer/tree.h"

enum {
    LI_LAYOUT_1 = 1,
    /* A file of nothing but zeros is a hole; a group without inodes has no bitmap of them. */
    LI_LAYOUT_2 = 2,
    /* Symbolic links have the mode 0777; attributes that Linux does not allow on a file's type are
     * left out; attributes may be empty; 4294967295 is not an owner. */
    LI_LAYOUT_3 = 3,
    LI_LAYOUT_LATEST = LI_LAYOUT_3, /* what new images have */
};

/* Whether this program can make images of that layout: LI_EUNSUPPORTED where it cannot. */
int li_layout_check(uint32_t layout, struct li_error *err);

/* An entry as the tree has it. Zero-initialise it; it may be used for one entry after another. */
struct li_shape {
    struct li_inode inode;   /* xattrs, and data of a symbolic link, are not set */
    struct li_xattr *xattrs; /* sorted by name; names and values are the entry's */
    size_t xattr_count, xattr_cap;
    bool hole;                  /* a file without data, whatever the entry's runs are */
    const char *note[LI_NOTES]; /* what is not as the layer has it, see li_note; or NULL */
    char time[24];              /* the text of LI_NOTE_TIME */
};

/* Makes the shape of ENTRY, which is not a hard link, under LAYOUT, which li_layout_check() has
 * passed. SHAPE refers to ENTRY. LI_EUNSUPPORTED (an owner that Linux does not have), LI_ENOMEM. */
int li_shape_make(const struct li_entry *entry, uint32_t layout, struct li_shape *shape,
                  struct li_error *err);

/* Frees what is in SHAPE, and returns it to zeros. */
void li_shape_free(struct li_shape *shape);

#endif
