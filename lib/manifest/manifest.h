/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: what an image is and which chunks it has; the object format of lambdaimg-manifest(5).
 *
 * In the clear, for the collector: magic "LIMGMNFT", version, manifest id, birth root, chunk count,
 * and a table of (chunk index, name). Sealed with AES-256-GCM under a random data key, with the
 * clear part as associated data: the JSON header and a table of (PRK, digest). All-zero chunks are
 * in neither table.
 *
 *      0  8  magic
 *      8  2  version, 1
 *     10  2  zeros
 *     12  4  number of table entries, n
 *     16 16  manifest id
 *     32 16  birth root
 *     48 12  nonce
 *     60  4  zeros
 *     64 36n (index u32, name 32), ascending by index
 *          - sealed: length of the JSON u32, JSON, n times (PRK 32, digest 32); then the tag, 16
 *
 * JSON: an object, compact and with sorted members: architecture, config, config_digest, created,
 * format (1), layers (an array of diff_id, digest), layout, libraries, os, reference, size, tool.
 * Readers ignore members they do not know.
 *
 * A `struct li_manifest` is plain data. Its holder owns it, and li_manifest_free() wipes it.
 */
#ifndef LI_MANIFEST_MANIFEST_H
#define LI_MANIFEST_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/secret.h"
#include "chunk/chunk.h"
#include "crypto/crypto.h"
#include "kms/kms.h"

enum {
    LI_MANIFEST_HEADER_SIZE = 64,
    LI_MANIFEST_ENTRY_SIZE = 36,
    LI_MANIFEST_KEYS_SIZE = 64,
    LI_MANIFEST_MAX_JSON = 64 << 20, /* bytes */
    LI_MANIFEST_MAX_TEXT = 1024,     /* bytes of os, architecture, tool, libraries */
};

struct li_manifest_chunk {
    uint32_t index;
    uint8_t name[LI_NAME_SIZE];
    uint8_t digest[LI_DIGEST_SIZE];
    struct li_secret prk;
};

struct li_manifest_layer {
    char digest[72];  /* "sha256:" and hex, of the layer as stored; "" if the image states none */
    char diff_id[72]; /* "sha256:" and hex */
};

struct li_manifest {
    uint8_t id[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE]; /* the root it was pushed into first */
    char *reference;          /* "name:tag" */
    char *os;
    char *architecture;
    char *config; /* the OCI config document, byte for byte; of malloc() */
    size_t config_len;
    char config_digest[72];
    struct li_manifest_layer *layers;
    size_t layer_count;
    uint64_t size;                    /* of the image, bytes: a multiple of LI_CHUNK_SIZE */
    int64_t created;                  /* when the manifest was made, seconds since 1970 */
    uint32_t layout;                  /* that the image was made by, see layer/layout.h */
    char *tool;                       /* "lambdaimg 0.1.0" */
    char *libraries;                  /* "libarchive 3.6.2, ..." */
    struct li_manifest_chunk *chunks; /* ascending by index; of li_secret_alloc() */
    size_t chunk_count;
};

/* The part that the collector can read without a key. */
struct li_manifest_clear {
    uint8_t id[LI_ID_SIZE];
    uint8_t root[LI_ID_SIZE];
    uint32_t chunk_count;
};

/* Encodes and seals. KEY and NONCE must be fresh and random. OUT is replaced. `os`, `architecture`,
 * `tool` and `libraries` may be NULL for "". LI_EINVALID if the decoder would not accept a field,
 * LI_EUNSUPPORTED if the config is not UTF-8, LI_ELIMIT. */
int li_manifest_encode(const struct li_manifest *manifest, const struct li_secret *key,
                       const uint8_t nonce[LI_GCM_NONCE_SIZE], struct li_buffer *out,
                       struct li_error *err);

/* Reads the clear header only. LI_ECORRUPT if it is not one, LI_EUNSUPPORTED if its version is not
 * known. DATA may be cut after the header. */
int li_manifest_peek(const uint8_t *data, size_t len, struct li_manifest_clear *clear,
                     struct li_error *err);

/* The same with the table of chunks: *ENTRIES is the first of clear->chunk_count entries of
 * LI_MANIFEST_ENTRY_SIZE bytes, in DATA. An entry is the chunk's index, little-endian, and its
 * name. DATA may be cut after the table. LI_ECORRUPT also if it is cut within, or if the indexes do
 * not ascend. The table is not authenticated: only li_manifest_decode() can do that. */
int li_manifest_table(const uint8_t *data, size_t len, struct li_manifest_clear *clear,
                      const uint8_t **entries, struct li_error *err);

/* The most bytes of a manifest of SIZE bytes that can be header and table. */
size_t li_manifest_table_end(uint64_t size);

/* The most bytes of a manifest of COUNT chunks. */
size_t li_manifest_longest(uint32_t count);

/* Opens, parses and checks: the tag before anything is parsed, indexes ascending and within the
 * size, each name recomputed from its PRK, the config's digest. LI_ECORRUPT if a check fails,
 * LI_EUNSUPPORTED if the version or format is not known. */
int li_manifest_decode(const uint8_t *data, size_t len, const struct li_secret *key,
                       struct li_manifest *out, struct li_error *err);

/* Wipes and frees the config, whose environment often has secrets. For whoever opened a manifest
 * for its chunks. */
void li_manifest_forget_config(struct li_manifest *manifest);

/* Frees what it holds, wipes it, and returns it to zeros. NULL is allowed. */
void li_manifest_free(struct li_manifest *manifest);

/* Wrap objects: magic "LIMGWRAP", version u16, zeros u16, length u32, the KMS's bytes (1 to
 * LI_KMS_BLOB_MAX). The decoder's BLOB points into DATA. LI_ECORRUPT, LI_EUNSUPPORTED (the
 * version).
 */
int li_wrap_encode(const struct li_buffer *blob, struct li_buffer *out, struct li_error *err);
int li_wrap_decode(const uint8_t *data, size_t len, const uint8_t **blob, size_t *blob_len,
                   struct li_error *err);

#endif
