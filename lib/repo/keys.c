/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where every object is stored. IDs and names go into keys as hexadecimal digits, never as they
 * came from a store, so a hostile pointer cannot choose a key.
 */
#include "repo/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/hex.h"

const char li_key_description[] = "lambdaimg.json";

/* FOLDER, a '/', ID in digits, SEPARATOR, REST. */
static struct li_key key_of_id(const char *folder, const uint8_t id[LI_ID_SIZE],
                               const char *separator, const char *rest)
{
    char hex[LI_HEX_ID_SIZE];
    struct li_key key;

    li_hex_encode(id, LI_ID_SIZE, hex);
    snprintf(key.text, sizeof(key.text), "%s/%s%s%s", folder, hex, separator, rest);
    return key;
}

struct li_key li_key_root(const uint8_t root[LI_ID_SIZE], const char *rest)
{
    return key_of_id("roots", root, "/", rest);
}

struct li_key li_key_salt(const uint8_t salt[LI_ID_SIZE])
{
    return key_of_id("salts", salt, "", "");
}

struct li_key li_key_salt_wrap(const uint8_t salt[LI_ID_SIZE], const char *kms)
{
    return key_of_id("salts", salt, ".wraps/", kms);
}

struct li_key li_key_identity(const uint8_t repository[LI_ID_SIZE])
{
    return key_of_id("identities", repository, "", "");
}

struct li_key li_key_repository_key(const uint8_t key[LI_ID_SIZE], const char *kms)
{
    return key_of_id("keys", key, ".wraps/", kms);
}

struct li_key li_key_proof(const uint8_t root[LI_ID_SIZE], const uint8_t key[LI_ID_SIZE])
{
    char rest[sizeof("proofs/") + LI_HEX_ID_SIZE] = "proofs/";

    li_hex_encode(key, LI_ID_SIZE, rest + strlen(rest));
    return li_key_root(root, rest);
}

/* '/' becomes '~', which no name has, so that each image is one directory and no image's tag is
 * another's directory. */
struct li_key li_key_image(const struct li_reference *reference)
{
    struct li_key key;

    snprintf(key.text, sizeof(key.text), "images/%s", reference->name);
    for (char *p = key.text + strlen("images/"); *p; p++)
        if (*p == '/')
            *p = '~';
    snprintf(key.text + strlen(key.text), sizeof(key.text) - strlen(key.text), "/%s",
             reference->tag);
    return key;
}

struct li_key li_key_chunk(const uint8_t name[LI_NAME_SIZE])
{
    char hex[2 * LI_NAME_SIZE + 1];
    struct li_key key;

    li_hex_encode(name, LI_NAME_SIZE, hex);
    snprintf(key.text, sizeof(key.text), "chunks/%.2s/%s", hex, hex);
    return key;
}

bool li_key_chunk_name(const char *rest, uint8_t name[LI_NAME_SIZE])
{
    static const char folder[] = "chunks/";
    const size_t at = sizeof(folder) - 1;

    return strncmp(rest, folder, at) == 0 && strlen(rest) == at + 3 + 2 * (size_t)LI_NAME_SIZE &&
           memcmp(rest + at, rest + at + 3, 2) == 0 && rest[at + 2] == '/' &&
           li_hex_decode(rest + at + 3, name, LI_NAME_SIZE) == 0;
}

bool li_key_manifest_id(const char *rest, uint8_t id[LI_ID_SIZE])
{
    static const char folder[] = "manifests/";
    const size_t at = sizeof(folder) - 1;

    return strncmp(rest, folder, at) == 0 && strlen(rest) == at + 2 * (size_t)LI_ID_SIZE &&
           li_hex_decode(rest + at, id, LI_ID_SIZE) == 0;
}

struct li_key li_key_manifest(const uint8_t id[LI_ID_SIZE])
{
    char hex[LI_HEX_ID_SIZE];
    struct li_key key;

    li_hex_encode(id, LI_ID_SIZE, hex);
    snprintf(key.text, sizeof(key.text), "manifests/%s", hex);
    return key;
}

struct li_key li_key_wrap(const uint8_t id[LI_ID_SIZE], const char *kms)
{
    char hex[LI_HEX_ID_SIZE];
    struct li_key key;

    li_hex_encode(id, LI_ID_SIZE, hex);
    snprintf(key.text, sizeof(key.text), "manifests/%s.wraps/%s", hex, kms);
    return key;
}

struct li_key li_key_chunk_in(const uint8_t root[LI_ID_SIZE], const uint8_t name[LI_NAME_SIZE])
{
    char id[LI_HEX_ID_SIZE], hex[2 * LI_NAME_SIZE + 1];
    struct li_key key;

    li_hex_encode(root, LI_ID_SIZE, id);
    li_hex_encode(name, LI_NAME_SIZE, hex);
    snprintf(key.text, sizeof(key.text), "roots/%s/chunks/%.2s/%s", id, hex, hex);
    return key;
}
