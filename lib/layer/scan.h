/* SPDX-License-Identifier: Apache-2.0 */
/* One layer's entries from the tar reader, checked against the limits of ext4. */
#ifndef LI_LAYER_SCAN_H
#define LI_LAYER_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "layer/layer.h"
#include "layer/tree.h"
#include "tar/tar.h"

/* Limits on what one entry may carry. */
enum {
    LI_SCAN_MAX_PATH = 1 << 20,      /* bytes of a path as it is in the tar */
    LI_SCAN_MAX_XATTRS = 256,        /* of one entry; more do not fit into an inode of ext4 */
    LI_SCAN_MAX_XATTR_VALUE = 65536, /* bytes, as Linux has it */
    /* Of a sparse file: 6 MiB for as long as the tree lives. An extent tree of depth 2, the deepest
     * that we make, maps 462,400. */
    LI_SCAN_MAX_RUNS = LI_TAR_RUNS_MAX,
};

/* ext4's range: 34 bits of seconds from 1901-12-13 on. */
#define LI_SCAN_TIME_MIN (-2147483648LL)
#define LI_SCAN_TIME_MAX 15032385535LL

/* An entry; everything it points to is valid during the visit only. */
struct li_entry {
    const char *path;              /* as in the tar; "." for a directory whose path is empty */
    const char *hard_link;         /* the path it links to, or NULL */
    const char *target;            /* of a symbolic link, or NULL */
    struct li_inode inode;         /* mode, owner, times (any value), size, data; nothing else */
    const struct li_xattr *xattrs; /* sorted by name */
    size_t xattr_count;
    const char *left_out; /* the name of an attribute that Linux does not have, the least such name;
                             or NULL */
    const char *named_acl; /* a name without a number in an ACL, which is therefore not among the
                              attributes; or NULL */
    const struct li_sparse_run *runs; /* of a sparse file; run_count 0 with sparse set: all hole */
    size_t run_count;
    bool sparse; /* whether the runs say where the data is */
    bool zeros;  /* a regular file that has data, all of it zeros */
};

typedef int li_scan_visit(void *arg, const struct li_entry *entry, struct li_error *err);

/* Visits the entries of layer INDEX in the tar's order. With PATHS_ONLY only the path is valid, and
 * no other part can cause a failure. The layer's record is used if it is whole, and filled if
 * another visit is expected. */
int li_scan_layer(struct li_layers *layers, size_t index, int paths_only, li_scan_visit *visit,
                  void *arg, struct li_error *err);

#endif
