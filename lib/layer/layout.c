/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The scan reads an entry as its layer has it, whatever the layout. What the image has instead is
 * decided here. So one file holds all differences between layouts in the tree, and a record of a
 * layer (record.h) serves all layouts.
 *
 * Which attributes Linux allows on which type: xattr_permission() in fs/xattr.c restricts user.* to
 * regular files and directories, and posix_acl.c in fs refuses ACLs on symbolic links, and default
 * ACLs on everything but directories. An attribute that the kernel refuses cannot be read through a
 * mount either, and an overlay that copies the file up fails with it.
 */
#include "layer/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "layer/xattr.h"

int li_layout_check(uint32_t layout, struct li_error *err)
{
    if (layout >= LI_LAYOUT_1 && layout <= LI_LAYOUT_LATEST)
        return 0;
    return li_fail(err, LI_EUNSUPPORTED,
                   "its layout has version %u; this version of lambdaimg makes %d to %d", layout,
                   LI_LAYOUT_1, LI_LAYOUT_LATEST);
}

/* Layouts before 3 had no rule for user.*, and failed on an ACL in the wrong place. */
static bool is_allowed(const char *name, uint16_t mode, uint32_t layout)
{
    if (strncmp(name, "user.", 5) == 0)
        return layout < LI_LAYOUT_3 || S_ISREG(mode) || S_ISDIR(mode);
    if (strcmp(name, LI_XATTR_ACL_ACCESS) == 0)
        return !S_ISLNK(mode);
    return strcmp(name, LI_XATTR_ACL_DEFAULT) != 0 || S_ISDIR(mode);
}

static int shape_xattrs(const struct li_entry *entry, uint32_t layout, struct li_shape *shape,
                        struct li_error *err)
{
    int rc = li_array_reserve(&shape->xattrs, &shape->xattr_cap, entry->xattr_count,
                              sizeof(*shape->xattrs), err);

    shape->xattr_count = 0;
    for (size_t i = 0; i < entry->xattr_count && rc == 0; i++) {
        const struct li_xattr *x = &entry->xattrs[i];

        if (x->size == 0 && layout < LI_LAYOUT_3)
            continue;
        if (is_allowed(x->name, entry->inode.mode, layout))
            shape->xattrs[shape->xattr_count++] = *x;
        else if (!shape->note[LI_NOTE_TYPE])
            shape->note[LI_NOTE_TYPE] = x->name;
    }
    return rc;
}

static void shape_time(struct li_shape *shape)
{
    struct li_inode *inode = &shape->inode;

    if (inode->mtime >= LI_SCAN_TIME_MIN && inode->mtime <= LI_SCAN_TIME_MAX)
        return;
    snprintf(shape->time, sizeof(shape->time), "%lld", (long long)inode->mtime);
    shape->note[LI_NOTE_TIME] = shape->time;
    inode->mtime = 0;
    inode->mtime_nsec = 0;
}

/* 4294967295 is (uid_t)-1, which chown(2) understands as "do not change". */
static int check_owner(const struct li_inode *inode, uint32_t layout, struct li_error *err)
{
    if (layout < LI_LAYOUT_3 || (inode->uid != UINT32_MAX && inode->gid != UINT32_MAX))
        return 0;
    return li_fail(err, LI_EUNSUPPORTED, "its owner %u:%u is not within 0 to 4294967294",
                   inode->uid, inode->gid);
}

int li_shape_make(const struct li_entry *entry, uint32_t layout, struct li_shape *shape,
                  struct li_error *err)
{
    int rc = check_owner(&entry->inode, layout, err);

    if (rc < 0)
        return rc;
    shape->inode = entry->inode;
    memset(shape->note, 0, sizeof(shape->note));
    shape->note[LI_NOTE_NAME_SPACE] = entry->left_out;
    shape->note[LI_NOTE_ACL_NAME] = entry->named_acl;
    if (S_ISLNK(entry->inode.mode) && layout >= LI_LAYOUT_3)
        shape->inode.mode = S_IFLNK | 0777;
    shape->hole = entry->zeros && layout >= LI_LAYOUT_2;
    shape_time(shape);
    return shape_xattrs(entry, layout, shape, err);
}

void li_shape_free(struct li_shape *shape)
{
    free(shape->xattrs);
    *shape = (struct li_shape){0};
}
