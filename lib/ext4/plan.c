/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole plan: inodes are numbered in the order of the layers and their entries, then each zone
 * is laid out, then the geometry follows from the sizes of the zones.
 */
#include "ext4/plan.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <ext2fs/ext2_fs.h>
#include <ext2fs/ext2fs.h>

#include "base/array.h"
#include "base/bytes.h"
#include "base/sha256.h"

uint32_t li_ext4_crc(uint32_t crc, const void *data, size_t len)
{
    return ext2fs_crc32c_le(crc, data, len);
}

uint32_t li_ext4_inode_crc(uint32_t ino)
{
    uint8_t bytes[8] = {0};

    li_put_le32(bytes, ino);
    return li_ext4_crc(LI_EXT4_CHECKSUM_SEED, bytes, sizeof(bytes));
}

int li_ext4_blame(const struct li_ext4 *plan, uint32_t inode, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    char shown[LI_TREE_SHOWN_MAX];
    struct li_buffer path = {0};

    for (uint32_t n = 0; n < li_tree_nodes(plan->tree); n++) {
        if (li_tree_node(plan->tree, n)->inode != inode)
            continue;
        if (li_tree_path(plan->tree, n, &path, &ignored) == 0)
            li_context(err, "%s", li_tree_show_path((const char *)path.data, shown));
        break;
    }
    li_buffer_free(&path);
    return err->code;
}

static bool ends_before(const void *row, const void *key)
{
    const struct li_piece *piece = row;

    return (uint64_t)piece->block + piece->count <= *(const uint64_t *)key;
}

size_t li_piece_find(const struct li_ext4 *plan, uint64_t block)
{
    return li_array_lower_bound(plan->piece, plan->pieces, sizeof(*plan->piece), ends_before,
                                &block);
}

static bool is_of_earlier_inode(const void *row, const void *key)
{
    return ((const struct li_extra *)row)->inode < *(const uint32_t *)key;
}

const struct li_extra *li_extra_find(const struct li_extra *rows, size_t count, uint32_t inode)
{
    size_t at = li_array_lower_bound(rows, count, sizeof(*rows), is_of_earlier_inode, &inode);

    return at < count && rows[at].inode == inode ? &rows[at] : NULL;
}

static int number_inodes(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t inodes = li_tree_inodes(plan->tree);
    uint32_t root = li_tree_node(plan->tree, LI_TREE_ROOT)->inode, used = 0;

    plan->ino = calloc(inodes, sizeof(*plan->ino));
    plan->inode = calloc(inodes, sizeof(*plan->inode));
    plan->allocation = malloc(inodes * sizeof(*plan->allocation));
    if (!plan->ino || !plan->inode || !plan->allocation)
        return li_fail_memory(err);
    for (uint32_t i = 0; i < inodes; i++) {
        plan->allocation[i] = (struct li_allocation){LI_EXT4_NONE, LI_EXT4_NONE};
        if (i == root) {
            plan->ino[i] = LI_EXT4_ROOT_INO;
        } else if (li_tree_inode(plan->tree, i)->links > 0) {
            plan->ino[i] = LI_EXT4_FIRST_INO + used;
            plan->inode[used++] = i;
        }
    }
    plan->last_ino = LI_EXT4_FIRST_INO + used - 1;
    return 0;
}

/* Symbolic links that do not fit in their inodes have a block each. */
static int plan_links(struct li_ext4 *plan, struct li_error *err)
{
    uint32_t inodes = li_tree_inodes(plan->tree);
    size_t cap = 0;
    int rc = 0;

    for (uint32_t i = 0; i < inodes && rc == 0; i++) {
        const struct li_inode *inode = li_tree_inode(plan->tree, i);

        if (inode->links == 0 || !S_ISLNK(inode->mode) || inode->size <= LI_EXT4_FAST_LINK_MAX)
            continue;
        rc = li_array_reserve(&plan->link, &cap, (size_t)plan->links + 1, sizeof(*plan->link), err);
        if (rc < 0)
            break;
        plan->allocation[i].first = plan->links;
        plan->link[plan->links++] = i;
    }
    return rc;
}

/* The UUID identifies the image and depends on the layers: a hash of their diff IDs, marked as a
 * custom UUID (RFC 9562, version 8). */
static int make_uuid(struct li_ext4 *plan, struct li_error *err)
{
    static const char label[] = "lambdaimg ext4 uuid";
    const struct li_layers *layers = li_tree_layers(plan->tree);
    struct li_sha256 *hash = NULL;
    uint8_t digest[LI_SHA256_SIZE];
    int rc = li_sha256_new(&hash, err);

    if (rc == 0)
        rc = li_sha256_update(hash, label, sizeof(label), err);
    for (size_t i = 0; i < li_layers_count(layers) && rc == 0; i++)
        rc = li_sha256_update(hash, li_layers_diff_id(layers, i), LI_SHA256_SIZE, err);
    if (rc == 0)
        rc = li_sha256_final(hash, digest, err);
    if (rc == 0) {
        memcpy(plan->uuid, digest, sizeof(plan->uuid));
        plan->uuid[6] = (uint8_t)(0x80 | (plan->uuid[6] & 0x0f));
        plan->uuid[8] = (uint8_t)(0x80 | (plan->uuid[8] & 0x3f));
    }
    li_sha256_free(hash);
    return rc;
}

int li_ext4_plan(const struct li_tree *tree, const struct li_ext4_room *room, struct li_ext4 **out,
                 struct li_error *err)
{
    struct li_ext4 *plan = calloc(1, sizeof(*plan));
    int rc;

    if (!plan)
        return li_fail_memory(err);
    plan->tree = tree;
    rc = make_uuid(plan, err);
    if (rc == 0)
        rc = number_inodes(plan, err);
    if (rc == 0)
        rc = li_content_plan(plan, err);
    if (rc == 0)
        rc = li_ext4_allocate(plan, err);
    if (rc == 0)
        rc = li_ext4_directory_plan(plan, err);
    if (rc == 0)
        rc = li_extent_plan(plan, err);
    if (rc == 0)
        rc = li_ext4_xattr_plan(plan, err);
    if (rc == 0)
        rc = plan_links(plan, err);
    if (rc == 0)
        rc = li_geometry_plan(plan, room, err);
    if (rc < 0) {
        li_ext4_free(plan);
        return rc;
    }
    *out = plan;
    return 0;
}

void li_ext4_free(struct li_ext4 *ext4)
{
    if (!ext4)
        return;
    free(ext4->ino);
    free(ext4->inode);
    free(ext4->allocation);
    free(ext4->piece);
    free(ext4->directory);
    free(ext4->leaf);
    free(ext4->order);
    free(ext4->run_mark);
    free(ext4->extent);
    free(ext4->extent_tree);
    free(ext4->leaf_mark);
    free(ext4->xattr);
    free(ext4->xattr_set);
    free(ext4->xattr_users);
    free(ext4->link);
    free(ext4->group_used);
    free(ext4->group_directories);
    free(ext4);
}

uint64_t li_ext4_size(const struct li_ext4 *ext4)
{
    return ext4->blocks * LI_EXT4_BLOCK_SIZE;
}
