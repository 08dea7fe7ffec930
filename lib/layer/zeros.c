/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contents of every regular file are tested for zeros, and nearly always a few bytes that the
 * scan has read already show that there is data: the first word of a part is enough. Only if it is
 * zero, or if the contents begin after what was read, is the layer itself read. The pieces grow,
 * because a file that begins with a few zeros is far more common than one of zeros only.
 */
#include "layer/zeros.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

enum { FIRST_READ = 4096, LAST_READ = 128 * 1024 };

/* If all bytes equal the byte before them, and the first is zero, all are zeros. */
static bool is_zero(const uint8_t *data, size_t len)
{
    return len == 0 || (data[0] == 0 && memcmp(data, data + 1, len - 1) == 0);
}

static int read_on(const struct li_layer_part *part, uint64_t offset, uint64_t len, bool *out,
                   struct li_error *err)
{
    size_t want = FIRST_READ, most = 0;
    uint8_t *buf = malloc(LAST_READ);
    bool zero = true;
    int rc = buf ? 0 : li_fail_memory(err);

    while (rc == 0 && zero && len > 0) {
        size_t piece = len < want ? (size_t)len : want;

        most = piece > most ? piece : most;
        rc = li_layers_read(part->layers, part->index, buf, piece, offset, err);
        if (rc == 0)
            zero = is_zero(buf, piece);
        offset += piece;
        len -= piece;
        want = want < LAST_READ / 2 ? want * 2 : LAST_READ;
    }
    li_wipe(buf, most);
    free(buf);
    if (rc == 0)
        *out = zero;
    return rc;
}

int li_layer_is_zero(const struct li_layer_part *part, uint64_t offset, uint64_t len, bool *out,
                     struct li_error *err)
{
    if (offset >= part->offset && offset - part->offset < part->len) {
        size_t at = (size_t)(offset - part->offset), held = part->len - at;

        if (held > len)
            held = (size_t)len;
        if (!is_zero(part->data + at, held)) {
            *out = false;
            return 0;
        }
        offset += held;
        len -= held;
    }
    if (len == 0) {
        *out = true;
        return 0;
    }
    return read_on(part, offset, len, out, err);
}
