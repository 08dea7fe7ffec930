/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/tarfacts.h"

#include <string.h>

enum { BLOCK = 512, AT_SIZE = 124, SIZE = 12, AT_TYPE = 156 };

bool tar_facts_octal(const uint8_t *header, size_t at, size_t len, uint64_t *out)
{
    const uint8_t *field = header + at;
    uint64_t value = 0;
    size_t i = 0;

    while (i < len && field[i] == ' ')
        i++;
    for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
        value = value << 3 | (uint64_t)(field[i] - '0');
    *out = value;
    while (i < len && (field[i] == ' ' || field[i] == '\0'))
        i++;
    return i == len;
}

/* Of a special header: with NULs in front, or in base 256, too. */
static uint64_t special_size(const uint8_t *header)
{
    uint64_t size = 0;
    size_t skip = 0;

    if (header[AT_SIZE] & 0x80) {
        for (size_t i = 1; i < SIZE; i++)
            size = size << 8 | header[AT_SIZE + i];
        return size;
    }
    while (skip < SIZE - 1 && header[AT_SIZE + skip] == '\0')
        skip++;
    return tar_facts_octal(header, AT_SIZE + skip, SIZE - skip, &size) ? size : 0;
}

static bool is_odd_special(const uint8_t *tar, size_t len, uint64_t at)
{
    const uint8_t *header = tar + at;
    uint64_t size;

    if (!tar_facts_octal(header, AT_SIZE, SIZE, &size))
        return true;
    return (header[AT_TYPE] == 'L' || header[AT_TYPE] == 'K') &&
           (size == 0 || len - at <= BLOCK || header[BLOCK] == '\0');
}

static void take_records(struct tar_facts *out, const uint8_t *tar, size_t len, uint64_t size)
{
    out->records = (const char *)tar + out->end;
    out->records_length = (size_t)(size < len - out->end ? size : len - out->end);
    if (out->records_count++ > 0)
        return;
    out->first_records = out->records;
    out->first_records_length = out->records_length;
}

void tar_facts_read(const uint8_t *tar, size_t len, uint64_t at, struct tar_facts *out)
{
    static const uint8_t zeros[BLOCK];

    *out = (struct tar_facts){.end = at};
    while (out->end < len && len - out->end >= BLOCK) {
        const uint8_t *header = tar + out->end;
        char type = (char)header[AT_TYPE];
        uint64_t size = special_size(header);
        bool odd = is_odd_special(tar, len, out->end);

        if (memcmp(header, zeros, BLOCK) == 0)
            return;
        out->end += BLOCK;
        if (type == '\0' || !strchr("xgLKV", type)) {
            out->header = header;
            return;
        }
        if (type == 'x')
            take_records(out, tar, len, size);
        out->label |= type == 'V';
        out->long_last |= strchr("LK", type) && out->records_count > 0;
        out->lost |= type == 'g' && out->specials > 0;
        out->odd_special |= odd;
        out->specials++;
        if (size > len)
            return;
        out->end += (size + BLOCK - 1) / BLOCK * BLOCK;
    }
}

/* A record's KEY=VALUE and newline, where there is one at the start of *TEXT; it is cut off. */
static bool cut_record(const char **text, size_t *left, const char **record, size_t *len)
{
    size_t total = 0, digits = 0;

    while (digits < *left && digits < 7 && (*text)[digits] >= '0' && (*text)[digits] <= '9')
        total = 10 * total + (size_t)((*text)[digits++] - '0');
    if (digits == 0 || total > *left || total < digits + 2 || (*text)[digits] != ' ')
        return false;
    *record = *text + digits + 1;
    *len = total - digits - 1;
    *text += total;
    *left -= total;
    return true;
}

static bool has(const char *text, size_t left, const char *start)
{
    size_t wanted = strlen(start), len;
    const char *record;

    while (cut_record(&text, &left, &record, &len))
        if (len >= wanted && memcmp(record, start, wanted) == 0 &&
            (start[wanted - 1] != '\n' || len == wanted))
            return true;
    return false;
}

bool tar_facts_has(const struct tar_facts *facts, const char *start)
{
    return has(facts->records, facts->records_length, start) ||
           has(facts->first_records, facts->first_records_length, start);
}

bool tar_facts_is(const struct tar_facts *facts, const char *key, const char *value)
{
    const char *text = facts->records, *record;
    size_t left = facts->records_length, at = strlen(key), wanted = strlen(value), len;
    bool is = false;

    while (cut_record(&text, &left, &record, &len))
        if (len > at && memcmp(record, key, at) == 0 && record[at] == '=')
            is = len == at + wanted + 2 && memcmp(record + at + 1, value, wanted) == 0;
    return is;
}
