/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealed chunks. An input whose first byte is odd is the sealed chunk as it is; else it is a codec
 * and a payload, which are sealed rightly before they are opened: by someone who has the key.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "crypto/ctr.h"
#include "crypto/seal.h"

static const struct li_secret prk = {"the chunk's key, of 32 bytes.."};

/* As lambdaimg-chunk(5) has it. */
static void seal(uint8_t codec, const uint8_t *payload, size_t len, struct li_buffer *out)
{
    static const uint8_t zeros[64];
    struct li_error err = LI_ERROR_INIT;
    struct li_secret encryption, mac;
    uint8_t message[64];

    tar_append(out, zeros, 64);
    tar_append(out, payload, len);
    memcpy(out->data, "LIMGCHNK", 8);
    li_put_le16(out->data + 8, 1);
    out->data[10] = codec;
    li_put_le32(out->data + 12, LI_CHUNK_SIZE);
    li_put_le32(out->data + 16, (uint32_t)len);
    assert_done(li_crypto_expand(&prk, "lambdaimg chunk encryption", &encryption, &err), &err);
    assert_done(li_crypto_expand(&prk, "lambdaimg chunk mac", &mac, &err), &err);
    memcpy(message, out->data, 32);
    assert_done(li_sha256(payload, len, message + 32, &err), &err);
    assert_done(li_crypto_mac(&mac, message, 64, out->data + 32, &err), &err);
    assert_done(li_crypto_ctr(&encryption, out->data + 32, payload, len, out->data + 64, &err),
                &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct li_sealer *sealer;
    static uint8_t plain[LI_CHUNK_SIZE], zeros[LI_CHUNK_SIZE];
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer sealed = {0};
    uint8_t digest[32];
    int rc;

    if (!sealer)
        assert_done(li_sealer_new(&sealer, &err), &err);
    if (size < 2)
        return 0;
    if (data[0] % 2)
        tar_append(&sealed, data + 1, size - 1);
    else
        seal(data[1], data + 2, size - 2, &sealed);
    assert_done(li_sha256(zeros, sizeof(zeros), digest, &err), &err);
    memset(plain, 0xaa, sizeof(plain));
    rc = li_seal_open(sealer, &prk, digest, &sealed, plain, &err);
    fuzz_check_error(rc, &err);
    /* Nothing but the right plaintext ever comes out, and that is zeros. */
    assert_memory_equal(plain, zeros, sizeof(plain));
    li_buffer_free(&sealed);
    return 0;
}
