/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a layer was found sound: a file by path, device, inode, size and times, and the place in
 * it. Bytes that lie there still need no hash again. The stamp of a layer is the file DIFF_ID.at,
 * its numbers little-endian:
 *
 *       0   8  magic "LIMGSTMP"
 *       8   4  version of this format, 1
 *      12  32  diff ID
 *      44   8  device
 *      52   8  inode
 *      60   8  bytes of the file
 *      68   8  seconds of its last modification
 *      76   4  nanoseconds
 *      80   8  seconds of its last change
 *      88   4  nanoseconds
 *      92   8  where in the file the layer begins
 *     100   8  bytes of the layer
 *     108  32  SHA-256 of the file's path
 *     140  32  HMAC-SHA256 of these
 *
 * It is never decoded: what it would have to be by now is made, and compared.
 *
 * A file that is changed twice within one tick of its times looks unchanged, so one that was
 * changed just now gets no stamp (git's index has the same rule for the same reason).
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/io.h"
#include "crypto/crypto.h"
#include "memo/internal.h"

enum { FORMAT = 1, PATH_SIZE = 4096, SETTLED = 2 /* seconds */ };

static void stamp_name(const uint8_t *diff_id, char name[LI_MEMO_NAME_MAX])
{
    li_hex_encode(diff_id, LI_SHA256_SIZE, name);
    strcat(name, ".at");
}

/* The path of an open file; LI_END where it has none. */
static int hash_path(int fd, uint8_t digest[LI_SHA256_SIZE], struct li_error *err)
{
    char self[64], path[PATH_SIZE];
    ssize_t len;

    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    len = readlink(self, path, sizeof(path));
    if (len <= 0 || (size_t)len == sizeof(path))
        return LI_END;
    return li_sha256(path, (size_t)len, digest, err);
}

/* The stamp as it has to be now, without its MAC. LI_END where the file cannot have one. */
static int make_stamp(const struct li_blob *blob, uint8_t p[LI_MEMO_STAMP_SIZE], struct stat *st,
                      struct li_error *err)
{
    if (fstat(blob->fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_nlink == 0)
        return LI_END;
    memcpy(p, "LIMGSTMP", 8);
    li_put_le32(p + 8, FORMAT);
    memcpy(p + 12, blob->diff_id, LI_SHA256_SIZE);
    li_put_le64(p + 44, (uint64_t)st->st_dev);
    li_put_le64(p + 52, (uint64_t)st->st_ino);
    li_put_le64(p + 60, (uint64_t)st->st_size);
    li_put_le64(p + 68, (uint64_t)st->st_mtim.tv_sec);
    li_put_le32(p + 76, (uint32_t)st->st_mtim.tv_nsec);
    li_put_le64(p + 80, (uint64_t)st->st_ctim.tv_sec);
    li_put_le32(p + 88, (uint32_t)st->st_ctim.tv_nsec);
    li_put_le64(p + 92, blob->offset);
    li_put_le64(p + 100, blob->length);
    return hash_path(blob->fd, p + 108, err);
}

int li_memo_read_stamp(const struct li_memo *memo, struct li_memo_layer *layer,
                       struct li_error *err)
{
    uint8_t mac[LI_MAC_SIZE], have[LI_MEMO_STAMP_SIZE + LI_MAC_SIZE];
    struct li_error ignored = LI_ERROR_INIT;
    char name[LI_MEMO_NAME_MAX];
    uint64_t size;
    struct stat st;
    int fd = -1;
    int rc = make_stamp(layer->blob, layer->stamp, &st, err);

    layer->place = rc == 0;
    if (rc == 0)
        rc = li_crypto_mac(&memo->mac_key, layer->stamp, LI_MEMO_STAMP_SIZE, mac, err);
    if (rc != 0)
        return rc;
    stamp_name(layer->blob->diff_id, name);
    rc = li_memo_open_file(memo, name, &fd, &size);
    if (rc != 0)
        return rc;
    if (size != sizeof(have) || li_pread_all(fd, have, sizeof(have), 0, &ignored) < 0 ||
        memcmp(have, layer->stamp, LI_MEMO_STAMP_SIZE) != 0 ||
        !li_equal_secret(have + LI_MEMO_STAMP_SIZE, mac, sizeof(mac)))
        rc = LI_END;
    close(fd);
    return rc;
}

bool li_memo_is_unchanged(const struct li_memo_layer *layer)
{
    struct li_error ignored = LI_ERROR_INIT;
    uint8_t now[LI_MEMO_STAMP_SIZE];
    struct stat st;

    return layer->place && make_stamp(layer->blob, now, &st, &ignored) == 0 &&
           memcmp(now, layer->stamp, sizeof(now)) == 0;
}

int li_memo_write_stamp(const struct li_memo *memo, const struct li_memo_layer *layer,
                        struct li_error *err)
{
    uint8_t mac[LI_MAC_SIZE];
    struct li_memo_piece pieces[] = {{layer->stamp, LI_MEMO_STAMP_SIZE}, {mac, sizeof(mac)}};
    int64_t settled = memo->env->now() - SETTLED;
    char name[LI_MEMO_NAME_MAX];
    struct stat st;
    int rc;

    if (!li_memo_is_unchanged(layer) || fstat(layer->blob->fd, &st) < 0 ||
        st.st_mtim.tv_sec >= settled || st.st_ctim.tv_sec >= settled)
        return 0;
    stamp_name(layer->blob->diff_id, name);
    rc = li_crypto_mac(&memo->mac_key, layer->stamp, LI_MEMO_STAMP_SIZE, mac, err);
    return rc < 0 ? rc : li_memo_write_file(memo, name, pieces, 2, err);
}
