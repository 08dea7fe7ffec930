/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A push hashes every chunk and derives its name, mostly to find that it is stored already. So the
 * work here for each chunk must cost little more than the hash itself. OpenSSL 3 looks up an
 * algorithm by its name on each use, unless it gets a fetched one. So we fetch all of them once,
 * and HMAC also keeps a context with its digest set, which is copied for each use.
 *
 * HKDF is written out (RFC 5869): with a salt, an input and an output of one digest each, Extract
 * is HMAC(salt, input) and Expand is HMAC(PRK, label || 1). OpenSSL's own takes several times as
 * long for the same bytes; the unit test compares the two.
 *
 * OpenSSL keeps failures in a queue of the thread. We empty it on each failure, so that TLS code
 * that runs later in the same thread does not find them.
 */
#include "crypto/crypto.h"

#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/ctr.h"

static const char name_label[] = "lambdaimg chunk name";

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* fetch() sets them; they are constant from then on, and live as long as the process. */
static struct {
    bool ready;
    EVP_MAC_CTX *hmac;
    EVP_CIPHER *ctr;
    EVP_CIPHER *gcm;
} algorithm;

/* A context can be copied only if it has a key. Any key will do, because each use sets its own. */
static EVP_MAC_CTX *hmac_template(void)
{
    static const uint8_t any[LI_SECRET_SIZE];
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac ? EVP_MAC_CTX_new(mac) : NULL;

    EVP_MAC_free(mac);
    if (ctx && !EVP_MAC_init(ctx, any, sizeof(any), params)) {
        EVP_MAC_CTX_free(ctx);
        ctx = NULL;
    }
    return ctx;
}

static void fetch(void)
{
    algorithm.hmac = hmac_template();
    algorithm.ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
    algorithm.gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    algorithm.ready = algorithm.hmac && algorithm.ctr && algorithm.gcm;
}

static int need_algorithms(struct li_error *err)
{
    pthread_once(&once, fetch);
    if (algorithm.ready)
        return 0;
    ERR_clear_error();
    return li_fail(err, LI_EUNSUPPORTED,
                   "OpenSSL does not offer HMAC-SHA256 and AES-256; see its configuration");
}

static int refused(struct li_error *err, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    if (ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE)
        return li_fail_memory(err);
    return li_fail(err, LI_EUNSUPPORTED, "OpenSSL cannot compute %s: %s", what,
                   reason ? reason : "it gives no reason");
}

int li_crypto_mac(const struct li_secret *key, const void *data, size_t len,
                  uint8_t mac[LI_MAC_SIZE], struct li_error *err)
{
    EVP_MAC_CTX *ctx = NULL;
    size_t got;
    int rc = need_algorithms(err);

    if (rc < 0)
        return rc;
    ctx = EVP_MAC_CTX_dup(algorithm.hmac);
    if (!ctx || !EVP_MAC_init(ctx, key->bytes, sizeof(key->bytes), NULL) ||
        !EVP_MAC_update(ctx, data, len) || !EVP_MAC_final(ctx, mac, &got, LI_MAC_SIZE))
        rc = refused(err, "HMAC-SHA256");
    EVP_MAC_CTX_free(ctx);
    return rc;
}

int li_crypto_ctr(const struct li_secret *key, const uint8_t iv[LI_CTR_IV_SIZE], const uint8_t *in,
                  size_t len, uint8_t *out, struct li_error *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    int got;
    int rc = need_algorithms(err);

    if (rc < 0)
        return rc;
    if (len > INT_MAX)
        return li_fail(err, LI_ELIMIT, "%zu bytes are too many to encrypt at once", len);
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx || !EVP_EncryptInit_ex2(ctx, algorithm.ctr, key->bytes, iv, NULL) ||
        !EVP_EncryptUpdate(ctx, out, &got, in, (int)len))
        rc = refused(err, "AES-256-CTR");
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

int li_crypto_prk(const struct li_secret *salt, const uint8_t digest[LI_DIGEST_SIZE],
                  struct li_secret *prk, struct li_error *err)
{
    return li_crypto_mac(salt, digest, LI_DIGEST_SIZE, prk->bytes, err);
}

static int expand(const struct li_secret *key, const char *label, uint8_t *out,
                  struct li_error *err)
{
    uint8_t message[LI_LABEL_MAX + 1];
    size_t len = strlen(label);

    if (len > LI_LABEL_MAX)
        return li_fail(err, LI_EINVALID, "the label \"%s\" is longer than %d bytes", label,
                       LI_LABEL_MAX);
    memcpy(message, label, len);
    message[len] = 1;
    return li_crypto_mac(key, message, len + 1, out, err);
}

int li_crypto_name(const struct li_secret *prk, uint8_t name[LI_NAME_SIZE], struct li_error *err)
{
    return expand(prk, name_label, name, err);
}

int li_crypto_expand(const struct li_secret *key, const char *label, struct li_secret *out,
                     struct li_error *err)
{
    return expand(key, label, out->bytes, err);
}

/* Starts GCM, to seal or to open, with what is authenticated only. */
static int gcm_begin(EVP_CIPHER_CTX *ctx, bool sealing, const struct li_gcm *gcm,
                     struct li_error *err)
{
    int got;

    if (gcm->aad_len > INT_MAX)
        return li_fail(err, LI_ELIMIT, "%zu bytes are too many to authenticate at once",
                       gcm->aad_len);
    if (!EVP_CipherInit_ex2(ctx, algorithm.gcm, gcm->key->bytes, gcm->nonce, sealing, NULL) ||
        (gcm->aad_len && !EVP_CipherUpdate(ctx, NULL, &got, gcm->aad, (int)gcm->aad_len)))
        return refused(err, "AES-256-GCM");
    return 0;
}

/* The message itself; only the tag is left to do. */
static int gcm_message(EVP_CIPHER_CTX *ctx, const void *in, size_t len, uint8_t *out,
                       struct li_error *err)
{
    int got;

    if (len > INT_MAX)
        return li_fail(err, LI_ELIMIT, "%zu bytes are too many to encrypt at once", len);
    if (len && !EVP_CipherUpdate(ctx, out, &got, in, (int)len))
        return refused(err, "AES-256-GCM");
    return 0;
}

int li_crypto_gcm_seal(const struct li_gcm *gcm, const void *in, size_t len, uint8_t *out,
                       uint8_t tag[LI_GCM_TAG_SIZE], struct li_error *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t rest[16];
    int got;
    int rc = need_algorithms(err);

    if (rc < 0)
        return rc;
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return li_fail_memory(err);
    rc = gcm_begin(ctx, true, gcm, err);
    if (rc == 0)
        rc = gcm_message(ctx, in, len, out, err);
    if (rc == 0 && (!EVP_CipherFinal_ex(ctx, rest, &got) ||
                    !EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, LI_GCM_TAG_SIZE, tag)))
        rc = refused(err, "AES-256-GCM");
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

/* Compares the tag, at the end of what was given to CTX. */
static int gcm_end_opening(EVP_CIPHER_CTX *ctx, const uint8_t tag[LI_GCM_TAG_SIZE],
                           struct li_error *err)
{
    uint8_t expected[LI_GCM_TAG_SIZE], rest[16];
    int got;

    memcpy(expected, tag, sizeof(expected));
    if (!EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, sizeof(expected), expected))
        return refused(err, "AES-256-GCM");
    if (EVP_CipherFinal_ex(ctx, rest, &got))
        return 0;
    ERR_clear_error();
    return li_fail(err, LI_ECORRUPT, "the authentication tag does not match");
}

int li_crypto_gcm_open(const struct li_gcm *gcm, const void *in, size_t len,
                       const uint8_t tag[LI_GCM_TAG_SIZE], uint8_t *out, struct li_error *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    int rc = need_algorithms(err);

    if (rc < 0)
        return rc;
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return li_fail_memory(err);
    rc = gcm_begin(ctx, false, gcm, err);
    if (rc == 0)
        rc = gcm_message(ctx, in, len, out, err);
    if (rc == 0)
        rc = gcm_end_opening(ctx, tag, err);
    if (rc < 0 && len)
        li_wipe(out, len);
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}

int li_crypto_gcm_check(const struct li_gcm *gcm, const void *in, size_t len,
                        const uint8_t tag[LI_GCM_TAG_SIZE], struct li_error *err)
{
    EVP_CIPHER_CTX *ctx = NULL;
    uint8_t piece[4096];
    int rc = need_algorithms(err);

    if (rc < 0)
        return rc;
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return li_fail_memory(err);
    rc = gcm_begin(ctx, false, gcm, err);
    for (size_t at = 0, n; rc == 0 && at < len; at += n) {
        n = len - at < sizeof(piece) ? len - at : sizeof(piece);
        rc = gcm_message(ctx, (const uint8_t *)in + at, n, piece, err);
    }
    if (rc == 0)
        rc = gcm_end_opening(ctx, tag, err);
    li_wipe(piece, sizeof(piece));
    EVP_CIPHER_CTX_free(ctx);
    return rc;
}
