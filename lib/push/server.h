/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host knows about the server of a repository's store: a set of LI_STORE_LACKS, and when
 * each was found.
 */
#ifndef LI_PUSH_SERVER_H
#define LI_PUSH_SERVER_H

#include <stdint.h>

#include "base/error.h"
#include "memo/memo.h"
#include "repo/repo.h"

enum {
    LI_SERVER_FLAGS = 2,
    LI_SERVER_LIFETIME = 7 * 24 * 60 * 60, /* seconds; after that the server is tried again */
};

struct li_server_known {
    unsigned lacks;
    int64_t found[LI_SERVER_FLAGS]; /* seconds since 1970 */
};

/* Reads what MEMO, which may be NULL, knows about the server, and tells REPO's store to expect it.
 * OUT is always set. Fails as the memo does. One thread at a time. */
int li_server_recall(struct li_repo *repo, const struct li_memo *memo, struct li_server_known *out,
                     struct li_error *err);

/* Keeps in MEMO, which may be NULL, what was found since KNOWN was recalled. Fails as the memo
 * does. One thread at a time. */
int li_server_keep(struct li_repo *repo, const struct li_memo *memo,
                   const struct li_server_known *known, struct li_error *err);

#endif
