/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL 3 looks an algorithm up by its name on each use unless it is given a fetched one, and a
 * push hashes every chunk; so it is fetched once, and lives as long as the process.
 */
#include "base/sha256.h"

#include <pthread.h>

#include <openssl/err.h>
#include <openssl/evp.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256;

static void fetch(void)
{
    sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

/* The opaque type is OpenSSL's own context under our name: there is nothing to add to it. */
static EVP_MD_CTX *context(struct li_sha256 *hash)
{
    return (EVP_MD_CTX *)hash;
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
    pthread_once(&once, fetch);
    return sha256 && EVP_Digest(data, len, digest, NULL, sha256, NULL) == 1 ? 0 : failed(err);
}

int li_sha256_new(struct li_sha256 **out, struct li_error *err)
{
    EVP_MD_CTX *md;

    pthread_once(&once, fetch);
    md = sha256 ? EVP_MD_CTX_new() : NULL;
    if (!md || EVP_DigestInit_ex(md, sha256, NULL) != 1) {
        EVP_MD_CTX_free(md);
        return failed(err);
    }
    *out = (struct li_sha256 *)md;
    return 0;
}

int li_sha256_update(struct li_sha256 *hash, const void *data, size_t len, struct li_error *err)
{
    return EVP_DigestUpdate(context(hash), data, len) == 1 ? 0 : failed(err);
}

int li_sha256_final(struct li_sha256 *hash, uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    if (EVP_DigestFinal_ex(context(hash), digest, NULL) != 1 ||
        EVP_DigestInit_ex(context(hash), NULL, NULL) != 1)
        return failed(err);
    return 0;
}

void li_sha256_free(struct li_sha256 *hash)
{
    EVP_MD_CTX_free(context(hash));
}
