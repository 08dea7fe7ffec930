/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out which chunks a root holds, with few requests (D5a).
 *
 * "Stored" was found by this push, or by another push of this host within LI_LOOKUP_LIFETIME, in an
 * active root; and nothing is ever removed from an active root (D5). "Absent" was true a moment
 * ago, but may be out of date.
 *
 * All functions fail as the store does, and with LI_ENOMEM. The functions of an open lookup, except
 * li_lookup_free(), may be called from any thread.
 */
#ifndef LI_PUSH_LOOKUP_H
#define LI_PUSH_LOOKUP_H

#include "push/item.h"
#include "push/push.h"
#include "repo/roots.h"

/* How long this host relies on what it knows about a root without looking; seconds. */
enum { LI_LOOKUP_LIFETIME = LI_REPO_GRACE / 2 };

struct li_lookup;

/* Where to look, and with what. Everything is borrowed and must outlive the lookup. */
struct li_lookup_scope {
    struct li_repo *repo;
    const struct li_root *root;
    const struct li_reference *reference; /* its manifest is read, or those of tags close to it */
    struct li_memo *memo;                 /* its memory of ROOT counts; may be NULL */
    uint64_t chunks;                      /* the most that the image may have */
    bool nothing_known;                   /* only the store's own answers count */
};

/* Opens the lookup and gathers what can be known without asking about single chunks. It gathers
 * nothing if the store is a directory, in which a lookup costs no request. */
int li_lookup_open(const struct li_lookup_scope *scope, struct li_lookup **out,
                   struct li_error *err);
void li_lookup_free(struct li_lookup *lookup); /* NULL is allowed */

/* Sets ITEM's STORED and WAY if that needs no request: always in a directory, else if the chunk is
 * among those already known. Does nothing if they are set. */
int li_lookup_glance(struct li_lookup *lookup, struct li_push_item *item, struct li_error *err);

/* Sets STORED and WAY of COUNT items, with requests if necessary, also if they are set already. The
 * order of ITEMS changes. */
int li_lookup_ask(struct li_lookup *lookup, struct li_push_item **items, size_t count,
                  struct li_error *err);

/* Keeps in the memo, for later pushes, what was found, and the COUNT CHUNKS, which must be stored
 * by now. Fails as the memo does. */
int li_lookup_keep(struct li_lookup *lookup, const struct li_manifest_chunk *chunks, size_t count,
                   struct li_error *err);

#endif
