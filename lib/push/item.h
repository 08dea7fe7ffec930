/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk on its way through a push. */
#ifndef LI_PUSH_ITEM_H
#define LI_PUSH_ITEM_H

#include <stdbool.h>

#include "manifest/manifest.h"
#include "push/push.h"

/* Whether the root has a chunk. "absent" may be out of date: another push may have stored it. */
enum li_push_stored { LI_STORED_UNKNOWN, LI_STORED_YES, LI_STORED_NO };

/* It belongs to one thread at a time: to the reader that names it, then to the writer that takes it
 * from the queue. Only the name of an item that the tally has met never changes; any thread may
 * read it. */
struct li_push_item {
    struct li_manifest_chunk chunk;
    bool named;    /* CHUNK is set; it is not all zeros */
    bool recalled; /* the memo knows it: it is NAMED, or all zeros */
    enum li_push_stored stored;
    enum li_push_way way; /* how STORED was found */
};

/* Names ITEM, whose digest is set, as chunk INDEX of an image under SALT. LI_ENOMEM. */
int li_push_item_name(struct li_push_item *item, uint64_t index, const struct li_secret *salt,
                      struct li_error *err);

#endif
