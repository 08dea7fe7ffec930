/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which chunks a root holds: asked by a push, and answered with as few requests as will do.
 *
 * What is said to be stored was found so by this push, or by one of this host within
 * LI_PRESENT_LIFETIME, in a root that is active; and in an active root nothing is ever removed
 * (D5). What is said to be absent was so a moment ago, and may be there by now.
 */
#ifndef LI_PUSH_PRESENT_H
#define LI_PUSH_PRESENT_H

#include "push/push.h"
#include "repo/roots.h"

/* How long this host goes by what it knows of a root without looking; seconds. */
enum { LI_PRESENT_LIFETIME = LI_REPO_GRACE / 2 };

enum li_presence { LI_PRESENT_UNKNOWN, LI_PRESENT_STORED, LI_PRESENT_ABSENT };

struct li_present;

/* Opens what is known of ROOT without asking for single chunks: what the manifest of REFERENCE, or
 * else those of tags close to it, name in the clear, and what MEMO, which may be NULL, has kept.
 * CHUNKS is how many the image may have. All are borrowed and must outlive it. */
int li_present_open(struct li_repo *repo, const struct li_root *root,
                    const struct li_reference *reference, const struct li_memo *memo,
                    uint64_t chunks, struct li_present **out, struct li_error *err);
void li_present_free(struct li_present *present); /* NULL is allowed */

/* What is known of NAME. No request. Any thread. */
enum li_presence li_present_look(struct li_present *present, const uint8_t name[LI_NAME_SIZE]);

/* Sets stored[i] for each of COUNT chunks, asking where it must. Any thread. */
int li_present_ask(struct li_present *present, const struct li_manifest_chunk *const *chunks,
                   size_t count, bool *stored, struct li_error *err);

/* Keeps for later pushes, in the memo if there is one, what was found, and COUNT chunks that are
 * stored by now. */
int li_present_keep(struct li_present *present, const struct li_manifest_chunk *chunks,
                    size_t count, struct li_error *err);

/* Which way led to how many answers so far. */
void li_present_ways(struct li_present *present, struct li_push_ways *out);

#endif
