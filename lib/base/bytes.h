/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that put little-endian and big-endian values and get little-endian ones, and a
 * bounds-checked cursor for every byte that comes from outside.
 *
 * The put and get functions trust their pointer. A cursor never reads past its end: such a read
 * returns zeros, and `bad` stays set from then on, so a decoder may read all its fields and check
 * once.
 */
#ifndef LI_BASE_BYTES_H
#define LI_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline void li_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void li_put_le32(uint8_t *p, uint32_t v)
{
    li_put_le16(p, (uint16_t)v);
    li_put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void li_put_le64(uint8_t *p, uint64_t v)
{
    li_put_le32(p, (uint32_t)v);
    li_put_le32(p + 4, (uint32_t)(v >> 32));
}

static inline void li_put_be32(uint8_t *p, uint32_t v)
{
    li_put_le32(p, __builtin_bswap32(v));
}

static inline void li_put_be64(uint8_t *p, uint64_t v)
{
    li_put_le64(p, __builtin_bswap64(v));
}

static inline uint16_t li_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (p[1] << 8));
}

static inline uint32_t li_get_le32(const uint8_t *p)
{
    return (uint32_t)li_get_le16(p) | ((uint32_t)li_get_le16(p + 2) << 16);
}

static inline uint64_t li_get_le64(const uint8_t *p)
{
    return (uint64_t)li_get_le32(p) | ((uint64_t)li_get_le32(p + 4) << 32);
}

struct li_cursor {
    const uint8_t *next;
    size_t left; /* bytes */
    bool bad;
};

static inline struct li_cursor li_cursor(const void *data, size_t len)
{
    return (struct li_cursor){data, len, false};
}

/* The next LEN bytes, or NULL if fewer are left. The input owns them. */
static inline const uint8_t *li_cursor_take(struct li_cursor *c, size_t len)
{
    const uint8_t *p = c->next;

    if (c->bad || len > c->left) {
        c->bad = true;
        return NULL;
    }
    c->next += len;
    c->left -= len;
    return p;
}

static inline void li_cursor_bytes(struct li_cursor *c, void *to, size_t len)
{
    const uint8_t *p = li_cursor_take(c, len);

    if (p)
        memcpy(to, p, len);
    else
        memset(to, 0, len);
}

static inline uint8_t li_cursor_u8(struct li_cursor *c)
{
    const uint8_t *p = li_cursor_take(c, 1);

    return p ? *p : 0;
}

static inline uint16_t li_cursor_le16(struct li_cursor *c)
{
    const uint8_t *p = li_cursor_take(c, 2);

    return p ? li_get_le16(p) : 0;
}

static inline uint32_t li_cursor_le32(struct li_cursor *c)
{
    const uint8_t *p = li_cursor_take(c, 4);

    return p ? li_get_le32(p) : 0;
}

static inline uint64_t li_cursor_le64(struct li_cursor *c)
{
    const uint8_t *p = li_cursor_take(c, 8);

    return p ? li_get_le64(p) : 0;
}

#endif
