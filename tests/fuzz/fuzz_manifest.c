/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests. An input whose first byte is odd is a manifest as it is; else it is one before it was
 * sealed, without the tag, and is given the names that its keys make, and sealed.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "manifest/manifest.h"

const size_t fuzz_memory = 8;

static const struct li_secret key = {"the data key, of 32 bytes....."};

static void put_names(uint8_t *entries, const uint8_t *keys, size_t count)
{
    struct li_error err = LI_ERROR_INIT;

    for (size_t i = 0; i < count; i++) {
        struct li_secret prk;

        memcpy(prk.bytes, keys + i * LI_MANIFEST_KEYS_SIZE, sizeof(prk.bytes));
        assert_done(li_crypto_name(&prk, entries + i * LI_MANIFEST_ENTRY_SIZE + 4, &err), &err);
    }
}

/* DATA has room for the tag. */
static size_t seal(uint8_t *data, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    uint64_t count = li_get_le32(data + 12);
    uint64_t clear = LI_MANIFEST_HEADER_SIZE + count * LI_MANIFEST_ENTRY_SIZE;

    if (clear > size)
        return size;
    if (count * LI_MANIFEST_KEYS_SIZE <= size - clear)
        put_names(data + LI_MANIFEST_HEADER_SIZE, data + size - count * LI_MANIFEST_KEYS_SIZE,
                  count);
    assert_done(li_crypto_gcm_seal(&(struct li_gcm){&key, data + 48, data, clear}, data + clear,
                                   size - clear, data + clear, data + size, &err),
                &err);
    return size + LI_GCM_TAG_SIZE;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_manifest_clear clear;
    struct li_manifest m = {0};
    uint8_t *copy, *exact;
    size_t len;
    int rc;

    if (size < 1 + LI_MANIFEST_HEADER_SIZE)
        return 0;
    len = size - 1;
    copy = malloc(len + LI_GCM_TAG_SIZE);
    assert_non_null(copy);
    memcpy(copy, data + 1, len);
    if (data[0] % 2 == 0)
        len = seal(copy, len);
    exact = fuzz_copy(copy, len);
    rc = li_manifest_peek(exact, len, &clear, &err);
    fuzz_check_error(rc, &err);
    rc = li_manifest_decode(exact, len, &key, &m, &err);
    fuzz_check_error(rc, &err);
    if (rc == 0) {
        /* What can be read can be written, and is the same again. */
        struct li_buffer again = {0};
        struct li_manifest twin = {0};

        assert_true(m.chunk_count == 0 || m.chunks[m.chunk_count - 1].index < LI_CHUNK_MAX_COUNT);
        assert_done(li_manifest_encode(&m, &key, exact + 48, &again, &err), &err);
        assert_done(li_manifest_decode(again.data, again.len, &key, &twin, &err), &err);
        assert_string_equal(twin.reference, m.reference);
        assert_int_equal(twin.chunk_count, m.chunk_count);
        li_manifest_free(&twin);
        li_buffer_free(&again);
    }
    li_manifest_free(&m);
    free(exact);
    free(copy);
    return 0;
}
