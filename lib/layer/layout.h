/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout versions, and what an entry of a layer becomes under each.
 *
 * A layout is the rule that turns layers into the bytes of an image. A manifest states its image's
 * layout, and whoever makes that image again, to repair or to compare it, uses that layout. So a
 * released layout never changes, and its images have golden digests in the tests.
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
    /* A file of zeros only is a hole; a group without inodes has no bitmap of them. */
    LI_LAYOUT_2 = 2,
    /* Symbolic links have mode 0777. Attributes that Linux does not allow on a file's type are left
     * out. Attributes may be empty. 4294967295 is not a valid owner. */
    LI_LAYOUT_3 = 3,
    LI_LAYOUT_LATEST = LI_LAYOUT_3, /* of new images */
};

/* LI_EUNSUPPORTED if this program cannot make images of that layout. */
int li_layout_check(uint32_t layout, struct li_error *err);

/* An entry as the tree has it. Zero-initialise it; it may be reused for other entries. */
struct li_shape {
    struct li_inode inode;   /* xattrs, and data of a symbolic link, are not set */
    struct li_xattr *xattrs; /* sorted by name; the entry owns names and values */
    size_t xattr_count, xattr_cap;
    bool hole;                  /* a file without data, whatever runs the entry has */
    const char *note[LI_NOTES]; /* parts that differ from the layer's entry, see li_note; or NULL */
    char time[24];              /* the text of LI_NOTE_TIME */
};

/* Makes the shape of ENTRY, which is not a hard link, under LAYOUT, which li_layout_check() has
 * accepted. SHAPE refers to ENTRY. LI_EUNSUPPORTED (an owner that Linux does not have), LI_ENOMEM.
 */
int li_shape_make(const struct li_entry *entry, uint32_t layout, struct li_shape *shape,
                  struct li_error *err);

/* Frees what is in SHAPE, and returns it to zeros. */
void li_shape_free(struct li_shape *shape);

#endif
