/* SPDX-License-Identifier: Apache-2.0 */
/* What an inode says besides its contents. */
#include <string.h>

#include "diff/internal.h"

static int compare_targets(const struct li_diff_pair *pair, unsigned *what, struct li_error *err)
{
    char old[LI_FILES_LINK_MAX + 1], new[LI_FILES_LINK_MAX + 1];
    int rc = li_files_readlink(pair->old_side->files, pair->old, old, err);

    if (rc == 0)
        rc = li_files_readlink(pair->new_side->files, pair->new, new, err);
    if (rc == 0 && strcmp(old, new) != 0)
        *what |= LI_DIFF_TARGET;
    return rc;
}

/* ---- attributes ------------------------------------------------------------------------------ */

static int compare_attribute(const struct li_diff_pair *pair, const char *name, bool *same,
                             struct li_error *err)
{
    struct li_buffer old = {0}, new = {0};
    bool in_old = false, in_new = false;
    int rc = li_files_getxattr(pair->old_side->files, pair->old, name, &old, &in_old, err);

    if (rc == 0)
        rc = li_files_getxattr(pair->new_side->files, pair->new, name, &new, &in_new, err);
    *same = in_old == in_new && old.len == new.len &&
            (old.len == 0 || memcmp(old.data, new.data, old.len) == 0);
    li_buffer_free(&old);
    li_buffer_free(&new);
    return rc;
}

/* Whether both have what LIST names. */
static int compare_list(const struct li_diff_pair *pair, const struct li_buffer *list, bool *same,
                        struct li_error *err)
{
    const char *name = (const char *)list->data;
    const char *end = name ? name + list->len : NULL;
    int rc = 0;

    *same = true;
    for (; rc == 0 && *same && name < end; name += strlen(name) + 1)
        rc = compare_attribute(pair, name, same, err);
    return rc;
}

/* By the names of each, since a broken image may list a name several times. */
static int compare_attributes(const struct li_diff_pair *pair, unsigned *what, struct li_error *err)
{
    struct li_buffer old = {0}, new = {0};
    bool same = false;
    int rc = li_files_listxattr(pair->old_side->files, pair->old, &old, err);

    if (rc == 0)
        rc = li_files_listxattr(pair->new_side->files, pair->new, &new, err);
    if (rc == 0)
        rc = compare_list(pair, &old, &same, err);
    if (rc == 0 && same)
        rc = compare_list(pair, &new, &same, err);
    *what |= same ? 0 : LI_DIFF_ATTRIBUTES;
    li_buffer_free(&old);
    li_buffer_free(&new);
    return rc;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static unsigned compare_stat(const struct stat *old, const struct stat *new)
{
    unsigned what = 0;

    if ((old->st_mode & 07777) != (new->st_mode & 07777))
        what |= LI_DIFF_MODE;
    if (old->st_uid != new->st_uid || old->st_gid != new->st_gid)
        what |= LI_DIFF_OWNER;
    if (old->st_mtim.tv_sec != new->st_mtim.tv_sec || old->st_mtim.tv_nsec != new->st_mtim.tv_nsec)
        what |= LI_DIFF_TIME;
    if ((S_ISCHR(new->st_mode) || S_ISBLK(new->st_mode)) && old->st_rdev != new->st_rdev)
        what |= LI_DIFF_DEVICE;
    return what;
}

int li_diff_metadata(const struct li_diff_pair *pair, unsigned *what, struct li_error *err)
{
    struct stat old, new;
    int rc = 0;

    li_files_stat(pair->old_side->files, pair->old, &old);
    li_files_stat(pair->new_side->files, pair->new, &new);
    *what = LI_DIFF_TYPE;
    if ((old.st_mode & S_IFMT) != (new.st_mode &S_IFMT))
        return 0;
    *what = compare_stat(&old, &new);
    if (S_ISLNK(new.st_mode))
        rc = compare_targets(pair, what, err);
    return rc < 0 ? rc : compare_attributes(pair, what, err);
}
