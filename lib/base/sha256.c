/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3 looks up an algorithm by its name on each use, unless it gets a fetched one, and a push
 * hashes every chunk. So we fetch it once, and it lives as long as the process.
 *
 * OpenSSL hashes one message at a time and hides the state of a stream. If the processor can hash
 * two messages at once (sha256_lanes.h), we therefore keep a stream's state ourselves, and hash
 * pairs ourselves. Everything else is OpenSSL's.
 */
#include "base/sha256.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/bytes.h"
#include "base/secret.h"
#include "base/sha256_lanes.h"

struct li_sha256 {
    EVP_MD_CTX *md; /* or NULL, and then the state is below */
    uint32_t words[LI_SHA256_WORDS];
    uint64_t length;               /* bytes so far */
    uint8_t tail[LI_SHA256_BLOCK]; /* of them, those that do not fill a block yet */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;
static bool lanes;

static void prepare(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    lanes = sha256 && li_sha256_lanes_here();
}

static int failed(struct li_error *err)
{
    ERR_clear_error();
    if (!sha256)
        return li_fail(err, LI_EUNSUPPORTED,
                       "OpenSSL does not offer SHA-256; see its configuration");
    return li_fail_memory(err);
}

int li_sha256(const void *data, size_t len, uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    pthread_once(&once, prepare);
    return sha256 && EVP_Digest(data, len, digest, NULL, sha256, NULL) == 1 ? 0 : failed(err);
}

/* ---- streams of our own ---------------------------------------------------------------------- */

static void begin(struct li_sha256 *hash)
{
    static const uint32_t first[LI_SHA256_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                                    0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(hash->words, first, sizeof(first));
    hash->length = 0;
}

static void update(struct li_sha256 *hash, const uint8_t *data, size_t len)
{
    size_t held = hash->length % LI_SHA256_BLOCK, whole;

    hash->length += len;
    if (held > 0) {
        size_t piece = LI_SHA256_BLOCK - held < len ? LI_SHA256_BLOCK - held : len;

        memcpy(hash->tail + held, data, piece);
        if (held + piece < LI_SHA256_BLOCK)
            return;
        li_sha256_lane(hash->words, hash->tail, 1);
        data += piece;
        len -= piece;
    }
    whole = len / LI_SHA256_BLOCK;
    li_sha256_lane(hash->words, data, whole);
    if (len % LI_SHA256_BLOCK > 0)
        memcpy(hash->tail, data + whole * LI_SHA256_BLOCK, len % LI_SHA256_BLOCK);
}

/* Padding: a bit, zeros, and the length in bits in the last eight bytes of a block. */
static void end(struct li_sha256 *hash, uint8_t *digest)
{
    static const uint8_t padding[LI_SHA256_BLOCK] = {0x80};
    uint8_t bits[sizeof(uint64_t)];
    size_t held = hash->length % LI_SHA256_BLOCK, room = LI_SHA256_BLOCK - sizeof(bits);

    li_put_be64(bits, hash->length * 8);
    update(hash, padding, (held < room ? room : room + LI_SHA256_BLOCK) - held);
    update(hash, bits, sizeof(bits));
    for (size_t i = 0; i < LI_SHA256_WORDS; i++)
        li_put_be32(digest + 4 * i, hash->words[i]);
}

/* ---- streams --------------------------------------------------------------------------------- */

int li_sha256_new(struct li_sha256 **out, struct li_error *err)
{
    struct li_sha256 *hash = calloc(1, sizeof(*hash));

    pthread_once(&once, prepare);
    if (!hash)
        return li_fail_memory(err);
    begin(hash);
    if (!lanes && (!sha256 || !(hash->md = EVP_MD_CTX_new()) ||
                   EVP_DigestInit_ex(hash->md, sha256, NULL) != 1)) {
        li_sha256_free(hash);
        return failed(err);
    }
    *out = hash;
    return 0;
}

int li_sha256_update(struct li_sha256 *hash, const void *data, size_t len, struct li_error *err)
{
    if (hash->md)
        return EVP_DigestUpdate(hash->md, data, len) == 1 ? 0 : failed(err);
    if (len > 0)
        update(hash, data, len);
    return 0;
}

int li_sha256_update_two(struct li_sha256 *hash0, const void *data0, struct li_sha256 *hash1,
                         const void *data1, size_t len, struct li_error *err)
{
    const uint8_t *at0 = data0, *at1 = data1;
    int rc;

    if (!hash0->md && !hash1->md && hash0->length % LI_SHA256_BLOCK == 0 &&
        hash1->length % LI_SHA256_BLOCK == 0) {
        size_t whole = len - len % LI_SHA256_BLOCK;

        li_sha256_two_lanes(hash0->words, at0, hash1->words, at1, whole / LI_SHA256_BLOCK);
        hash0->length += whole;
        hash1->length += whole;
        at0 += whole;
        at1 += whole;
        len -= whole;
    }
    rc = li_sha256_update(hash0, at0, len, err);
    return rc < 0 ? rc : li_sha256_update(hash1, at1, len, err);
}

int li_sha256_final(struct li_sha256 *hash, uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    if (hash->md)
        return EVP_DigestFinal_ex(hash->md, digest, NULL) == 1 &&
                       EVP_DigestInit_ex(hash->md, NULL, NULL) == 1
                   ? 0
                   : failed(err);
    end(hash, digest);
    begin(hash);
    return 0;
}

/* Our own state is overwritten as OpenSSL overwrites its own: a hashed message may be a secret. */
void li_sha256_free(struct li_sha256 *hash)
{
    if (!hash)
        return;
    EVP_MD_CTX_free(hash->md);
    li_wipe(hash, sizeof(*hash));
    free(hash);
}

int li_sha256_two(const void *data0, uint8_t digest0[LI_SHA256_SIZE], const void *data1,
                  uint8_t digest1[LI_SHA256_SIZE], size_t len, struct li_error *err)
{
    struct li_sha256 hash[2] = {{0}};
    int rc;

    pthread_once(&once, prepare);
    if (!lanes) {
        rc = li_sha256(data0, len, digest0, err);
        return rc < 0 ? rc : li_sha256(data1, len, digest1, err);
    }
    begin(&hash[0]);
    begin(&hash[1]);
    rc = li_sha256_update_two(&hash[0], data0, &hash[1], data1, len, err);
    end(&hash[0], digest0);
    end(&hash[1], digest1);
    li_wipe(hash, sizeof(hash));
    return rc;
}
