/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a repository's objects in the store. repo.h shows the whole tree;
 * lambdaimg-repository(5) specifies it.
 *
 * Each function makes one key and cannot fail: a key has room for the longest of its kind. Any
 * thread.
 */
#ifndef LI_REPO_KEYS_H
#define LI_REPO_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "kms/kms.h"
#include "manifest/reference.h"
#include "store/store.h"

enum { LI_HEX_ID_SIZE = 2 * LI_ID_SIZE + 1 }; /* an ID as text, with its NUL */

struct li_key {
    char text[LI_STORE_KEY_MAX + 1];
};

/* "lambdaimg.json", the repository's description. */
extern const char li_key_description[];

/* "salts/SALT": a wrapped salt. */
struct li_key li_key_salt(const uint8_t salt[LI_ID_SIZE]);

/* "salts/SALT.wraps/KMS": a further wrap of it, by the KMS key of that name; with KMS "" the prefix
 * of all of these. */
struct li_key li_key_salt_wrap(const uint8_t salt[LI_ID_SIZE], const char *kms);

/* "identities/REPOSITORY": what proves the repository's ID and policy (identity.h). */
struct li_key li_key_identity(const uint8_t repository[LI_ID_SIZE]);

/* "keys/KEY.wraps/KMS": a key of the repository, wrapped by the KMS key of that name (struct
 * li_kms.name); with KMS "" the prefix of all its wraps. */
struct li_key li_key_repository_key(const uint8_t key[LI_ID_SIZE], const char *kms);

/* "images/NAME/TAG": the pointer of REFERENCE, which must not be a pin. */
struct li_key li_key_image(const struct li_reference *reference);

/* "roots/ROOT/REST". REST is "root.json", a prefix that ends with '/', or one of the keys below. */
struct li_key li_key_root(const uint8_t root[LI_ID_SIZE], const char *rest);

/* "roots/ROOT/proofs/KEY": the root's description, with a MAC under that key of the repository. */
struct li_key li_key_proof(const uint8_t root[LI_ID_SIZE], const uint8_t key[LI_ID_SIZE]);

/* Below a root, so that it can be looked for in several roots: "chunks/ab/NAME", a sealed chunk. */
struct li_key li_key_chunk(const uint8_t name[LI_NAME_SIZE]);

/* Reads the name in REST, a key of the form above. False, and NAME is undefined, if it has another
 * form. */
bool li_key_chunk_name(const char *rest, uint8_t name[LI_NAME_SIZE]);

/* "manifests/ID". */
struct li_key li_key_manifest(const uint8_t id[LI_ID_SIZE]);

/* Reads the ID in REST, a key of the form above. False, and ID is undefined, if it has another
 * form.
 */
bool li_key_manifest_id(const char *rest, uint8_t id[LI_ID_SIZE]);

/* "manifests/ID.wraps/KMS": the manifest's data key, wrapped by the KMS key of that name (struct
 * li_kms.name); with KMS "" the prefix of all its wraps. */
struct li_key li_key_wrap(const uint8_t id[LI_ID_SIZE], const char *kms);

/* "roots/ROOT/chunks/ab/NAME", if the root is known. */
struct li_key li_key_chunk_in(const uint8_t root[LI_ID_SIZE], const uint8_t name[LI_NAME_SIZE]);

#endif
