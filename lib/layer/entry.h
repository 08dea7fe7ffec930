/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a tar entry, taken from libarchive and checked against what ext4 can hold. */
#ifndef LI_LAYER_ENTRY_H
#define LI_LAYER_ENTRY_H

#include <archive_entry.h>
#include <stdbool.h>

#include "base/error.h"
#include "layer/scan.h"

/* The time of modification, whether or not ext4 can hold it. NEGATIVE is what the header says of it,
 * see li_header.time_is_negative. */
int li_entry_time(struct archive_entry *e, bool negative, struct li_inode *inode,
                  struct li_error *err);

/* User and group; LI_EUNSUPPORTED. */
int li_entry_owner(struct archive_entry *e, struct li_inode *inode, struct li_error *err);

/* The target of a symbolic link, which stays E's; LI_ECORRUPT where there is none,
 * LI_EUNSUPPORTED. */
int li_entry_link(struct archive_entry *e, struct li_entry *entry, struct li_error *err);

/* The numbers of a device; LI_EUNSUPPORTED. */
int li_entry_device(struct archive_entry *e, struct li_inode *inode, struct li_error *err);

#endif
