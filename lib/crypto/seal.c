/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three kinds of attackers are kept out, each by another check. Whoever has no key cannot get a
 * byte past the MAC, so the decompressor never sees their data. Whoever changes zstd cannot make
 * two payloads share a keystream, because the initial counter block comes from the MAC of the
 * payload. Whoever has the plaintext of a chunk has its keys, and can make a valid MAC for other
 * bytes: only the digest, which comes from the manifest, stops them. Until it is compared, their
 * data is limited to one frame of exactly one chunk.
 *
 * The MAC is over the payload before encryption, so opening must decrypt first. That is safe with
 * CTR: it maps bytes to bytes, and nothing interprets them before the MAC is verified.
 *
 * Every failure to open is LI_ECORRUPT, even an unknown version: in every case the caller must
 * fetch the chunk elsewhere or repair it.
 */
#include "crypto/seal.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>

#include "base/bytes.h"
#include "chunk/chunk.h"
#include "crypto/ctr.h"

enum {
    VERSION = 1,
    MAGIC_SIZE = 8,
    FIELDS_SIZE = 32, /* bytes of the header that the MAC covers */
    PAYLOAD_MAX = LI_SEAL_MAX_SIZE - LI_SEAL_HEADER_SIZE,
};

static const uint8_t magic[MAGIC_SIZE] = {'L', 'I', 'M', 'G', 'C', 'H', 'N', 'K'};

_Static_assert(FIELDS_SIZE + (int)LI_MAC_SIZE == (int)LI_SEAL_HEADER_SIZE,
               "the header holds the whole MAC");
_Static_assert(PAYLOAD_MAX >= ZSTD_COMPRESSBOUND(LI_CHUNK_SIZE), "any chunk can be compressed");

struct li_sealer {
    ZSTD_CCtx *compressor;
    ZSTD_DCtx *decompressor;
    uint8_t *payload; /* PAYLOAD_MAX bytes; in the clear */
};

struct chunk_keys {
    struct li_secret encryption;
    struct li_secret mac;
};

int li_sealer_new(struct li_sealer **out, struct li_error *err)
{
    struct li_sealer *sealer = calloc(1, sizeof(*sealer));

    if (!sealer)
        return li_fail_memory(err);
    sealer->compressor = ZSTD_createCCtx();
    sealer->decompressor = ZSTD_createDCtx();
    sealer->payload = malloc(PAYLOAD_MAX);
    if (!sealer->compressor || !sealer->decompressor || !sealer->payload) {
        li_sealer_free(sealer);
        return li_fail_memory(err);
    }
    *out = sealer;
    return 0;
}

void li_sealer_free(struct li_sealer *sealer)
{
    if (!sealer)
        return;
    li_wipe(sealer->payload, PAYLOAD_MAX);
    free(sealer->payload);
    ZSTD_freeCCtx(sealer->compressor);
    ZSTD_freeDCtx(sealer->decompressor);
    free(sealer);
}

static void put_fields(uint8_t *header, enum li_codec codec, size_t payload_len)
{
    memset(header, 0, FIELDS_SIZE);
    memcpy(header, magic, sizeof(magic));
    li_put_le16(header + 8, VERSION);
    header[10] = (uint8_t)codec;
    li_put_le32(header + 12, LI_CHUNK_SIZE);
    li_put_le32(header + 16, (uint32_t)payload_len);
}

/* All fields except the codec and the length are fixed, so an object with these two is right if and
 * only if they encode to the bytes it has. The cases before that exist for the message. */
static int get_fields(const uint8_t *sealed, size_t len, enum li_codec *codec, struct li_error *err)
{
    uint8_t expected[FIELDS_SIZE];
    size_t payload_len = len - LI_SEAL_HEADER_SIZE;

    if (len <= LI_SEAL_HEADER_SIZE || len > LI_SEAL_MAX_SIZE)
        return li_fail(err, LI_ECORRUPT, "%zu bytes cannot be the length of a sealed chunk", len);
    if (memcmp(sealed, magic, sizeof(magic)) != 0)
        return li_fail(err, LI_ECORRUPT, "this is not a sealed chunk");
    if (li_get_le16(sealed + 8) != VERSION)
        return li_fail(err, LI_ECORRUPT,
                       "sealed chunks of version %u are not known to this lambdaimg",
                       li_get_le16(sealed + 8));
    if (li_get_le32(sealed + 16) != payload_len)
        return li_fail(err, LI_ECORRUPT, "the sealed chunk has %zu bytes of payload, not %u",
                       payload_len, li_get_le32(sealed + 16));
    if (sealed[10] != LI_CODEC_NONE && sealed[10] != LI_CODEC_ZSTD)
        return li_fail(err, LI_ECORRUPT, "the sealed chunk's codec %u is unknown", sealed[10]);
    put_fields(expected, (enum li_codec)sealed[10], payload_len);
    if (memcmp(sealed, expected, sizeof(expected)) != 0)
        return li_fail(err, LI_ECORRUPT, "the sealed chunk's header is damaged");
    *codec = (enum li_codec)sealed[10];
    return 0;
}

static int derive_keys(const struct li_secret *prk, struct chunk_keys *keys, struct li_error *err)
{
    int rc = li_crypto_expand(prk, "lambdaimg chunk encryption", &keys->encryption, err);

    return rc < 0 ? rc : li_crypto_expand(prk, "lambdaimg chunk mac", &keys->mac, err);
}

static int compute_mac(const struct chunk_keys *keys, const uint8_t *header, const uint8_t *payload,
                       size_t payload_len, uint8_t *mac, struct li_error *err)
{
    uint8_t message[FIELDS_SIZE + LI_DIGEST_SIZE];
    int rc = li_sha256(payload, payload_len, message + FIELDS_SIZE, err);

    memcpy(message, header, FIELDS_SIZE);
    return rc < 0 ? rc : li_crypto_mac(&keys->mac, message, sizeof(message), mac, err);
}

static int check_policy(const struct li_seal_policy *policy, struct li_error *err)
{
    if (policy->codec != LI_CODEC_NONE && policy->codec != LI_CODEC_ZSTD)
        return li_fail(err, LI_EINVALID, "codec %d is unknown", (int)policy->codec);
    if (policy->codec == LI_CODEC_ZSTD && (policy->level < 1 || policy->level > 19))
        return li_fail(err, LI_EINVALID, "the zstd level must be from 1 to 19, not %d",
                       policy->level);
    if (policy->pad > LI_SEAL_PAD_MAX)
        return li_fail(err, LI_EINVALID, "chunks can be padded to a multiple of at most %d, not %u",
                       LI_SEAL_PAD_MAX, policy->pad);
    return 0;
}

static size_t padded(size_t payload_len, uint32_t pad)
{
    size_t unit = pad ? pad : 1;
    size_t sealed_len = LI_SEAL_HEADER_SIZE + payload_len;

    return (sealed_len + unit - 1) / unit * unit - LI_SEAL_HEADER_SIZE;
}

/* zstd gets room for its worst case, not just for a useful result, because its output may depend on
 * the room. */
static int fill_payload(struct li_sealer *sealer, const struct li_seal_policy *policy,
                        const uint8_t *plain, enum li_codec *codec, size_t *payload_len,
                        struct li_error *err)
{
    size_t used = LI_CHUNK_SIZE;

    *codec = LI_CODEC_NONE;
    if (policy->codec == LI_CODEC_ZSTD) {
        size_t n = ZSTD_compressCCtx(sealer->compressor, sealer->payload, PAYLOAD_MAX, plain,
                                     LI_CHUNK_SIZE, policy->level);

        if (ZSTD_isError(n))
            return li_fail(err, LI_ENOMEM, "zstd cannot compress: %s", ZSTD_getErrorName(n));
        if (padded(n, policy->pad) < padded(LI_CHUNK_SIZE, policy->pad)) {
            *codec = LI_CODEC_ZSTD;
            used = n;
        }
    }
    if (*codec == LI_CODEC_NONE)
        memcpy(sealer->payload, plain, LI_CHUNK_SIZE);
    *payload_len = padded(used, policy->pad);
    memset(sealer->payload + used, 0, *payload_len - used);
    return 0;
}

int li_seal_chunk(struct li_sealer *sealer, const struct li_seal_policy *policy,
                  const struct li_secret *prk, const uint8_t *plain, struct li_buffer *out,
                  struct li_error *err)
{
    struct chunk_keys keys;
    enum li_codec codec = LI_CODEC_NONE;
    size_t payload_len = 0;
    uint8_t *mac;
    int rc;

    out->len = 0;
    rc = check_policy(policy, err);
    if (rc == 0)
        rc = derive_keys(prk, &keys, err);
    if (rc == 0)
        rc = fill_payload(sealer, policy, plain, &codec, &payload_len, err);
    if (rc == 0)
        rc = li_buffer_reserve(out, LI_SEAL_HEADER_SIZE + payload_len, err);
    if (rc < 0)
        goto out;
    mac = out->data + FIELDS_SIZE;
    put_fields(out->data, codec, payload_len);
    rc = compute_mac(&keys, out->data, sealer->payload, payload_len, mac, err);
    if (rc == 0)
        rc = li_crypto_ctr(&keys.encryption, mac, sealer->payload, payload_len,
                           out->data + LI_SEAL_HEADER_SIZE, err);
    if (rc == 0)
        out->len = LI_SEAL_HEADER_SIZE + payload_len;
out:
    li_wipe(&keys, sizeof(keys));
    return rc;
}

/* Decrypts the payload into the sealer and checks its MAC. */
static int open_payload(struct li_sealer *sealer, const struct li_secret *prk,
                        const uint8_t *sealed, size_t len, struct li_error *err)
{
    const uint8_t *mac = sealed + FIELDS_SIZE;
    size_t payload_len = len - LI_SEAL_HEADER_SIZE;
    struct chunk_keys keys;
    uint8_t expected[LI_MAC_SIZE];
    int rc = derive_keys(prk, &keys, err);

    if (rc == 0)
        rc = li_crypto_ctr(&keys.encryption, mac, sealed + LI_SEAL_HEADER_SIZE, payload_len,
                           sealer->payload, err);
    if (rc == 0)
        rc = compute_mac(&keys, sealed, sealer->payload, payload_len, expected, err);
    if (rc == 0 && !li_equal_secret(mac, expected, sizeof(expected)))
        rc = li_fail(err, LI_ECORRUPT,
                     "the sealed chunk's MAC does not match: it was damaged or replaced");
    li_wipe(&keys, sizeof(keys));
    li_wipe(expected, sizeof(expected));
    return rc;
}

static bool is_padding(const uint8_t *bytes, size_t len)
{
    uint8_t any = 0;

    if (len >= LI_SEAL_PAD_MAX)
        return false;
    for (size_t i = 0; i < len; i++)
        any |= bytes[i];
    return any == 0;
}

/* zstd also accepts skippable frames and frames of its own past versions. We never write either. */
static bool is_chunk_frame(const uint8_t *payload, size_t len, size_t *frame_len)
{
    size_t n;

    if (len < sizeof(uint32_t) || li_get_le32(payload) != ZSTD_MAGICNUMBER)
        return false;
    n = ZSTD_findFrameCompressedSize(payload, len);
    if (ZSTD_isError(n) || n > len || ZSTD_getFrameContentSize(payload, n) != LI_CHUNK_SIZE)
        return false;
    *frame_len = n;
    return true;
}

static int unpack(struct li_sealer *sealer, enum li_codec codec, size_t payload_len, uint8_t *plain,
                  struct li_error *err)
{
    const uint8_t *payload = sealer->payload;
    size_t used = LI_CHUNK_SIZE;

    if (codec == LI_CODEC_NONE && payload_len < used)
        return li_fail(err, LI_ECORRUPT, "the chunk is too short");
    if (codec == LI_CODEC_ZSTD && !is_chunk_frame(payload, payload_len, &used))
        return li_fail(err, LI_ECORRUPT, "the chunk does not hold a zstd frame of %d bytes",
                       LI_CHUNK_SIZE);
    if (!is_padding(payload + used, payload_len - used))
        return li_fail(err, LI_ECORRUPT, "the chunk has something after its end");
    if (codec == LI_CODEC_NONE)
        memcpy(plain, payload, LI_CHUNK_SIZE);
    else if (ZSTD_decompressDCtx(sealer->decompressor, plain, LI_CHUNK_SIZE, payload, used) !=
             LI_CHUNK_SIZE)
        return li_fail(err, LI_ECORRUPT, "the chunk's zstd frame is damaged");
    return 0;
}

static int check_digest(const uint8_t *plain, const uint8_t *digest, struct li_error *err)
{
    uint8_t actual[LI_DIGEST_SIZE];
    int rc = li_sha256(plain, LI_CHUNK_SIZE, actual, err);

    if (rc < 0)
        return rc;
    if (!li_equal_secret(actual, digest, sizeof(actual)))
        return li_fail(err, LI_ECORRUPT,
                       "the chunk's content is not what the manifest says: it was replaced by "
                       "someone who knows its key");
    return 0;
}

int li_seal_open(struct li_sealer *sealer, const struct li_secret *prk,
                 const uint8_t digest[LI_DIGEST_SIZE], const struct li_buffer *sealed,
                 uint8_t *plain, struct li_error *err)
{
    enum li_codec codec = LI_CODEC_NONE;
    int rc = get_fields(sealed->data, sealed->len, &codec, err);

    if (rc == 0)
        rc = open_payload(sealer, prk, sealed->data, sealed->len, err);
    if (rc == 0)
        rc = unpack(sealer, codec, sealed->len - LI_SEAL_HEADER_SIZE, plain, err);
    if (rc == 0)
        rc = check_digest(plain, digest, err);
    if (rc < 0)
        li_wipe(plain, LI_CHUNK_SIZE);
    return rc;
}
