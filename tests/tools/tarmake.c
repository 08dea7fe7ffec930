/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/tarmake.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/tools/randomline.h"

void tar_append(struct li_buffer *tar, const void *data, size_t len)
{
    struct li_error err = LI_ERROR_INIT;

    if (li_buffer_append(tar, data, len, &err) < 0)
        errx(1, "%s", err.text);
}

void tar_pad(struct li_buffer *tar)
{
    static const uint8_t zeros[TAR_BLOCK];

    tar_append(tar, zeros, -tar->len % TAR_BLOCK);
}

/* ---- headers ---- */

static void put_base_256(uint8_t *field, size_t len, int64_t value)
{
    for (size_t i = len; i > 0; i--, value >>= 8)
        field[i - 1] = (uint8_t)value;
    field[0] |= 0x80;
}

/* The digits of VALUE, with at least WIDTH of FILL and them; NULL where there is no room. */
static char *format_octal(char text[32], int64_t value, size_t width, size_t room, char fill)
{
    char digits[32];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIo64, value);

    if (value < 0 || len > room)
        return NULL;
    if (width > room)
        width = room;
    memset(text, fill, 32);
    memcpy(text + (width > len ? width - len : 0), digits, len + 1);
    return text;
}

static void put_octal(uint8_t *field, size_t len, int64_t value, enum tar_digits digits)
{
    size_t room = len - (digits == TAR_OCTAL_FULL ? 0 : 1);
    char fill = '0', text[32];

    if (digits == TAR_BLANKS_FIRST)
        fill = ' ';
    if (digits == TAR_NULS_FIRST)
        fill = '\0';
    if (!format_octal(text, value, digits == TAR_JUNK_BEHIND ? 0 : room, room, fill)) {
        put_base_256(field, len, value);
        return;
    }
    memcpy(field, text, room);
    if (digits == TAR_OCTAL_SPACE)
        field[room] = ' ';
    if (digits == TAR_JUNK_BEHIND)
        memset(field + strlen(text) + 1, 'j', room - strlen(text));
}

void tar_number(uint8_t *field, size_t len, int64_t value, enum tar_digits digits)
{
    memset(field, 0, len);
    switch (digits) {
    case TAR_EMPTY:
        memset(field, pick(2) ? ' ' : '\0', len);
        break;
    case TAR_LETTERS:
        memset(field, 'x', len - 1);
        break;
    case TAR_MINUS:
        snprintf((char *)field, len, "-%o", pick(8));
        break;
    case TAR_BASE_256:
        put_base_256(field, len, value);
        break;
    default:
        put_octal(field, len, value, digits);
    }
}

void tar_checksum(uint8_t *header)
{
    unsigned sum = 0;

    memset(header + 148, ' ', 8);
    for (size_t i = 0; i < TAR_BLOCK; i++)
        sum += header[i];
    snprintf((char *)header + 148, 8, "%06o", sum);
}

static void put_magic(uint8_t *block, const struct tar_header *h)
{
    if (h->magic == TAR_V7)
        return;
    memcpy(block + 257, h->magic == TAR_GNU ? "ustar  " : "ustar\00000", 8);
    memcpy(block + 265, "user", 4);
    memcpy(block + 297, "group", 5);
    tar_number(block + 329, 8, h->major, h->digits);
    tar_number(block + 337, 8, h->minor, h->digits);
    memcpy(block + 345, h->prefix, strnlen(h->prefix, h->magic == TAR_STAR ? 131 : 155));
    if (h->magic == TAR_STAR) {
        tar_number(block + 476, 12, h->mtime, TAR_OCTAL);
        tar_number(block + 488, 12, h->mtime, TAR_OCTAL);
        memcpy(block + 508, "tar", 4);
    }
}

size_t tar_put_header(struct li_buffer *tar, const struct tar_header *h)
{
    uint8_t block[TAR_BLOCK] = {0};
    size_t at = tar->len;

    memcpy(block, h->name, strnlen(h->name, 100));
    tar_number(block + 100, 8, h->mode, h->digits);
    tar_number(block + 108, 8, h->uid, h->digits);
    tar_number(block + 116, 8, h->gid, h->digits);
    tar_number(block + 124, 12, h->size, h->size_digits);
    tar_number(block + 136, 12, h->mtime, h->digits);
    block[156] = (uint8_t)h->type;
    memcpy(block + 157, h->target, strnlen(h->target, 100));
    put_magic(block, h);
    tar_checksum(block);
    tar_append(tar, block, sizeof(block));
    return at;
}

/* ---- what goes before and behind them ---- */

void tar_record(struct li_buffer *records, const char *key, const void *value, size_t len)
{
    size_t rest = strlen(key) + len + 3, total = rest + 1;
    char digits[32];

    while (rest + (size_t)snprintf(digits, sizeof(digits), "%zu", total) != total)
        total++;
    tar_append(records, digits, strlen(digits));
    tar_append(records, " ", 1);
    tar_append(records, key, strlen(key));
    tar_append(records, "=", 1);
    tar_append(records, value, len);
    tar_append(records, "\n", 1);
}

void tar_record_text(struct li_buffer *records, const char *key, const char *value)
{
    tar_record(records, key, value, strlen(value));
}

void tar_put_special(struct li_buffer *tar, char type, const void *data, size_t len)
{
    struct tar_header h = {.name = "special", .type = type, .size = (int64_t)len, .mode = 0644};

    h.magic = type == 'L' || type == 'K' ? TAR_GNU : TAR_USTAR;
    tar_put_header(tar, &h);
    tar_append(tar, data, len);
    tar_pad(tar);
}

void tar_put_contents(struct li_buffer *tar, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)('a' + pick(26));

        tar_append(tar, &byte, 1);
    }
    tar_pad(tar);
}
