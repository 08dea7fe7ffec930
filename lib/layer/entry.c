/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an entry's header says by itself, checked against the limits of ext4. Nothing is cut off or
 * changed to fit.
 */
#include "layer/entry.h"

#include <string.h>

int li_entry_owner(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err)
{
    if (e->uid < 0 || e->uid > UINT32_MAX || e->gid < 0 || e->gid > UINT32_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "its owner %lld:%lld is not within 0 to 4294967294",
                       (long long)e->uid, (long long)e->gid);
    inode->uid = (uint32_t)e->uid;
    inode->gid = (uint32_t)e->gid;
    return 0;
}

int li_entry_link(const struct li_tar_entry *e, struct li_entry *entry, struct li_error *err)
{
    entry->target = e->link;
    if (!*entry->target)
        return li_fail(err, LI_ECORRUPT, "it is a symbolic link without a target");
    entry->inode.size = strlen(entry->target);
    if (entry->inode.size > LI_TREE_LINK_MAX)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a symbolic link with a target of %llu bytes; ext4 holds %d",
                       (unsigned long long)entry->inode.size, LI_TREE_LINK_MAX);
    return 0;
}

int li_entry_device(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err)
{
    uint64_t maj = (uint64_t)e->dev_major;
    uint64_t min = (uint64_t)e->dev_minor;

    if (maj > 0xfff || min > 0xfffff)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it is a device %llu:%llu; Linux has numbers up to 4095:1048575",
                       (unsigned long long)maj, (unsigned long long)min);
    inode->data = maj << 32 | min;
    return 0;
}
