/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file of known names, all numbers little-endian:
 *
 *       0   8  magic "LIMGNAME"
 *       8   4  version of this format, 1
 *      12   4  zeros
 *      16  32  the digest that names the set
 *      48   8  rows
 *      56      rows, in any order: name, 32 bytes; when it was last found, seconds since 1970
 *          32  HMAC-SHA256 of the first 56 bytes and SHA-256 of the rows
 *
 * Like all files of a memo, it is ignored if it is not valid.
 */
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "crypto/crypto.h"
#include "memo/internal.h"

enum { HEADER_SIZE = 56, FORMAT = 1 };

static const char magic[8] = {'L', 'I', 'M', 'G', 'N', 'A', 'M', 'E'};

static void file_name(const uint8_t *set, char name[LI_MEMO_NAME_MAX])
{
    li_hex_encode(set, LI_SHA256_SIZE, name);
    strcat(name, ".names");
}

static void put_header(const uint8_t *set, uint64_t rows, uint8_t header[HEADER_SIZE])
{
    memset(header, 0, HEADER_SIZE);
    memcpy(header, magic, sizeof(magic));
    li_put_le32(header + 8, FORMAT);
    memcpy(header + 16, set, LI_SHA256_SIZE);
    li_put_le64(header + 48, rows);
}

static int make_mac(const struct li_memo *memo, const uint8_t header[HEADER_SIZE],
                    const struct li_buffer *rows, uint8_t mac[LI_MAC_SIZE], struct li_error *err)
{
    uint8_t input[HEADER_SIZE + LI_SHA256_SIZE];
    int rc;

    memcpy(input, header, HEADER_SIZE);
    rc = li_sha256(rows->data, rows->len, input + HEADER_SIZE, err);
    return rc < 0 ? rc : li_crypto_mac(memo->mac_key, input, sizeof(input), mac, err);
}

/* LI_END if it is not valid. */
static int read_rows(const struct li_memo *memo, const uint8_t *set, int fd, uint64_t size,
                     struct li_buffer *rows, struct li_error *err)
{
    uint8_t header[HEADER_SIZE], want_header[HEADER_SIZE], mac[LI_MAC_SIZE], want[LI_MAC_SIZE];
    uint64_t count = (size - HEADER_SIZE - LI_MAC_SIZE) / LI_MEMO_NAME_ROW;
    size_t len = (size_t)count * LI_MEMO_NAME_ROW;
    int rc;

    if (size < HEADER_SIZE + LI_MAC_SIZE || count > LI_MEMO_NAMES_MAX ||
        size != HEADER_SIZE + len + LI_MAC_SIZE)
        return LI_END;
    put_header(set, count, want_header);
    rc = li_buffer_reserve(rows, len, err);
    if (rc == 0)
        rc = li_pread_all(fd, header, HEADER_SIZE, 0, err);
    if (rc == 0)
        rc = li_pread_all(fd, rows->data, len, HEADER_SIZE, err);
    if (rc == 0)
        rc = li_pread_all(fd, mac, sizeof(mac), HEADER_SIZE + len, err);
    rows->len = rc == 0 ? len : 0;
    if (rc == 0)
        rc = make_mac(memo, header, rows, want, err);
    if (rc == 0 &&
        (memcmp(header, want_header, HEADER_SIZE) != 0 || !li_equal_secret(mac, want, sizeof(mac))))
        rc = LI_END;
    return rc;
}

int li_memo_read_names(const struct li_memo *memo, const uint8_t set[LI_SHA256_SIZE],
                       struct li_buffer *rows, struct li_error *err)
{
    char name[LI_MEMO_NAME_MAX];
    uint64_t size;
    int fd = -1, rc;

    file_name(set, name);
    rows->len = 0;
    rc = li_memo_open_file(memo, name, &fd, &size);
    if (rc != 0)
        return rc;
    rc = read_rows(memo, set, fd, size, rows, err);
    close(fd);
    if (rc == 0)
        return 0;
    rows->len = 0;
    if (rc < 0 && rc != LI_ENOMEM)
        li_error_clear(err);
    return rc == LI_ENOMEM ? rc : LI_END;
}

int li_memo_write_names(const struct li_memo *memo, const uint8_t set[LI_SHA256_SIZE],
                        const struct li_buffer *rows, struct li_error *err)
{
    uint8_t header[HEADER_SIZE], mac[LI_MAC_SIZE];
    struct li_memo_piece pieces[] = {
        {header, sizeof(header)}, {rows->data, rows->len}, {mac, sizeof(mac)}};
    char name[LI_MEMO_NAME_MAX];
    int rc;

    put_header(set, rows->len / LI_MEMO_NAME_ROW, header);
    file_name(set, name);
    rc = make_mac(memo, header, rows, mac, err);
    if (rc == 0)
        rc = li_memo_write_file(memo, name, pieces, 3, err);
    if (rc == 0)
        li_memo_limit(memo, LI_MEMO_MAX);
    return rc;
}
