/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authentic documents: JSON with a MAC under a key of the repository (D5g). Everybody can read one;
 * only who has the key can make one, or tell that one is right. lambdaimg-repository(5).
 *
 *      0  8  magic "LIMGAUTH"
 *      8  2  version, 1
 *     10  2  zeros
 *     12  4  length of the JSON
 *     16 16  ID of the key
 *     32 32  MAC
 *     64  -  JSON
 *
 * MAC = HMAC-SHA256(HKDF-Expand(key, label), bytes 0 to 31 || JSON). Each kind of document has a
 * label of its own. The JSON says what it is about, and whoever reads it compares that with where
 * it was found.
 */
#ifndef LI_REPO_AUTHENTIC_H
#define LI_REPO_AUTHENTIC_H

#include <jansson.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "repo/repo.h"

enum {
    LI_AUTHENTIC_HEADER_SIZE = 64,
    LI_AUTHENTIC_MAX = LI_AUTHENTIC_HEADER_SIZE + 64 * 1024, /* bytes of a document */
};

/* A key of the repository. Its holder wipes it. */
struct li_repo_key {
    uint8_t id[LI_ID_SIZE]; /* random */
    struct li_secret secret;
};

/* Writes JSON to OUT, whose contents are replaced, with a MAC for the kind LABEL. Takes ownership
 * of JSON, which may be NULL if memory ran out (LI_ENOMEM). The caller frees OUT also on failure.
 * Any thread. */
int li_authentic_encode(const struct li_repo_key *key, const char *label, json_t *json,
                        struct li_buffer *out, struct li_error *err);

/* Sets ID to that of the key by which OBJECT can be checked. Nothing is checked yet but its header.
 * LI_ECORRUPT, LI_EUNSUPPORTED (a newer version). Any thread. */
int li_authentic_key(const struct li_buffer *object, uint8_t id[LI_ID_SIZE], struct li_error *err);

/* Checks the MAC of OBJECT, and only then parses it, as li_json_parse() does. LI_ECORRUPT, also if
 * it names another key or is of another kind; LI_EUNSUPPORTED. The caller releases *OUT with
 * json_decref(). Any thread. */
int li_authentic_decode(const struct li_repo_key *key, const char *label,
                        const struct li_buffer *object, json_t **out, struct li_error *err);

#endif
