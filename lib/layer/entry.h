/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a tar's entry, checked against what ext4 can hold. */
#ifndef LI_LAYER_ENTRY_H
#define LI_LAYER_ENTRY_H

#include "base/error.h"
#include "layer/scan.h"
#include "tar/tar.h"

/* The time of modification: LI_EUNSUPPORTED where ext4 cannot hold it. */
int li_entry_time(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err);

/* User and group; LI_EUNSUPPORTED. */
int li_entry_owner(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err);

/* The target of a symbolic link, which stays E's; LI_ECORRUPT where there is none,
 * LI_EUNSUPPORTED. */
int li_entry_link(const struct li_tar_entry *e, struct li_entry *entry, struct li_error *err);

/* The numbers of a device; LI_EUNSUPPORTED. */
int li_entry_device(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err);

#endif
