/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

/* DATA with room for WANT bytes, or NULL. */
static uint8_t *grow(struct li_buffer *b, size_t want)
{
    uint8_t *data;

    if (!b->borrowed)
        return b->wiped ? li_wipe_realloc(b->data, want) : realloc(b->data, want);
    data = malloc(want);
    if (data)
        memcpy(data, b->data, b->len);
    if (data && b->wiped)
        li_wipe(b->data, b->len);
    b->borrowed = !data;
    return data;
}

int li_buffer_reserve(struct li_buffer *b, size_t cap, struct li_error *err)
{
    size_t want = b->cap ? b->cap : 64;
    uint8_t *data;

    if (cap <= b->cap)
        return 0;
    while (want < cap) {
        if (want > SIZE_MAX / 2)
            return li_fail_memory(err);
        want *= 2;
    }
    data = grow(b, want);
    if (!data)
        return li_fail_memory(err);
    b->data = data;
    b->cap = want;
    return 0;
}

int li_buffer_append(struct li_buffer *b, const void *data, size_t len, struct li_error *err)
{
    int rc;

    if (len > SIZE_MAX - b->len)
        return li_fail_memory(err);
    rc = li_buffer_reserve(b, b->len + len, err);
    if (rc < 0)
        return rc;
    if (len)
        memcpy(b->data + b->len, data, len);
    b->len += len;
    return 0;
}

void li_buffer_free(struct li_buffer *b)
{
    if (!b)
        return;
    if (!b->borrowed)
        free(b->data);
    *b = (struct li_buffer){0};
}

void li_buffer_wipe_free(struct li_buffer *b)
{
    if (!b)
        return;
    li_wipe(b->data, b->cap);
    li_buffer_free(b);
}
