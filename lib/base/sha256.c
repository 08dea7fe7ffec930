/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <openssl/evp.h>

/* The opaque type is OpenSSL's own context under our name: there is nothing to add to it. */
static EVP_MD_CTX *context(struct li_sha256 *hash)
{
    return (EVP_MD_CTX *)hash;
}

static int failed(struct li_error *err)
{
    return li_fail(err, LI_ENOMEM, "the cryptographic library cannot compute SHA-256");
}

int li_sha256_new(struct li_sha256 **out, struct li_error *err)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();

    if (!md || EVP_DigestInit_ex(md, EVP_sha256(), NULL) != 1) {
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
