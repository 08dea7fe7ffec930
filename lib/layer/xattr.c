/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACLs come in two ways: as text (SCHILY.acl.access, which libarchive parses) and as the attribute
 * system.posix_acl_access, as Docker and others write it. Both become the attribute's external
 * form, version 2 of posix_acl_xattr (Linux, include/uapi/linux/posix_acl_xattr.h), and are checked
 * and applied to the mode as the kernel does when that attribute is set on a file.
 */
#include "layer/xattr.h"

#include <archive.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "layer/scan.h"

enum {
    ACL_VERSION = 2,
    ACL_HEADER = 4,
    ACL_ENTRY = 8,
    ACL_MAX_ENTRIES = 8192,
    TAG_USER_OBJ = 0x01,
    TAG_USER = 0x02,
    TAG_GROUP_OBJ = 0x04,
    TAG_GROUP = 0x08,
    TAG_MASK = 0x10,
    TAG_OTHER = 0x20,
};

void li_xattr_list_clear(struct li_xattr_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((void *)list->list[i].name);
    list->count = 0;
    list->left_out = NULL;
}

void li_xattr_list_free(struct li_xattr_list *list)
{
    li_xattr_list_clear(list);
    free(list->list);
    *list = (struct li_xattr_list){0};
}

/* The name spaces of Linux (xattr(7)), as far as ext4 keeps what is in them. */
static const char *const spaces[] = {"user.", "trusted.", "security."};
enum { SPACES = sizeof(spaces) / sizeof(spaces[0]) };

static bool is_acl(const char *name)
{
    return strcmp(name, LI_XATTR_ACL_ACCESS) == 0 || strcmp(name, LI_XATTR_ACL_DEFAULT) == 0;
}

/* Whether Linux has a place for it. What has none is left out by those who unpack layers, too: to
 * them the kernel says that it does not support it. */
static bool has_space(const char *name)
{
    for (size_t i = 0; i < SPACES; i++)
        if (strncmp(name, spaces[i], strlen(spaces[i])) == 0)
            return true;
    return is_acl(name);
}

/* Of a name in a name space. */
static int check_name(const char *name, struct li_error *err)
{
    const char *dot = strchr(name, '.');

    if (dot && dot[1] && strlen(name) <= LI_TREE_NAME_MAX)
        return 0;
    return li_fail(err, LI_EUNSUPPORTED, "ext4 cannot hold its extended attribute \"%.300s\"",
                   name);
}

static void leave_out(struct li_xattr_list *list, const char *name)
{
    if (!list->left_out || strcmp(name, list->left_out) < 0)
        list->left_out = name;
}

static const struct li_xattr *find(const struct li_xattr_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].name, name) == 0)
            return &list->list[i];
    return NULL;
}

/* Name and value in one allocation, which the name's pointer owns. The same attribute may come
 * again: libarchive writes each in two forms. */
static int add(struct li_xattr_list *list, const char *name, const void *value, size_t size,
               struct li_error *err)
{
    const struct li_xattr *same = find(list, name);
    size_t name_size = strlen(name) + 1;
    char *copy;
    int rc = check_name(name, err);

    if (rc < 0)
        return rc;
    if (size > LI_SCAN_MAX_XATTR_VALUE)
        return li_fail(err, LI_EUNSUPPORTED,
                       "its extended attribute \"%s\" has %zu bytes; Linux allows %d", name, size,
                       LI_SCAN_MAX_XATTR_VALUE);
    if (same && same->size == size && (size == 0 || memcmp(same->value, value, size) == 0))
        return 0;
    if (same)
        return li_fail(err, LI_ECORRUPT, "it has the extended attribute \"%s\" twice", name);
    if (list->count == LI_SCAN_MAX_XATTRS)
        return li_fail(err, LI_ELIMIT, "it has more than %d extended attributes",
                       LI_SCAN_MAX_XATTRS);
    if (list->count == list->cap) {
        size_t cap = list->cap ? 2 * list->cap : 8;
        struct li_xattr *more = realloc(list->list, cap * sizeof(*more));

        if (!more)
            return li_fail_memory(err);
        list->list = more;
        list->cap = cap;
    }
    copy = malloc(name_size + size);
    if (!copy)
        return li_fail_memory(err);
    memcpy(copy, name, name_size);
    if (size)
        memcpy(copy + name_size, value, size);
    list->list[list->count].name = copy;
    list->list[list->count].value = (const uint8_t *)copy + name_size;
    list->list[list->count++].size = (uint32_t)size;
    return 0;
}

static int tag_of(int archive_tag)
{
    switch (archive_tag) {
    case ARCHIVE_ENTRY_ACL_USER_OBJ:
        return TAG_USER_OBJ;
    case ARCHIVE_ENTRY_ACL_USER:
        return TAG_USER;
    case ARCHIVE_ENTRY_ACL_GROUP_OBJ:
        return TAG_GROUP_OBJ;
    case ARCHIVE_ENTRY_ACL_GROUP:
        return TAG_GROUP;
    case ARCHIVE_ENTRY_ACL_MASK:
        return TAG_MASK;
    case ARCHIVE_ENTRY_ACL_OTHER:
        return TAG_OTHER;
    default:
        return 0;
    }
}

static int compare_acl(const void *a, const void *b)
{
    const uint8_t *x = a, *y = b;
    uint16_t tx = li_get_le16(x), ty = li_get_le16(y);
    uint32_t ix = li_get_le32(x + 4), iy = li_get_le32(y + 4);

    return tx != ty ? (tx < ty ? -1 : 1) : ix < iy ? -1 : ix > iy;
}

/* The text form, as libarchive has parsed it, as an attribute. */
static int add_text_acl(struct archive_entry *e, int type, const char *name,
                        struct li_xattr_list *list, struct li_error *err)
{
    int count = archive_entry_acl_reset(e, type), kind, perm, tag, qualifier;
    const char *who;
    size_t size = ACL_HEADER;
    uint8_t *value;
    int rc = 0;

    if (count <= 0)
        return 0;
    if (count > ACL_MAX_ENTRIES)
        return li_fail(err, LI_ELIMIT, "its ACL has %d entries", count);
    value = calloc(1, ACL_HEADER + (size_t)count * ACL_ENTRY);
    if (!value)
        return li_fail_memory(err);
    li_put_le32(value, ACL_VERSION);
    while (rc == 0 && size < ACL_HEADER + (size_t)count * ACL_ENTRY &&
           archive_entry_acl_next(e, type, &kind, &perm, &tag, &qualifier, &who) == ARCHIVE_OK) {
        int linux_tag = tag_of(tag);
        bool named = linux_tag == TAG_USER || linux_tag == TAG_GROUP;

        if (linux_tag == 0 || (named && qualifier < 0))
            rc = li_fail(err, LI_EUNSUPPORTED,
                         "its ACL names \"%s\" without a number, which means nothing here",
                         who ? who : "");
        else if (named && qualifier == INT_MAX)
            rc = li_fail(err, LI_EUNSUPPORTED,
                         "its ACL names an owner above %d, which is not read from text",
                         INT_MAX - 1);
        li_put_le16(value + size, (uint16_t)linux_tag);
        li_put_le16(value + size + 2, (uint16_t)(perm & 7));
        li_put_le32(value + size + 4, named ? (uint32_t)qualifier : UINT32_MAX);
        size += ACL_ENTRY;
    }
    if (rc == 0) {
        qsort(value + ACL_HEADER, (size - ACL_HEADER) / ACL_ENTRY, ACL_ENTRY, compare_acl);
        rc = add(list, name, value, size, err);
    }
    free(value);
    return rc;
}

/* The kernel's rules (posix_acl_valid): owner, users, owning group, groups, mask, others; a mask
 * where there are users or groups. *MODE gets the permission bits, *EXTENDED whether the ACL says
 * more than they do. */
static bool acl_is_valid(const struct li_xattr *acl, uint16_t *mode, bool *extended)
{
    struct li_cursor c = li_cursor(acl->value, acl->size);
    bool seen[TAG_OTHER + 1] = {false}, mask = false;
    unsigned perms[TAG_OTHER + 1] = {0};
    unsigned last = 0, group;

    if (li_cursor_le32(&c) != ACL_VERSION || c.bad || c.left % ACL_ENTRY != 0)
        return false;
    while (c.left > 0) {
        unsigned tag = li_cursor_le16(&c), perm = li_cursor_le16(&c);
        uint32_t id = li_cursor_le32(&c);

        if ((tag == TAG_USER || tag == TAG_GROUP) && id == UINT32_MAX)
            return false;
        if (perm > 7 || tag > TAG_OTHER || (tag & (tag - 1)) != 0 || tag == 0 || tag < last)
            return false;
        if (seen[tag] && tag != TAG_USER && tag != TAG_GROUP)
            return false;
        seen[tag] = true;
        perms[tag] = perm;
        last = tag;
    }
    mask = seen[TAG_MASK];
    if (!seen[TAG_USER_OBJ] || !seen[TAG_GROUP_OBJ] || !seen[TAG_OTHER] ||
        ((seen[TAG_USER] || seen[TAG_GROUP]) && !mask))
        return false;
    group = mask ? perms[TAG_MASK] : perms[TAG_GROUP_OBJ];
    *mode = (uint16_t)((*mode & ~0777) | perms[TAG_USER_OBJ] << 6 | group << 3 | perms[TAG_OTHER]);
    *extended = mask;
    return true;
}

static void drop(struct li_xattr_list *list, size_t index)
{
    free((void *)list->list[index].name);
    list->count--;
    memmove(&list->list[index], &list->list[index + 1],
            (list->count - index) * sizeof(list->list[0]));
}

static int apply_acls(struct li_xattr_list *list, uint16_t *mode, struct li_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        bool access = strcmp(list->list[i].name, LI_XATTR_ACL_ACCESS) == 0, extended = true;
        uint16_t ignored = 0;

        if (!access && strcmp(list->list[i].name, LI_XATTR_ACL_DEFAULT) != 0)
            continue;
        if (S_ISLNK(*mode) || (!access && !S_ISDIR(*mode)))
            continue;
        if (list->list[i].size == ACL_HEADER) {
            drop(list, i--);
            continue;
        }
        if (!acl_is_valid(&list->list[i], access ? mode : &ignored, &extended))
            return li_fail(err, LI_ECORRUPT, "its ACL (%s) is not valid", list->list[i].name);
        if (access && !extended)
            drop(list, i--);
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct li_xattr *)a)->name, ((const struct li_xattr *)b)->name);
}

int li_xattr_read(struct archive_entry *e, struct li_xattr_list *list, uint16_t *mode,
                  struct li_error *err)
{
    const char *name;
    const void *value;
    size_t size;
    int rc = 0;

    li_xattr_list_clear(list);
    archive_entry_xattr_reset(e);
    while (rc == 0 && archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK) {
        if (!has_space(name))
            leave_out(list, name);
        else if (size > 0 || !is_acl(name)) /* an ACL of no bytes is none */
            rc = add(list, name, value, size, err);
    }
    if (rc == 0 && (archive_entry_acl_types(e) & ARCHIVE_ENTRY_ACL_TYPE_NFS4))
        rc = li_fail(err, LI_EUNSUPPORTED, "it has an NFSv4 ACL, which ext4 cannot hold");
    if (rc == 0 && (archive_entry_acl_types(e) & ARCHIVE_ENTRY_ACL_TYPE_ACCESS) &&
        !find(list, LI_XATTR_ACL_ACCESS))
        rc = add_text_acl(e, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, LI_XATTR_ACL_ACCESS, list, err);
    if (rc == 0 && (archive_entry_acl_types(e) & ARCHIVE_ENTRY_ACL_TYPE_DEFAULT) &&
        !find(list, LI_XATTR_ACL_DEFAULT))
        rc = add_text_acl(e, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, LI_XATTR_ACL_DEFAULT, list, err);
    if (rc == 0)
        rc = apply_acls(list, mode, err);
    if (rc == 0 && list->count > 1)
        qsort(list->list, list->count, sizeof(list->list[0]), compare_names);
    return rc;
}
