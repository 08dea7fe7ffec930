/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wrap object only says where the KMS's bytes begin and end. Only the KMS knows what they mean,
 * and whether they are right.
 *
 *     0  8  magic "LIMGWRAP"
 *     8  2  version, 1
 *    10  2  zeros
 *    12  4  length of the rest, 1 to LI_KMS_BLOB_MAX
 *    16  -  the KMS's bytes
 */
#include <string.h>

#include "base/bytes.h"
#include "manifest/manifest.h"

enum { VERSION = 1, MAGIC_SIZE = 8, WRAP_HEADER_SIZE = 16 };

static const uint8_t magic[MAGIC_SIZE] = {'L', 'I', 'M', 'G', 'W', 'R', 'A', 'P'};

int li_wrap_encode(const struct li_buffer *blob, struct li_buffer *out, struct li_error *err)
{
    uint8_t header[WRAP_HEADER_SIZE] = {0};
    int rc;

    if (blob->len == 0 || blob->len > LI_KMS_BLOB_MAX)
        return li_fail(err, LI_ELIMIT, "a wrapped key has 1 to %d bytes, not %zu", LI_KMS_BLOB_MAX,
                       blob->len);
    memcpy(header, magic, sizeof(magic));
    li_put_le16(header + 8, VERSION);
    li_put_le32(header + 12, (uint32_t)blob->len);
    out->len = 0;
    rc = li_buffer_append(out, header, sizeof(header), err);
    return rc < 0 ? rc : li_buffer_append(out, blob->data, blob->len, err);
}

int li_wrap_decode(const uint8_t *data, size_t len, const uint8_t **blob, size_t *blob_len,
                   struct li_error *err)
{
    struct li_cursor c = li_cursor(data, len);
    const uint8_t *found = li_cursor_take(&c, sizeof(magic));
    uint16_t version = li_cursor_le16(&c);
    uint16_t zeros = li_cursor_le16(&c);
    uint32_t length = li_cursor_le32(&c);

    if (c.bad || memcmp(found, magic, sizeof(magic)) != 0)
        return li_fail(err, LI_ECORRUPT, "this is not a wrapped key that lambdaimg made");
    if (version != VERSION)
        return li_fail(
            err, LI_EUNSUPPORTED,
            "wraps of version %u are not known to this lambdaimg; a newer lambdaimg may read it",
            version);
    if (zeros != 0 || length != c.left || length == 0 || length > LI_KMS_BLOB_MAX)
        return li_fail(err, LI_ECORRUPT, "the wrap is damaged");
    *blob = c.next;
    *blob_len = length;
    return 0;
}
