/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which chunks a root holds: asked by a push, and answered with as few requests as will do (D5a).
 *
 * What is said to be stored was found so by this push, or by one of this host within
 * LI_LOOKUP_LIFETIME, in a root that is active; and in an active root nothing is ever removed (D5).
 * What is said to be absent was so a moment ago, and may be there by now.
 *
 * All functions fail as the store does, and with LI_ENOMEM. Those of an open look-up but
 * li_lookup_free() may be called from any thread.
 */
#ifndef LI_PUSH_LOOKUP_H
#define LI_PUSH_LOOKUP_H

#include "push/item.h"
#include "push/push.h"
#include "repo/roots.h"

/* How long this host goes by what it knows of a root without looking; seconds. */
enum { LI_LOOKUP_LIFETIME = LI_REPO_GRACE / 2 };

struct li_lookup;

/* What is looked into, and by what. All is borrowed and must outlive the look-up. */
struct li_lookup_scope {
    struct li_repo *repo;
    const struct li_root *root;
    const struct li_reference *reference; /* its manifest, or those of tags close to it, are read */
    struct li_memo *memo;                 /* what it has kept of ROOT counts; may be NULL */
    uint64_t chunks;                      /* that the image may have */
    bool nothing_known;                   /* none but the store's own answers count */
};

/* Opens the look-up and gathers what is known without asking for single chunks: nothing where the
 * store is a directory, in which a question costs no request. */
int li_lookup_open(const struct li_lookup_scope *scope, struct li_lookup **out,
                   struct li_error *err);
void li_lookup_free(struct li_lookup *lookup); /* NULL is allowed */

/* Sets ITEM's STORED and WAY where they are not known and no request is needed: in a directory
 * always, else where the chunk was found by what is known. */
int li_lookup_glance(struct li_lookup *lookup, struct li_push_item *item, struct li_error *err);

/* Sets STORED and WAY of COUNT items, with requests where it must, also where they were set before.
 * The order of ITEMS is lost. */
int li_lookup_ask(struct li_lookup *lookup, struct li_push_item **items, size_t count,
                  struct li_error *err);

/* Keeps in the memo, for later pushes, what was found, and the COUNT CHUNKS, which are stored by
 * now. The memo's failures. */
int li_lookup_keep(struct li_lookup *lookup, const struct li_manifest_chunk *chunks, size_t count,
                   struct li_error *err);

#endif
