/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <openssl/crypto.h>

void li_secret_wipe(struct li_secret *secret)
{
    if (secret)
        OPENSSL_cleanse(secret->bytes, sizeof(secret->bytes));
}

void li_wipe(void *data, size_t len)
{
    if (data)
        OPENSSL_cleanse(data, len);
}

bool li_equal_secret(const void *a, const void *b, size_t len)
{
    return CRYPTO_memcmp(a, b, len) == 0;
}
