/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of a layer, all numbers little-endian:
 *
 *       0   8  magic "LIMGMEMO"
 *       8   4  version of this format, 3
 *      12   4  version of the layout
 *      16  32  SHA-256 of the text with the versions of the program and its libraries
 *      48  32  diff ID
 *      80   8  bytes of the layer's uncompressed tar
 *      88   8  bytes of the entries, packed
 *      96   8  rows
 *     104      the entries, packed: see lib/layer/record.c and lib/base/packed.h
 *              rows, ascending by recipe: recipe, digest, 32 bytes each; a digest of zeros
 *              means a chunk of zeros
 *          32  HMAC-SHA256 of the first 104 bytes, SHA-256 of the entries, SHA-256 of the rows
 *
 * The lengths are compared with the file's and with limits before they are used, and the MAC is
 * checked before anything else is trusted. All entries are checked once here, so that no fault
 * shows when half of a tree is built.
 */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "crypto/crypto.h"
#include "layer/layout.h"
#include "memo/internal.h"

/* FORMAT also changes when the scan gives another result for a layer that it accepted before. */
enum { HEADER_SIZE = 104, FORMAT = 3 };

static const char magic[8] = {'L', 'I', 'M', 'G', 'M', 'E', 'M', 'O'};

/* The part of the header that must match exactly. */
enum { FIXED_SIZE = 80 };

static void put_fixed(const struct li_memo *memo, const uint8_t *diff_id, uint8_t *p)
{
    memcpy(p, magic, sizeof(magic));
    li_put_le32(p + 8, FORMAT);
    li_put_le32(p + 12, LI_LAYOUT_LATEST);
    memcpy(p + 16, memo->made_by, LI_SHA256_SIZE);
    memcpy(p + 48, diff_id, LI_SHA256_SIZE);
}

static int make_mac(const struct li_memo *memo, const uint8_t header[HEADER_SIZE],
                    const struct li_buffer *entries, const struct li_buffer *rows,
                    uint8_t mac[LI_MAC_SIZE], struct li_error *err)
{
    uint8_t input[HEADER_SIZE + 2 * LI_SHA256_SIZE];
    int rc;

    memcpy(input, header, HEADER_SIZE);
    rc = li_sha256(entries->data, entries->len, input + HEADER_SIZE, err);
    if (rc == 0)
        rc = li_sha256(rows->data, rows->len, input + HEADER_SIZE + LI_SHA256_SIZE, err);
    return rc < 0 ? rc : li_crypto_mac(memo->mac_key, input, sizeof(input), mac, err);
}

static int read_piece(int fd, struct li_buffer *out, size_t len, uint64_t *at, struct li_error *err)
{
    int rc = li_buffer_reserve(out, len, err);

    if (rc == 0)
        rc = li_pread_all(fd, out->data, len, *at, err);
    if (rc == 0)
        out->len = len;
    *at += len;
    return rc;
}

static int no_visit(void *arg, const struct li_entry *entry, struct li_error *err)
{
    (void)arg, (void)entry, (void)err;
    return 0;
}

/* LI_END if the header does not fit this layer, this program and this size. */
static int read_header(const struct li_memo *memo, const uint8_t *diff_id, int fd, uint64_t size,
                       uint8_t header[HEADER_SIZE], struct li_error *err)
{
    uint8_t want[FIXED_SIZE];
    uint64_t entries, rows;
    int rc;

    if (size < HEADER_SIZE + LI_MAC_SIZE)
        return LI_END;
    rc = li_pread_all(fd, header, HEADER_SIZE, 0, err);
    if (rc < 0)
        return rc;
    put_fixed(memo, diff_id, want);
    entries = li_get_le64(header + 88);
    rows = li_get_le64(header + 96);
    if (memcmp(header, want, FIXED_SIZE) != 0 ||
        li_get_le64(header + 80) > LI_LAYERS_MAX_INFLATED || entries > LI_RECORD_KEPT_MAX ||
        rows > LI_MEMO_MAX_ROWS ||
        size != HEADER_SIZE + entries + rows * LI_MEMO_ROW_SIZE + LI_MAC_SIZE)
        return LI_END;
    return 0;
}

static int read_parts(const struct li_memo *memo, const uint8_t header[HEADER_SIZE], int fd,
                      struct li_record *record, struct li_buffer *rows, struct li_error *err)
{
    uint8_t mac[LI_MAC_SIZE], want[LI_MAC_SIZE];
    uint64_t at = HEADER_SIZE;
    int rc;

    rc = read_piece(fd, &record->entries.blocks, li_get_le64(header + 88), &at, err);
    if (rc == 0)
        rc = read_piece(fd, rows, li_get_le64(header + 96) * LI_MEMO_ROW_SIZE, &at, err);
    if (rc == 0)
        rc = li_pread_all(fd, mac, sizeof(mac), at, err);
    if (rc == 0)
        rc = make_mac(memo, header, &record->entries.blocks, rows, want, err);
    if (rc == 0 && !li_equal_secret(mac, want, sizeof(mac)))
        return LI_END;
    record->length = li_get_le64(header + 80);
    return rc < 0 ? rc : li_record_replay(record, 0, 0, no_visit, NULL, err);
}

int li_memo_read_layer(const struct li_memo *memo, const uint8_t diff_id[LI_SHA256_SIZE],
                       struct li_record *record, struct li_buffer *rows, struct li_error *err)
{
    char name[LI_MEMO_NAME_MAX];
    uint8_t header[HEADER_SIZE];
    struct li_record got = {0};
    uint64_t size;
    int fd = -1;
    int rc;

    li_hex_encode(diff_id, LI_SHA256_SIZE, name);
    rows->len = 0;
    rc = li_memo_open_file(memo, name, &fd, &size);
    if (rc != 0)
        return rc;
    rc = read_header(memo, diff_id, fd, size, header, err);
    if (rc == 0)
        rc = read_parts(memo, header, fd, &got, rows, err);
    close(fd);
    if (rc != 0) {
        li_record_drop(&got);
        rows->len = 0;
        if (rc < 0 && rc != LI_ENOMEM)
            li_error_clear(err);
        return rc == LI_ENOMEM ? rc : LI_END;
    }
    li_record_drop(record);
    record->entries = got.entries;
    record->length = got.length;
    record->whole = true;
    return 0;
}

int li_memo_write_layer(const struct li_memo *memo, const uint8_t diff_id[LI_SHA256_SIZE],
                        const struct li_record *record, const struct li_buffer *rows,
                        struct li_error *err)
{
    const struct li_buffer *entries = &record->entries.blocks;
    uint8_t header[HEADER_SIZE], mac[LI_MAC_SIZE];
    struct li_memo_piece pieces[] = {{header, sizeof(header)},
                                     {entries->data, entries->len},
                                     {rows->data, rows->len},
                                     {mac, sizeof(mac)}};
    char name[LI_MEMO_NAME_MAX];
    int rc;

    put_fixed(memo, diff_id, header);
    li_put_le64(header + 80, record->length);
    li_put_le64(header + 88, entries->len);
    li_put_le64(header + 96, rows->len / LI_MEMO_ROW_SIZE);
    li_hex_encode(diff_id, LI_SHA256_SIZE, name);
    rc = make_mac(memo, header, entries, rows, mac, err);
    return rc < 0 ? rc : li_memo_write_file(memo, name, pieces, 4, err);
}
