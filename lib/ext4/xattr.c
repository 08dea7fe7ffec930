/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes. A set that fits goes into the inode, after its fixed fields. A set that does
 * not fit takes a block, which up to 1024 inodes with equal sets share. Entries are sorted as the
 * kernel searches them: by name space, length of the name, name. POSIX ACLs are stored in ext4's
 * own form.
 */
#include <stdlib.h>
#include <string.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "base/array.h"
#include "base/bytes.h"
#include "ext4/plan.h"

enum {
    ENTRY_SIZE = 16, /* before the name */
    BLOCK_HEADER = 32,
    INODE_HEADER = 4, /* the magic number */
    END_MARK = 4,
    INODE_SPACE = LI_EXT4_INODE_SIZE - 128 - LI_EXT4_EXTRA_ISIZE,
    SET_MAX = 256, /* attributes that can fit a block */
};

static const struct {
    const char *prefix;
    uint8_t index;
} spaces[] = {
    {"user.", 1},
    {"system.posix_acl_access", 2},
    {"system.posix_acl_default", 3},
    {"trusted.", 4},
    {"security.", 6},
};

/* An attribute as it is written: the name without its name space, and the stored value. */
struct row {
    const char *name;
    const struct li_xattr *xattr;
    uint32_t size; /* of the stored value */
    uint8_t index;
    uint8_t name_len;
};

static bool is_acl(uint8_t index)
{
    return index == 2 || index == 3;
}

/* ext4 leaves out the qualifier of entries that do not need one. */
static uint32_t acl_size(const struct li_xattr *x)
{
    uint32_t size = 4;

    for (uint32_t at = 4; at + 8 <= x->size; at += 8) {
        uint16_t tag = li_get_le16(x->value + at);

        size += tag == 0x02 || tag == 0x08 ? 8 : 4;
    }
    return size;
}

static void put_acl(const struct li_xattr *x, uint8_t *to)
{
    li_put_le32(to, 1);
    to += 4;
    for (uint32_t at = 4; at + 8 <= x->size; at += 8) {
        uint16_t tag = li_get_le16(x->value + at);
        uint32_t size = tag == 0x02 || tag == 0x08 ? 8 : 4;

        memcpy(to, x->value + at, size);
        to += size;
    }
}

static struct row row_of(const struct li_xattr *x)
{
    struct row row = {.xattr = x, .size = x->size};

    for (size_t i = 0; i < sizeof(spaces) / sizeof(spaces[0]); i++) {
        size_t len = strlen(spaces[i].prefix);

        if (strncmp(x->name, spaces[i].prefix, len) != 0)
            continue;
        row.index = spaces[i].index;
        row.name = x->name + len;
        row.name_len = (uint8_t)strlen(row.name);
        if (is_acl(row.index))
            row.size = acl_size(x);
        break;
    }
    return row;
}

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (x->index != y->index)
        return x->index < y->index ? -1 : 1;
    if (x->name_len != y->name_len)
        return x->name_len < y->name_len ? -1 : 1;
    return memcmp(x->name, y->name, x->name_len);
}

static size_t rows_of(const struct li_ext4 *plan, uint32_t set, struct row *rows)
{
    size_t count;
    const struct li_xattr *list = li_tree_xattrs(plan->tree, set, &count);

    if (count > SET_MAX)
        count = SET_MAX; /* no set that the plan has accepted is larger */
    for (size_t i = 0; i < count; i++)
        rows[i] = row_of(&list[i]);
    qsort(rows, count, sizeof(*rows), compare_rows);
    return count;
}

static size_t round4(size_t n)
{
    return (n + 3) & ~(size_t)3;
}

/* Bytes that a set takes, without the header before it. */
static size_t set_size(const struct li_ext4 *plan, uint32_t set)
{
    size_t count, size = END_MARK;
    const struct li_xattr *list = li_tree_xattrs(plan->tree, set, &count);

    for (size_t i = 0; i < count; i++) {
        struct row row = row_of(&list[i]);

        size += round4(ENTRY_SIZE + (size_t)row.name_len) + round4(row.size);
    }
    return size;
}

static bool fits_inode(const struct li_ext4 *plan, uint32_t set)
{
    return set_size(plan, set) <= INODE_SPACE - INODE_HEADER;
}

/* The place where a set is written. */
struct room {
    uint8_t *buf;
    size_t size; /* bytes of it */
    size_t at;   /* where entries begin; values are at the end of the room, and grow backwards */
    size_t base; /* the base of the offsets of values */
    bool hashes; /* whether entries have hashes: only in blocks */
};

/* Writes the rows. Returns the hash of all rows. */
static uint32_t put_rows(const struct row *rows, size_t count, const struct room *room)
{
    size_t at = room->at, size = room->size;
    uint8_t *buf = room->buf;
    uint32_t all = 0;

    for (size_t i = 0; i < count; i++) {
        struct ext2_ext_attr_entry *entry = (struct ext2_ext_attr_entry *)(void *)(buf + at);
        uint32_t hash = 0;

        size -= round4(rows[i].size);
        if (is_acl(rows[i].index))
            put_acl(rows[i].xattr, buf + size);
        else if (rows[i].size)
            memcpy(buf + size, rows[i].xattr->value, rows[i].size);
        buf[at] = rows[i].name_len;
        buf[at + 1] = rows[i].index;
        li_put_le16(buf + at + 2, rows[i].size ? (uint16_t)(size - room->base) : 0);
        li_put_le32(buf + at + 8, rows[i].size);
        memcpy(buf + at + ENTRY_SIZE, rows[i].name, rows[i].name_len);
        if (room->hashes)
            hash = ext2fs_ext_attr_hash_entry(entry, buf + size);
        li_put_le32(buf + at + 12, hash);
        all = (all << 16) ^ (all >> 16) ^ hash;
        at += round4(ENTRY_SIZE + (size_t)rows[i].name_len);
    }
    return all;
}

uint64_t li_ext4_xattr_inode(const struct li_ext4 *plan, uint32_t inode, uint8_t *space)
{
    uint32_t set = li_tree_inode(plan->tree, inode)->xattrs;
    const struct li_extra *extra;
    struct row rows[SET_MAX];
    size_t count;

    if (set == LI_TREE_NONE)
        return 0;
    extra = li_extra_find(plan->xattr, plan->xattrs, inode);
    if (extra)
        return plan->xattr_zone.first + extra->block;
    count = rows_of(plan, set, rows);
    li_put_le32(space, EXT2_EXT_ATTR_MAGIC);
    put_rows(rows, count,
             &(struct room){space, INODE_SPACE, .at = INODE_HEADER, .base = INODE_HEADER});
    return 0;
}

void li_ext4_xattr_block(const struct li_ext4 *plan, uint32_t block, uint8_t *buf)
{
    struct row rows[SET_MAX];
    size_t count = rows_of(plan, plan->xattr_set[block], rows);
    uint8_t number[8];
    uint32_t hash;

    li_put_le32(buf, EXT2_EXT_ATTR_MAGIC);
    li_put_le32(buf + 4, plan->xattr_users[block]);
    li_put_le32(buf + 8, 1);
    hash = put_rows(rows, count,
                    &(struct room){buf, LI_EXT4_BLOCK_SIZE, .at = BLOCK_HEADER, .hashes = true});
    li_put_le32(buf + 12, hash);
    li_put_le64(number, plan->xattr_zone.first + block);
    li_put_le32(buf + 16, li_ext4_crc(li_ext4_crc(LI_EXT4_CHECKSUM_SEED, number, sizeof(number)),
                                      buf, LI_EXT4_BLOCK_SIZE));
}

static int add_block(struct li_ext4 *plan, uint32_t set, size_t *set_cap, size_t *user_cap,
                     struct li_error *err)
{
    size_t want = (size_t)plan->xattr_blocks + 1;
    int rc = li_array_reserve(&plan->xattr_set, set_cap, want, sizeof(*plan->xattr_set), err);

    if (rc == 0)
        rc = li_array_reserve(&plan->xattr_users, user_cap, want, sizeof(*plan->xattr_users), err);
    if (rc < 0)
        return rc;
    plan->xattr_set[plan->xattr_blocks] = set;
    plan->xattr_users[plan->xattr_blocks++] = 0;
    return 0;
}

int li_ext4_xattr_plan(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t inodes = li_tree_inodes(plan->tree), sets = li_tree_xattr_sets(plan->tree);
    uint32_t *open =
        malloc((sets ? sets : 1) * sizeof(*open)); /* by set: its block that has room */
    size_t cap = 0, set_cap = 0, user_cap = 0;
    int rc = open ? 0 : li_fail_memory(err);

    for (uint32_t i = 0; i < sets && rc == 0; i++)
        open[i] = LI_EXT4_NONE;
    for (uint32_t i = 0; i < inodes && rc == 0; i++) {
        const struct li_inode *inode = li_tree_inode(plan->tree, i);
        uint32_t set = inode->xattrs;

        if (inode->links == 0 || set == LI_TREE_NONE || fits_inode(plan, set))
            continue;
        if (set_size(plan, set) > LI_EXT4_BLOCK_SIZE - BLOCK_HEADER) {
            li_fail(err, LI_EUNSUPPORTED,
                    "it has %zu bytes of extended attributes; lambdaimg stores up to %d",
                    set_size(plan, set), LI_EXT4_BLOCK_SIZE - BLOCK_HEADER);
            rc = li_ext4_blame(plan, i, err);
            break;
        }
        if (open[set] == LI_EXT4_NONE || plan->xattr_users[open[set]] == LI_EXT4_XATTR_SHARE_MAX) {
            rc = add_block(plan, set, &set_cap, &user_cap, err);
            open[set] = plan->xattr_blocks - 1;
        }
        if (rc == 0)
            rc = li_array_reserve(&plan->xattr, &cap, plan->xattrs + 1, sizeof(*plan->xattr), err);
        if (rc == 0) {
            plan->xattr_users[open[set]]++;
            plan->xattr[plan->xattrs++] = (struct li_extra){i, open[set]};
        }
    }
    free(open);
    return rc;
}
