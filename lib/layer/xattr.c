/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attributes come as PAX records in three spellings: SCHILY.xattr (star's, and Docker's),
 * LIBARCHIVE.xattr (with the name in URL encoding and the value in base 64) and
 * RHT.security.selinux (GNU tar's, without the NUL that the kernel has after a label). If an
 * attribute has several, the first of these counts, which is the only one that container engines
 * know.
 *
 * ACLs come in two ways: as text (SCHILY.acl.access, see acl.c) and as the attribute
 * system.posix_acl_access, as Docker and others write it. Both become the attribute's external
 * form, and are checked and applied to the mode as the kernel does when that attribute is set on a
 * file.
 */
#include "layer/xattr.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/array.h"
#include "layer/acl.h"
#include "layer/scan.h"

void li_xattr_list_clear(struct li_xattr_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free((void *)list->list[i].name);
    list->count = 0;
    free(list->left_out);
    free(list->named_acl);
    list->left_out = list->named_acl = NULL;
}

void li_xattr_list_free(struct li_xattr_list *list)
{
    li_xattr_list_clear(list);
    free(list->list);
    li_buffer_free(&list->name);
    li_buffer_free(&list->value);
    *list = (struct li_xattr_list){0};
}

/* The name spaces of Linux (xattr(7)), as far as ext4 stores what is in them. */
static const char *const spaces[] = {"user.", "trusted.", "security."};
enum { SPACES = sizeof(spaces) / sizeof(spaces[0]) };

static bool is_acl(const char *name)
{
    return strcmp(name, LI_XATTR_ACL_ACCESS) == 0 || strcmp(name, LI_XATTR_ACL_DEFAULT) == 0;
}

/* Whether Linux has a name space for it. Programs that unpack layers leave out other names, too,
 * because the kernel tells them that it does not support these. */
static bool has_space(const char *name)
{
    for (size_t i = 0; i < SPACES; i++)
        if (strncmp(name, spaces[i], strlen(spaces[i])) == 0)
            return true;
    return is_acl(name);
}

/* Checks a name that is in one of these name spaces. */
static int check_name(const char *name, struct li_error *err)
{
    const char *dot = strchr(name, '.');

    if (dot && dot[1] && strlen(name) <= LI_TREE_NAME_MAX)
        return 0;
    return li_fail(err, LI_EUNSUPPORTED, "ext4 cannot hold its extended attribute \"%.300s\"",
                   name);
}

static int leave_out(struct li_xattr_list *list, const char *name, struct li_error *err)
{
    char *copy;

    if (list->left_out && strcmp(name, list->left_out) >= 0)
        return 0;
    copy = strdup(name);
    if (!copy)
        return li_fail_memory(err);
    free(list->left_out);
    list->left_out = copy;
    return 0;
}

static const struct li_xattr *find(const struct li_xattr_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->list[i].name, name) == 0)
            return &list->list[i];
    return NULL;
}

static int reserve(struct li_xattr_list *list, struct li_error *err)
{
    if (list->count == LI_SCAN_MAX_XATTRS)
        return li_fail(err, LI_ELIMIT, "it has more than %d extended attributes",
                       LI_SCAN_MAX_XATTRS);
    return li_array_reserve(&list->list, &list->cap, list->count + 1, sizeof(*list->list), err);
}

/* Name and value are one allocation, which the name's pointer owns. An existing attribute stays. */
static int add(struct li_xattr_list *list, const char *name, const void *value, size_t size,
               struct li_error *err)
{
    size_t name_size = strlen(name) + 1;
    char *copy;
    int rc = check_name(name, err);

    if (rc < 0 || find(list, name))
        return rc;
    if (size > LI_SCAN_MAX_XATTR_VALUE)
        return li_fail(err, LI_EUNSUPPORTED,
                       "its extended attribute \"%s\" has %zu bytes; Linux allows %d", name, size,
                       LI_SCAN_MAX_XATTR_VALUE);
    rc = reserve(list, err);
    if (rc < 0)
        return rc;
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

/* ---- records ---- */

static int put_name(struct li_xattr_list *list, const char *name, size_t len, struct li_error *err)
{
    int rc;

    list->name.len = 0;
    rc = li_buffer_append(&list->name, name, len, err);
    return rc == 0 ? li_buffer_append(&list->name, "", 1, err) : rc;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* A sequence that is not an escape stays as it is. */
static void decode_name(struct li_buffer *name)
{
    const char *from = (const char *)name->data;
    uint8_t *to = name->data;

    for (; *from; from++) {
        int high = from[0] == '%' ? hex_digit(from[1]) : -1, low = -1;

        if (high >= 0)
            low = hex_digit(from[2]);
        *to++ = low >= 0 ? (uint8_t)(high << 4 | low) : (uint8_t)*from;
        from += low >= 0 ? 2 : 0;
    }
    *to = '\0';
}

static int digit_64(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;

    return found ? (int)(found - digits) : -1;
}

/* Up to the first '='; other characters that are not digits are skipped, as libarchive does. */
static int decode_value(const char *text, size_t len, struct li_buffer *out, struct li_error *err)
{
    unsigned bits = 0, held = 0;
    int rc;

    out->len = 0;
    rc = li_buffer_reserve(out, len + 1, err);
    for (size_t i = 0; rc == 0 && i < len && text[i] != '=' && text[i] != '_'; i++) {
        int digit = digit_64(text[i]);

        if (digit < 0)
            continue;
        bits = bits << 6 | (unsigned)digit;
        held += 6;
        if (held < 8)
            continue;
        held -= 8;
        out->data[out->len++] = (uint8_t)(bits >> held);
    }
    return rc;
}

/* An ACL of no bytes is not an ACL, to the kernel either. */
static int take(struct li_xattr_list *list, const void *value, size_t size, struct li_error *err)
{
    const char *name = (const char *)list->name.data;

    if (size == 0 && is_acl(name))
        return 0;
    return has_space(name) ? add(list, name, value, size, err) : leave_out(list, name, err);
}

static bool begins_with(const struct li_tar_record *r, const char *prefix)
{
    size_t len = strlen(prefix);

    return r->key_length >= len && memcmp(r->key, prefix, len) == 0;
}

static bool is_key(const struct li_tar_record *r, const char *key)
{
    return r->key_length == strlen(key) && begins_with(r, key);
}

static int read_schily(const struct li_tar_record *r, struct li_xattr_list *list,
                       struct li_error *err)
{
    static const char prefix[] = "SCHILY.xattr.";
    size_t skip = sizeof(prefix) - 1;
    int rc;

    if (!begins_with(r, prefix))
        return 0;
    rc = put_name(list, r->key + skip, r->key_length - skip, err);
    return rc == 0 ? take(list, r->value, r->value_length, err) : rc;
}

static int read_libarchive(const struct li_tar_record *r, struct li_xattr_list *list,
                           struct li_error *err)
{
    static const char prefix[] = "LIBARCHIVE.xattr.";
    size_t skip = sizeof(prefix) - 1;
    int rc;

    if (!begins_with(r, prefix))
        return 0;
    rc = put_name(list, r->key + skip, r->key_length - skip, err);
    if (rc == 0)
        decode_name(&list->name);
    if (rc == 0)
        rc = decode_value(r->value, r->value_length, &list->value, err);
    return rc == 0 ? take(list, list->value.data, list->value.len, err) : rc;
}

/* An empty label is not a label. */
static int read_label(const struct li_tar_record *r, struct li_xattr_list *list,
                      struct li_error *err)
{
    if (!is_key(r, "RHT.security.selinux") || r->value_length == 0)
        return 0;
    return add(list, "security.selinux", r->value, r->value_length, err);
}

/* ---- ACLs ---- */

static int leave_acl_out(struct li_xattr_list *list, const char *name, struct li_error *err)
{
    if (!list->named_acl)
        list->named_acl = strdup(name);
    return list->named_acl ? 0 : li_fail_memory(err);
}

/* The text is read in any case, and its faults are reported. ext4 cannot hold an NFSv4 ACL. */
static int read_acl(const struct li_tar_record *r, struct li_xattr_list *list, struct li_error *err)
{
    const char *name = is_key(r, "SCHILY.acl.access")    ? LI_XATTR_ACL_ACCESS
                       : is_key(r, "SCHILY.acl.default") ? LI_XATTR_ACL_DEFAULT
                                                         : NULL;
    int rc;

    if (r->value_length > 0 && is_key(r, "SCHILY.acl.ace"))
        return leave_out(list, "system.nfs4_acl", err);
    if (!name || r->value_length == 0)
        return 0;
    rc = li_acl_from_text(r->value, r->value_length, &list->value, &list->name, err);
    if (rc == LI_ECORRUPT)
        return li_fail(err, LI_ECORRUPT, "its ACL (%.*s) cannot be read: \"%.*s\"",
                       (int)r->key_length, r->key,
                       r->value_length < 100 ? (int)r->value_length : 100, r->value);
    if (rc < 0 || find(list, name))
        return rc < 0 ? rc : 0;
    if (rc == LI_END)
        return leave_acl_out(list, (const char *)list->name.data, err);
    if (strcmp(name, LI_XATTR_ACL_ACCESS) == 0)
        rc = li_acl_complete(&list->value, list->mode, err);
    if (rc < 0)
        return rc;
    return list->value.len > LI_ACL_HEADER ? add(list, name, list->value.data, list->value.len, err)
                                           : 0;
}

static void drop(struct li_xattr_list *list, size_t index)
{
    free((void *)list->list[index].name);
    list->count--;
    memmove(&list->list[index], &list->list[index + 1],
            (list->count - index) * sizeof(list->list[0]));
}

/* An ACL that is not allowed on a file of that type stays as it is, for layout.c. */
static int apply_acls(struct li_xattr_list *list, uint16_t *mode, struct li_error *err)
{
    for (size_t i = 0; i < list->count; i++) {
        bool access = strcmp(list->list[i].name, LI_XATTR_ACL_ACCESS) == 0, extended = true;
        uint16_t ignored = 0;

        if (!access && strcmp(list->list[i].name, LI_XATTR_ACL_DEFAULT) != 0)
            continue;
        if (S_ISLNK(*mode) || (!access && !S_ISDIR(*mode)))
            continue;
        if (list->list[i].size == LI_ACL_HEADER) {
            drop(list, i--);
            continue;
        }
        if (!li_acl_is_valid(list->list[i].value, list->list[i].size, access ? mode : &ignored,
                             &extended))
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

int li_xattr_read(const struct li_tar_entry *e, struct li_xattr_list *list, uint16_t *mode,
                  struct li_error *err)
{
    typedef int read_record(const struct li_tar_record *r, struct li_xattr_list *list,
                            struct li_error *err);
    static read_record *const spellings[] = {read_schily, read_libarchive, read_label, read_acl};
    int rc = 0;

    li_xattr_list_clear(list);
    list->mode = *mode;
    for (size_t k = 0; k < sizeof(spellings) / sizeof(spellings[0]); k++)
        for (size_t i = 0; rc == 0 && i < e->record_count; i++)
            rc = spellings[k](&e->records[i], list, err);
    if (rc == 0)
        rc = apply_acls(list, mode, err);
    if (rc == 0 && list->count > 1)
        qsort(list->list, list->count, sizeof(list->list[0]), compare_names);
    return rc;
}
