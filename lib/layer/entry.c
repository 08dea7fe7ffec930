/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told from an entry's header alone, compared with what ext4 can hold: nothing is cut
 * off or bent to fit.
 */
#include "layer/entry.h"

#include <string.h>

int li_entry_time(struct archive_entry *e, bool negative, struct li_inode *inode,
                  struct li_error *err)
{
    inode->mtime = archive_entry_mtime(e);
    inode->mtime_nsec = (uint32_t)archive_entry_mtime_nsec(e);
    /* It gives -1.25 as -1 and 0.25, and -0.25 as 0.25. */
    if ((inode->mtime < 0 || negative) && inode->mtime_nsec > 0 && inode->mtime_nsec <= 999999999) {
        inode->mtime--;
        inode->mtime_nsec = 1000000000 - inode->mtime_nsec;
    }
    if (inode->mtime_nsec > 999999999)
        return li_fail(err, LI_ECORRUPT, "its time has %u nanoseconds", inode->mtime_nsec);
    return 0;
}

int li_entry_owner(struct archive_entry *e, struct li_inode *inode, struct li_error *err)
{
    la_int64_t uid = archive_entry_uid(e), gid = archive_entry_gid(e);

    if (uid < 0 || uid > UINT32_MAX || gid < 0 || gid > UINT32_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "its owner %lld:%lld is not within 0 to 4294967294",
                       (long long)uid, (long long)gid);
    inode->uid = (uint32_t)uid;
    inode->gid = (uint32_t)gid;
    return 0;
}

int li_entry_link(struct archive_entry *e, struct li_entry *entry, struct li_error *err)
{
    entry->target = archive_entry_symlink(e);
    if (!entry->target || !*entry->target)
        return li_fail(err, LI_ECORRUPT, "it is a symbolic link without a target");
    entry->inode.size = strlen(entry->target);
    if (entry->inode.size > LI_TREE_LINK_MAX)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a symbolic link to a path of %llu bytes; ext4 holds %d",
                       (unsigned long long)entry->inode.size, LI_TREE_LINK_MAX);
    return 0;
}

int li_entry_device(struct archive_entry *e, struct li_inode *inode, struct li_error *err)
{
    uint64_t maj = (uint64_t)archive_entry_rdevmajor(e);
    uint64_t min = (uint64_t)archive_entry_rdevminor(e);

    if (maj > 0xfff || min > 0xfffff)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a device %llu:%llu; Linux has numbers up to 4095:1048575",
                       (unsigned long long)maj, (unsigned long long)min);
    inode->data = maj << 32 | min;
    return 0;
}
