/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a tar's entry, checked against the limits of ext4. */
#ifndef LI_LAYER_ENTRY_H
#define LI_LAYER_ENTRY_H

#include "base/error.h"
#include "layer/scan.h"
#include "tar/tar.h"

/* User and group; LI_EUNSUPPORTED. */
int li_entry_owner(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err);

/* The target of a symbolic link, which E owns; LI_ECORRUPT if there is none, LI_EUNSUPPORTED. */
int li_entry_link(const struct li_tar_entry *e, struct li_entry *entry, struct li_error *err);

/* The numbers of a device; LI_EUNSUPPORTED. */
int li_entry_device(const struct li_tar_entry *e, struct li_inode *inode, struct li_error *err);

#endif
