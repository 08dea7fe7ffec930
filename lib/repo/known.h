/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which repository is at an address, as this host knows it.
 *
 * Who writes a store can put another repository in the place of the one that was there, even one
 * that opens under the same key. Nothing inside a store can show that, so its ID is given by the
 * user, or is remembered by the host that has used the address before, as ssh remembers the keys of
 * hosts. One file for each address holds its ID; lambdaimg-repository(5) has its format.
 */
#ifndef LI_REPO_KNOWN_H
#define LI_REPO_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "repo/repo.h"

/* What is known of a repository before it is opened. */
struct li_known {
    /* Where IDs are kept; made, for its user only, where there is none; NULL: nowhere. */
    const char *directory;
    const uint8_t *id; /* the ID that the user gave, LI_ID_SIZE bytes; NULL: none */
    bool accept;       /* whatever is there now is right, and replaces what is kept */
};

enum li_known_how {
    LI_KNOWN_GIVEN, /* it has the ID that the user gave */
    LI_KNOWN_KEPT,  /* it has the ID that this host keeps */
    LI_KNOWN_NEW,   /* this host knew no ID of this address, and keeps this one now */
    LI_KNOWN_NOT,   /* nothing was known, and nothing can be kept */
};

struct li_known_found {
    enum li_known_how how;
    bool proven; /* it had an identity when this host last used it, under the key with this ID: */
    uint8_t key[LI_ID_SIZE];
};

/* Whether REPO is the repository that is expected at its address. An ID that the user gave goes
 * before one that is kept. LI_EDENIED if it is another; LI_ECORRUPT if what is kept cannot be read;
 * LI_ENOMEM. Processes may run this at once. */
int li_known_check(const struct li_repo *repo, const struct li_known *known,
                   struct li_known_found *out, struct li_error *err);

/* Whether REPO, which has a KMS, has the identity (li_repo_identity()) that this host knows from
 * earlier. FOUND is what li_known_check() found, and is updated. An identity that is new to this
 * host is kept, if it keeps anything. LI_ECORRUPT if there was an identity, and is none now,
 * or another; the errors of li_repo_identity(). */
int li_known_check_identity(struct li_repo *repo, const struct li_known *known,
                            struct li_known_found *found, struct li_error *err);

/* The same with the IDENTITY that another process has read from the repository. */
int li_known_compare(const struct li_repo *repo, const struct li_known *known,
                     struct li_known_found *found, const struct li_repo_identity *identity,
                     struct li_error *err);

/* Cuts "#ID" off ADDRESS, which is changed in place, and sets ID to it; false if it has none. "#"
 * and other text than an ID are part of the address. */
bool li_known_cut_id(char *address, uint8_t id[LI_ID_SIZE]);

#endif
