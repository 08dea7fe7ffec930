/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/tools/randomline.h"
#include "tests/tools/tarmake.h"

enum { NAME_END = 100, TRIES = 50 };

static size_t count_blocks(const struct li_buffer *tar)
{
    return tar->len / TAR_BLOCK;
}

static uint8_t *pick_block(struct li_buffer *tar)
{
    return tar->data + TAR_BLOCK * (size_t)pick((unsigned)count_blocks(tar));
}

/* A block that has a header's magic, else any. */
static uint8_t *pick_header(struct li_buffer *tar)
{
    uint8_t *block = pick_block(tar);

    for (int i = 0; i < TRIES && memcmp(block + 257, "ustar", 5) != 0; i++)
        block = pick_block(tar);
    return block;
}

/* ---- what a header says ---- */

static void change_byte(uint8_t *header)
{
    header[pick(TAR_BLOCK)] ^= (uint8_t)(1U << pick(8));
}

static void change_number(uint8_t *header)
{
    static const struct field {
        uint8_t at, len;
    } fields[] = {{100, 8}, {108, 8}, {116, 8}, {124, 12}, {124, 12}, {136, 12}};
    static const int64_t values[] = {0, 1, 511, 512, 513, 5000, -1, 1LL << 40, INT64_MAX};
    const struct field *f = &fields[pick(sizeof(fields) / sizeof(fields[0]))];

    tar_number(header + f->at, f->len, pick_of(values), (enum tar_digits)pick(TAR_DIGITS_ALL));
}

static void change_type(uint8_t *header)
{
    static const char types[] = "00112233445566677ggxxLKSSVDMANX\0Z";

    header[156] = (uint8_t)pick_of(types);
}

static void change_magic(uint8_t *header)
{
    static const char magics[][9] = {"ustar\00000", "ustar  \0", "\0\0\0\0\0\0\0\0", "ustar 00",
                                     "ustar\0  "};

    memcpy(header + 257, magics[pick(sizeof(magics) / sizeof(magics[0]))], 8);
    if (chance(20))
        memcpy(header + 508, "tar", 4);
}

static void change_name(uint8_t *header)
{
    static const char *const names[] = {"", "/", ".", "../x", "a/", "./", "a", "\xff"};
    const char *name = pick_of(names);

    memset(header, 0, NAME_END);
    memcpy(header, name, strlen(name));
}

static void change_header(uint8_t *header)
{
    static void (*const changes[])(uint8_t *) = {change_byte, change_number, change_number,
                                                 change_type, change_type,   change_magic,
                                                 change_name};

    changes[pick(sizeof(changes) / sizeof(changes[0]))](header);
    if (!chance(15))
        tar_checksum(header);
}

/* ---- where blocks are ---- */

static void remove_block(struct li_buffer *tar)
{
    uint8_t *at = chance(50) ? pick_header(tar) : pick_block(tar), *end = tar->data + tar->len;

    memmove(at, at + TAR_BLOCK, (size_t)(end - at) - TAR_BLOCK);
    tar->len -= TAR_BLOCK;
}

/* A copy of one, or zeros, before another. */
static void insert_block(struct li_buffer *tar)
{
    uint8_t block[TAR_BLOCK] = {0};
    uint8_t *at;

    if (!chance(30))
        memcpy(block, chance(70) ? pick_header(tar) : pick_block(tar), TAR_BLOCK);
    tar_append(tar, block, TAR_BLOCK);
    at = pick_block(tar);
    memmove(at + TAR_BLOCK, at, (size_t)(tar->data + tar->len - at) - TAR_BLOCK);
    memcpy(at, block, TAR_BLOCK);
}

static void swap_blocks(struct li_buffer *tar)
{
    uint8_t *a = pick_header(tar), *b = pick_block(tar), block[TAR_BLOCK];

    memcpy(block, a, TAR_BLOCK);
    memmove(a, b, TAR_BLOCK);
    memcpy(b, block, TAR_BLOCK);
}

/* A character of a text such as a PAX record, where one is found. */
static void change_text(struct li_buffer *tar)
{
    static const char to[] = "0123456789=\n ,.-\0xagz";
    uint8_t *block = pick_block(tar);

    for (int i = 0; i < TRIES && (block[0] < '0' || block[0] > '9'); i++)
        block = pick_block(tar);
    block[pick(chance(80) ? 60 : TAR_BLOCK)] = (uint8_t)pick_of(to);
}

static void mutate_once(struct li_buffer *tar)
{
    unsigned kind = pick(100);

    if (count_blocks(tar) < 2)
        return;
    if (kind < 60)
        change_header(pick_header(tar));
    else if (kind < 75)
        change_text(tar);
    else if (kind < 82)
        remove_block(tar);
    else if (kind < 90)
        insert_block(tar);
    else if (kind < 96)
        swap_blocks(tar);
    else
        tar->len = pick((unsigned)tar->len);
}

void tar_mutate(struct li_buffer *tar, unsigned count)
{
    while (count-- > 0)
        mutate_once(tar);
}
