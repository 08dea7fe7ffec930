/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes: first those in the inode's own space, then those in its block, in the
 * kernel's order. A name is stored as an index for the prefix and the rest. A POSIX ACL's name is
 * all prefix, and its value on disk is denser than the form that getxattr(2) gives, so it is
 * expanded.
 *
 * Attributes that the kernel hides (encryption contexts, inline data, unknown indexes) are hidden
 * here, too.
 */
#include "files/internal.h"

#include <ext2fs/ext2_ext_attr.h>
#include <inttypes.h>
#include <string.h>

enum {
    VALUE_MAX = 65536, /* XATTR_SIZE_MAX of the kernel */
    NAME_MAX_FULL = 32 + 255,
    ACL_VERSION_ON_DISK = 1,
    ACL_VERSION = 2,
    ACL_NO_ID = -1,
};

enum { INDEX_ACL_ACCESS = 2, INDEX_ACL_DEFAULT = 3, INDEX_SYSTEM = 7 };

/* The place of entries and values: value offsets count from BASE. */
struct region {
    const uint8_t *base;
    size_t size;
    size_t first; /* offset of the first entry */
};

struct attribute {
    unsigned index;
    const char *name;
    size_t name_len;
    uint32_t ino; /* the inode that holds the value, or 0 */
    const uint8_t *value;
    uint32_t size;
};

/* Sets DONE to end the walk. */
typedef int visit_attribute(void *arg, const struct attribute *attribute, bool *done,
                            struct li_error *err);

static const char *prefix_of(unsigned index)
{
    switch (index) {
    case 1:
        return "user.";
    case INDEX_ACL_ACCESS:
        return "system.posix_acl_access";
    case INDEX_ACL_DEFAULT:
        return "system.posix_acl_default";
    case 4:
        return "trusted.";
    case 6:
        return "security.";
    case INDEX_SYSTEM:
        return "system.";
    default:
        return NULL;
    }
}

/* The full name; false if the attribute is hidden. */
static bool full_name(const struct attribute *attribute, char *out, size_t *len)
{
    const char *prefix = prefix_of(attribute->index);
    size_t n = prefix ? strlen(prefix) : 0;
    bool acl = attribute->index == INDEX_ACL_ACCESS || attribute->index == INDEX_ACL_DEFAULT;

    if (!prefix || acl != (attribute->name_len == 0) ||
        memchr(attribute->name, '\0', attribute->name_len))
        return false;
    if (attribute->index == INDEX_SYSTEM && attribute->name_len == 4 &&
        memcmp(attribute->name, "data", 4) == 0)
        return false;
    memcpy(out, prefix, n);
    memcpy(out + n, attribute->name, attribute->name_len);
    *len = n + attribute->name_len;
    return true;
}

/* Reads the entry at *POS, which moves on; END says that there are no more. */
static int next_attribute(const struct region *region, size_t *pos, struct attribute *out,
                          bool *end, struct li_error *err)
{
    const uint8_t *p = region->base + *pos;
    size_t left = region->size - *pos;
    size_t header = sizeof(struct ext2_ext_attr_entry);
    uint32_t offset;

    if (left < 4)
        return li_fail(err, LI_ECORRUPT, "the attributes have no end");
    *end = li_get_le32(p) == 0;
    if (*end)
        return 0;
    out->name_len = p[offsetof(struct ext2_ext_attr_entry, e_name_len)];
    if (left < header || left < EXT2_EXT_ATTR_LEN(out->name_len))
        return li_fail(err, LI_ECORRUPT, "an attribute's name runs past the end");
    out->index = p[offsetof(struct ext2_ext_attr_entry, e_name_index)];
    out->name = (const char *)p + header;
    out->ino = LI_LE32(p, ext2_ext_attr_entry, e_value_inum);
    out->size = LI_LE32(p, ext2_ext_attr_entry, e_value_size);
    offset = LI_LE16(p, ext2_ext_attr_entry, e_value_offs);
    if (out->size > VALUE_MAX)
        return li_fail(err, LI_ECORRUPT, "an attribute has %" PRIu32 " bytes", out->size);
    if (!out->ino && out->size && (offset > region->size || out->size > region->size - offset))
        return li_fail(err, LI_ECORRUPT, "an attribute's value runs past the end");
    out->value = out->ino || !out->size ? NULL : region->base + offset;
    *pos += EXT2_EXT_ATTR_LEN(out->name_len);
    return 0;
}

static int walk_region(const struct region *region, visit_attribute *visit, void *arg, bool *done,
                       struct li_error *err)
{
    size_t pos = region->first;
    struct attribute attribute;
    bool end = false;
    int rc = 0;

    while (rc == 0 && !end && !*done) {
        rc = next_attribute(region, &pos, &attribute, &end, err);
        if (rc == 0 && !end)
            rc = visit(arg, &attribute, done, err);
    }
    return rc;
}

/* Attributes in the inode follow its extra part, if there is a magic number. */
static int walk_inode(const struct li_files *files, const struct li_file *file,
                      visit_attribute *visit, void *arg, bool *done, struct li_error *err)
{
    size_t at = EXT2_GOOD_OLD_INODE_SIZE + LI_LE16(file->raw, ext2_inode_large, i_extra_isize);
    struct region region;

    if (at == EXT2_GOOD_OLD_INODE_SIZE || at + 4 > files->inode_size ||
        li_get_le32(file->raw + at) != EXT2_EXT_ATTR_MAGIC)
        return 0;
    region = (struct region){file->raw + at + 4, files->inode_size - at - 4, 0};
    return walk_region(&region, visit, arg, done, err);
}

static int walk_block(struct li_files *files, const struct li_file *file, visit_attribute *visit,
                      void *arg, bool *done, struct li_error *err)
{
    uint64_t number = LI_LE32(file->raw, ext2_inode, i_file_acl) |
                      (uint64_t)LI_LE16(file->raw, ext2_inode, osd2.linux2.l_i_file_acl_high) << 32;
    struct region region;
    uint8_t block[LI_FILES_BLOCK_MAX];
    int rc;

    if (number == 0)
        return 0;
    if (number <= files->first_block || number >= files->block_count)
        return li_fail(err, LI_ECORRUPT, "the attributes are in block %" PRIu64, number);
    rc = li_files_bytes(files, number << files->block_shift, files->block_size, block, err);
    if (rc < 0)
        return rc;
    if (LI_LE32(block, ext2_ext_attr_header, h_magic) != EXT2_EXT_ATTR_MAGIC ||
        LI_LE32(block, ext2_ext_attr_header, h_blocks) != 1)
        return li_fail(err, LI_ECORRUPT, "block %" PRIu64 " holds no attributes", number);
    region = (struct region){block, files->block_size, sizeof(struct ext2_ext_attr_header)};
    return walk_region(&region, visit, arg, done, err);
}

static int walk(struct li_files *files, const struct li_file *file, visit_attribute *visit,
                void *arg, struct li_error *err)
{
    bool done = false;
    int rc = walk_inode(files, file, visit, arg, &done, err);

    if (rc == 0 && !done)
        rc = walk_block(files, file, visit, arg, &done, err);
    return rc < 0 ? li_context(err, "attributes of inode %" PRIu32, file->ino) : 0;
}

static int visit_list(void *arg, const struct attribute *attribute, bool *done,
                      struct li_error *err)
{
    char name[NAME_MAX_FULL + 1];
    size_t len;

    (void)done;
    if (!full_name(attribute, name, &len))
        return 0;
    name[len] = '\0';
    return li_buffer_append(arg, name, len + 1, err);
}

int li_files_listxattr(struct li_files *files, const struct li_file *file, struct li_buffer *list,
                       struct li_error *err)
{
    list->len = 0;
    return walk(files, file, visit_list, list, err);
}

/* An entry without a qualifier is four bytes on disk, and one with a user or group eight. */
static int expand_acl(struct li_cursor c, struct li_buffer *out, struct li_error *err)
{
    uint8_t entry[8];
    int rc;

    if (li_cursor_le32(&c) != ACL_VERSION_ON_DISK)
        return li_fail(err, LI_ECORRUPT, "an ACL has an unknown version");
    li_put_le32(entry, ACL_VERSION);
    rc = li_buffer_append(out, entry, 4, err);
    while (rc == 0 && !c.bad && c.left > 0) {
        uint16_t tag = li_cursor_le16(&c);
        uint16_t permissions = li_cursor_le16(&c);
        bool qualified = tag == 0x02 || tag == 0x08;

        li_put_le16(entry, tag);
        li_put_le16(entry + 2, permissions);
        li_put_le32(entry + 4, qualified ? li_cursor_le32(&c) : (uint32_t)ACL_NO_ID);
        rc = li_buffer_append(out, entry, 8, err);
    }
    if (rc == 0 && c.bad)
        rc = li_fail(err, LI_ECORRUPT, "an ACL is cut short");
    return rc;
}

/* A large value is the contents of an inode of its own. */
static int read_value_inode(struct li_files *files, const struct attribute *attribute,
                            struct li_buffer *out, struct li_error *err)
{
    struct li_file file;
    int rc;

    if (!files->attribute_inodes)
        return li_fail(err, LI_ECORRUPT, "a value is in an inode, without ea_inode");
    rc = li_files_inode(files, attribute->ino, &file, err);
    if (rc < 0)
        return rc;
    if (!S_ISREG(li_files_mode(&file)) || !(li_files_flags(&file) & EXT4_EA_INODE_FL) ||
        li_files_size(files, &file) != attribute->size)
        return li_fail(err, LI_ECORRUPT, "inode %" PRIu32 " does not hold the value that it should",
                       attribute->ino);
    rc = li_buffer_reserve(out, attribute->size, err);
    if (rc == 0)
        rc = li_files_read_data(files, &file, 0, attribute->size, out->data, err);
    if (rc == 0)
        out->len = attribute->size;
    return rc;
}

struct wanted {
    struct li_files *files;
    const char *name;
    struct li_buffer *value;
    bool found;
};

static int visit_get(void *arg, const struct attribute *attribute, bool *done, struct li_error *err)
{
    struct wanted *wanted = arg;
    char name[NAME_MAX_FULL];
    size_t len;

    if (!full_name(attribute, name, &len) || len != strlen(wanted->name) ||
        memcmp(name, wanted->name, len) != 0)
        return 0;
    *done = wanted->found = true;
    if (attribute->index == INDEX_ACL_ACCESS || attribute->index == INDEX_ACL_DEFAULT)
        return attribute->ino
                   ? li_fail(err, LI_EUNSUPPORTED, "an ACL is in an inode of its own")
                   : expand_acl(li_cursor(attribute->value, attribute->size), wanted->value, err);
    if (attribute->ino)
        return read_value_inode(wanted->files, attribute, wanted->value, err);
    return li_buffer_append(wanted->value, attribute->value, attribute->size, err);
}

int li_files_getxattr(struct li_files *files, const struct li_file *file, const char *name,
                      struct li_buffer *value, bool *found, struct li_error *err)
{
    struct wanted wanted = {.files = files, .name = name, .value = value};
    int rc;

    value->len = 0;
    rc = walk(files, file, visit_get, &wanted, err);
    if (rc == 0)
        *found = wanted.found;
    return rc;
}
