/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector must know which chunks an image needs, and nothing else about it. So indexes and
 * names are stored in the clear, as the associated data of the sealed part: if the table is
 * changed, cut or moved to another manifest, the seal does not open.
 *
 * The tag does not prove everything, so more checks follow it. Whoever holds the data key may be
 * hostile, or run a broken program: the indexes must ascend within the image, and each name must
 * follow from its PRK, so that a chunk is never fetched by one name and opened with another chunk's
 * key.
 *
 * Both directions work in place: one buffer for a manifest, reserved before anything secret is in
 * it, so that it never grows and leaves a copy behind.
 */
#include "manifest/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "manifest/manifest_json.h"

enum { VERSION = 1, MAGIC_SIZE = 8, NONCE_OFFSET = 48, JSON_LENGTH_SIZE = 4 };

static const uint8_t magic[MAGIC_SIZE] = {'L', 'I', 'M', 'G', 'M', 'N', 'F', 'T'};

static void put_header(const struct li_manifest *m, const uint8_t *nonce, uint8_t *to)
{
    memset(to, 0, LI_MANIFEST_HEADER_SIZE);
    memcpy(to, magic, sizeof(magic));
    li_put_le16(to + 8, VERSION);
    li_put_le32(to + 12, (uint32_t)m->chunk_count);
    memcpy(to + 16, m->id, LI_ID_SIZE);
    memcpy(to + 32, m->root, LI_ID_SIZE);
    memcpy(to + NONCE_OFFSET, nonce, LI_GCM_NONCE_SIZE);
}

int li_manifest_peek(const uint8_t *data, size_t len, struct li_manifest_clear *clear,
                     struct li_error *err)
{
    struct li_manifest_clear got;

    if (len < LI_MANIFEST_HEADER_SIZE || memcmp(data, magic, sizeof(magic)) != 0)
        return li_fail(err, LI_ECORRUPT, "this is not a manifest that lambdaimg made");
    if (li_get_le16(data + 8) != VERSION)
        return li_fail(err, LI_EUNSUPPORTED,
                       "manifests of version %u are not known to this lambdaimg; a newer lambdaimg "
                       "may read it",
                       li_get_le16(data + 8));
    got.chunk_count = li_get_le32(data + 12);
    memcpy(got.id, data + 16, LI_ID_SIZE);
    memcpy(got.root, data + 32, LI_ID_SIZE);
    if (li_get_le16(data + 10) != 0 || li_get_le32(data + 60) != 0)
        return li_fail(err, LI_ECORRUPT, "the manifest's header is damaged");
    if (got.chunk_count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ECORRUPT, "the manifest has %u chunks; %d are allowed",
                       got.chunk_count, LI_CHUNK_MAX_COUNT);
    *clear = got;
    return 0;
}

static size_t clear_size(size_t chunk_count)
{
    return LI_MANIFEST_HEADER_SIZE + chunk_count * LI_MANIFEST_ENTRY_SIZE;
}

int li_manifest_table(const uint8_t *data, size_t len, struct li_manifest_clear *clear,
                      const uint8_t **entries, struct li_error *err)
{
    const uint8_t *entry = data + LI_MANIFEST_HEADER_SIZE;
    struct li_manifest_clear got;
    int rc = li_manifest_peek(data, len, &got, err);

    if (rc < 0)
        return rc;
    if (len < clear_size(got.chunk_count))
        return li_fail(err, LI_ECORRUPT, "the manifest is cut short: its table has %u chunks",
                       got.chunk_count);
    for (uint32_t i = 1; i < got.chunk_count; i++, entry += LI_MANIFEST_ENTRY_SIZE)
        if (li_get_le32(entry) >= li_get_le32(entry + LI_MANIFEST_ENTRY_SIZE))
            return li_fail(err, LI_ECORRUPT,
                           "the manifest's table of chunks is out of order at entry %u", i);
    *clear = got;
    *entries = data + LI_MANIFEST_HEADER_SIZE;
    return 0;
}

static int check_indexes(const struct li_manifest *m, int code, struct li_error *err)
{
    for (size_t i = 0; i < m->chunk_count; i++) {
        uint32_t index = m->chunks[i].index;

        if (index >= m->size / LI_CHUNK_SIZE || (i > 0 && index <= m->chunks[i - 1].index))
            return li_fail(err, code, "the manifest's table of chunks is out of order at entry %zu",
                           i);
    }
    return 0;
}

static void put_tables(const struct li_manifest *m, uint8_t *entry, uint8_t *keys)
{
    for (size_t i = 0; i < m->chunk_count; i++) {
        const struct li_manifest_chunk *chunk = &m->chunks[i];

        li_put_le32(entry, chunk->index);
        memcpy(entry + 4, chunk->name, LI_NAME_SIZE);
        memcpy(keys, chunk->prk.bytes, LI_SECRET_SIZE);
        memcpy(keys + LI_SECRET_SIZE, chunk->digest, LI_DIGEST_SIZE);
        entry += LI_MANIFEST_ENTRY_SIZE;
        keys += LI_MANIFEST_KEYS_SIZE;
    }
}

/* ENTRY and KEYS hold the tables of m->chunk_count chunks. */
static void get_tables(struct li_manifest *m, const uint8_t *entry, const uint8_t *keys)
{
    for (size_t i = 0; i < m->chunk_count; i++) {
        struct li_manifest_chunk *chunk = &m->chunks[i];

        chunk->index = li_get_le32(entry);
        memcpy(chunk->name, entry + 4, LI_NAME_SIZE);
        memcpy(chunk->prk.bytes, keys, LI_SECRET_SIZE);
        memcpy(chunk->digest, keys + LI_SECRET_SIZE, LI_DIGEST_SIZE);
        entry += LI_MANIFEST_ENTRY_SIZE;
        keys += LI_MANIFEST_KEYS_SIZE;
    }
}

int li_manifest_encode(const struct li_manifest *manifest, const struct li_secret *key,
                       const uint8_t nonce[LI_GCM_NONCE_SIZE], struct li_buffer *out,
                       struct li_error *err)
{
    struct li_buffer json = {0};
    size_t clear_len, sealed_len;
    uint8_t *sealed;
    int rc;

    out->len = 0;
    if (manifest->chunk_count > LI_CHUNK_MAX_COUNT)
        return li_fail(err, LI_ELIMIT, "the image has %zu chunks; %d are allowed",
                       manifest->chunk_count, LI_CHUNK_MAX_COUNT);
    rc = check_indexes(manifest, LI_EINVALID, err);
    if (rc == 0)
        rc = li_manifest_json_encode(manifest, &json, err);
    if (rc < 0)
        goto out;
    clear_len = clear_size(manifest->chunk_count);
    sealed_len = JSON_LENGTH_SIZE + json.len + manifest->chunk_count * LI_MANIFEST_KEYS_SIZE;
    rc = li_buffer_reserve(out, clear_len + sealed_len + LI_GCM_TAG_SIZE, err);
    if (rc < 0 || !json.data)
        goto out;
    sealed = out->data + clear_len;
    put_header(manifest, nonce, out->data);
    li_put_le32(sealed, (uint32_t)json.len);
    memcpy(sealed + JSON_LENGTH_SIZE, json.data, json.len);
    put_tables(manifest, out->data + LI_MANIFEST_HEADER_SIZE, sealed + JSON_LENGTH_SIZE + json.len);
    rc = li_crypto_gcm_seal(&(struct li_gcm){key, nonce, out->data, clear_len}, sealed, sealed_len,
                            sealed, sealed + sealed_len, err);
    if (rc < 0)
        li_wipe(sealed, sealed_len);
    else
        out->len = clear_len + sealed_len + LI_GCM_TAG_SIZE;
out:
    li_buffer_wipe_free(&json);
    return rc;
}

/* Each name must follow from its PRK. */
static int check_names(const struct li_manifest *m, struct li_error *err)
{
    for (size_t i = 0; i < m->chunk_count; i++) {
        const struct li_manifest_chunk *chunk = &m->chunks[i];
        uint8_t name[LI_NAME_SIZE];
        int rc = li_crypto_name(&chunk->prk, name, err);

        if (rc < 0)
            return rc;
        if (memcmp(name, chunk->name, sizeof(name)) != 0)
            return li_fail(err, LI_ECORRUPT, "the name of chunk %u does not belong to its key",
                           chunk->index);
    }
    return 0;
}

/* SEALED is the opened part, LEN bytes; ENTRIES is the clear table. */
static int parse(const uint8_t *sealed, size_t len, const uint8_t *entries, struct li_manifest *m,
                 struct li_error *err)
{
    struct li_cursor c = li_cursor(sealed, len);
    uint32_t json_len = li_cursor_le32(&c);
    const uint8_t *json = li_cursor_take(&c, json_len);
    const uint8_t *keys = li_cursor_take(&c, m->chunk_count * LI_MANIFEST_KEYS_SIZE);
    int rc;

    if (c.bad || c.left != 0)
        return li_fail(err, LI_ECORRUPT, "the manifest's lengths do not agree");
    if (json_len > LI_MANIFEST_MAX_JSON)
        return li_fail(err, LI_ECORRUPT, "the manifest's header has %u bytes; %d are allowed",
                       json_len, LI_MANIFEST_MAX_JSON);
    rc = li_manifest_json_decode(json, json_len, m, err);
    if (rc < 0)
        return rc;
    m->chunks = li_secret_alloc((m->chunk_count + 1) * sizeof(m->chunks[0]));
    if (!m->chunks)
        return li_fail_memory(err);
    get_tables(m, entries, keys);
    rc = check_indexes(m, LI_ECORRUPT, err);
    return rc < 0 ? rc : check_names(m, err);
}

/* Checks the tag, then decrypts the sealed part into OUT, which the caller wipes. Whoever writes
 * the store chooses how long it is, so no memory is taken for it before the tag matches. */
static int open_sealed(const uint8_t *data, size_t len, size_t clear_len,
                       const struct li_secret *key, struct li_buffer *out, struct li_error *err)
{
    const struct li_gcm gcm = {key, data + NONCE_OFFSET, data, clear_len};
    const uint8_t *sealed = data + clear_len, *tag = data + len - LI_GCM_TAG_SIZE;
    size_t sealed_len = len - clear_len - LI_GCM_TAG_SIZE;
    int rc = li_crypto_gcm_check(&gcm, sealed, sealed_len, tag, err);

    if (rc == 0)
        rc = li_buffer_reserve(out, sealed_len, err);
    if (rc == 0)
        rc = li_crypto_gcm_open(&gcm, sealed, sealed_len, tag, out->data, err);
    if (rc == LI_ECORRUPT)
        return li_fail(err, LI_ECORRUPT,
                       "the manifest was damaged or changed, or this is not its key");
    if (rc == 0)
        out->len = sealed_len;
    return rc;
}

static size_t shortest(uint32_t count)
{
    return clear_size(count) + JSON_LENGTH_SIZE + (size_t)count * LI_MANIFEST_KEYS_SIZE +
           LI_GCM_TAG_SIZE;
}

size_t li_manifest_table_end(uint64_t size)
{
    uint64_t count = size < shortest(0) ? 0 : (size - shortest(0)) / (shortest(1) - shortest(0));

    return clear_size(count < LI_CHUNK_MAX_COUNT ? (size_t)count : LI_CHUNK_MAX_COUNT);
}

size_t li_manifest_longest(uint32_t count)
{
    return shortest(count) + LI_MANIFEST_MAX_JSON;
}

/* Before anything is spent on it: whoever writes the store chooses the length. */
static int check_length(size_t len, uint32_t count, struct li_error *err)
{
    if (len < shortest(count))
        return li_fail(err, LI_ECORRUPT, "the manifest is cut short: %zu bytes for %u chunks", len,
                       count);
    if (len > li_manifest_longest(count))
        return li_fail(err, LI_ECORRUPT, "the manifest is too long: %zu bytes for %u chunks", len,
                       count);
    return 0;
}

int li_manifest_decode(const uint8_t *data, size_t len, const struct li_secret *key,
                       struct li_manifest *out, struct li_error *err)
{
    struct li_manifest m = {0};
    struct li_manifest_clear clear;
    struct li_buffer sealed = {0};
    int rc = li_manifest_peek(data, len, &clear, err);

    if (rc == 0)
        rc = check_length(len, clear.chunk_count, err);
    if (rc < 0)
        return rc;
    rc = open_sealed(data, len, clear_size(clear.chunk_count), key, &sealed, err);
    if (rc < 0)
        goto out;
    memcpy(m.id, clear.id, LI_ID_SIZE);
    memcpy(m.root, clear.root, LI_ID_SIZE);
    m.chunk_count = clear.chunk_count;
    rc = parse(sealed.data, sealed.len, data + LI_MANIFEST_HEADER_SIZE, &m, err);
    if (rc < 0)
        goto out;
    *out = m;
    m = (struct li_manifest){0};
out:
    li_manifest_free(&m);
    li_buffer_wipe_free(&sealed);
    return rc;
}

void li_manifest_forget_config(struct li_manifest *manifest)
{
    li_wipe_free(manifest->config);
    manifest->config = NULL;
    manifest->config_len = 0;
}

void li_manifest_free(struct li_manifest *manifest)
{
    if (!manifest)
        return;
    li_manifest_forget_config(manifest);
    free(manifest->reference);
    free(manifest->os);
    free(manifest->architecture);
    free(manifest->layers);
    free(manifest->tool);
    free(manifest->libraries);
    li_secret_free(manifest->chunks);
    *manifest = (struct li_manifest){0};
}
