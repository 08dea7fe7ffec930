/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Extended attributes of an entry, and its ACLs, which are attributes too. An ACL comes in one of
 * two forms, the attribute's own or PAX's text. It always becomes a list of (tag, id, permissions)
 * that is written out again: Linux keeps the permissions of an access ACL in the mode, and the rest
 * only if it says more than the mode can.
 *
 * If an entry has an attribute in several spellings, libarchive does not tell which value has which
 * spelling, so each value is accepted.
 */
#include <archive_entry.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "compare/internal.h"

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

/* Linux, include/uapi/linux/posix_acl.h */
enum { OWNER = 1, USER = 2, OWNING_GROUP = 4, GROUP = 8, MASK = 16, OTHERS = 32 };

/* ext4 can hold fewer of either in an inode. */
enum { XATTR_VERSION = 2, RULES_MAX = 8192, ATTRIBUTES_MAX = 1024 };

struct rule {
    unsigned tag, permissions;
    uint32_t id;
};

struct acl {
    struct rule *rules;
    size_t count;
    bool named;  /* a user or group has a name and no number */
    bool unsure; /* a number is too large for libarchive, which changes it */
};

static void free_one(struct li_attribute *attribute)
{
    while (attribute) {
        struct li_attribute *other = attribute->other;

        free(attribute->name);
        free(attribute->value);
        free(attribute);
        attribute = other;
    }
}

void li_attribute_free(struct li_attribute *list)
{
    while (list) {
        struct li_attribute *next = list->next;

        free_one(list);
        list = next;
    }
}

/* The link to the attribute, or to the place where it would be. */
static struct li_attribute **seek(struct li_attribute **list, const char *name)
{
    while (*list && strcmp((*list)->name, name) < 0)
        list = &(*list)->next;
    return list;
}

static struct li_attribute *find(struct li_attribute **list, const char *name)
{
    struct li_attribute *at = *seek(list, name);

    return at && strcmp(at->name, name) == 0 ? at : NULL;
}

static void drop(struct li_attribute **list, const char *name)
{
    struct li_attribute **at = seek(list, name), *gone = *at;

    *at = gone->next;
    free_one(gone);
}

static struct li_attribute *new_attribute(const char *name, const void *value, size_t size)
{
    struct li_attribute *fresh = calloc(1, sizeof(*fresh));

    if (!fresh)
        return NULL;
    fresh->name = strdup(name);
    fresh->value = malloc(size ? size : 1);
    if (!fresh->name || !fresh->value) {
        free_one(fresh);
        return NULL;
    }
    if (size)
        memcpy(fresh->value, value, size);
    fresh->size = size;
    return fresh;
}

bool li_attribute_has(const struct li_attribute *attribute, const void *value, size_t size)
{
    for (; attribute; attribute = attribute->other)
        if (attribute->size == size && (size == 0 || memcmp(attribute->value, value, size) == 0))
            return true;
    return false;
}

int li_attribute_add(struct li_attribute **list, const char *name, const void *value, size_t size,
                     struct li_error *err)
{
    struct li_attribute **at = seek(list, name), *same = find(list, name), *fresh;

    if (same && li_attribute_has(same, value, size))
        return 0;
    fresh = new_attribute(name, value, size);
    if (!fresh)
        return li_fail_memory(err);
    if (same) {
        fresh->other = same->other;
        same->other = fresh;
    } else {
        fresh->next = *at;
        *at = fresh;
    }
    return 0;
}

static int by_tag_and_id(const void *a, const void *b)
{
    const struct rule *x = a, *y = b;

    if (x->tag != y->tag)
        return x->tag < y->tag ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static int new_acl(struct acl *acl, size_t count, struct li_error *err)
{
    if (count > RULES_MAX)
        return li_fail(err, LI_ELIMIT, "an ACL has %zu entries, more than are allowed", count);
    acl->rules = calloc(count ? count : 1, sizeof(*acl->rules));
    return acl->rules ? 0 : li_fail_memory(err);
}

/* From the attribute's form. */
static int read_binary(const struct li_attribute *from, struct acl *acl, struct li_error *err)
{
    const uint8_t *p = from->value;
    int rc;

    if (from->size < 4 || from->size % 8 != 4 || li_get_le32(p) != XATTR_VERSION)
        return li_fail(err, LI_ECORRUPT, "an ACL cannot be read");
    rc = new_acl(acl, from->size / 8, err);
    for (size_t i = 0; rc == 0 && i < from->size / 8; i++, acl->count++)
        acl->rules[i] = (struct rule){li_get_le16(p + 8 * i + 4), li_get_le16(p + 8 * i + 6),
                                      li_get_le32(p + 8 * i + 8)};
    return rc;
}

/* From what libarchive has read of the text. */
static int read_text(struct archive_entry *entry, int which, struct acl *acl, struct li_error *err)
{
    static const struct {
        int theirs;
        unsigned ours;
    } tags[] = {
        {ARCHIVE_ENTRY_ACL_USER_OBJ, OWNER}, {ARCHIVE_ENTRY_ACL_USER, USER},
        {ARCHIVE_ENTRY_ACL_GROUP, GROUP},    {ARCHIVE_ENTRY_ACL_GROUP_OBJ, OWNING_GROUP},
        {ARCHIVE_ENTRY_ACL_MASK, MASK},      {ARCHIVE_ENTRY_ACL_OTHER, OTHERS},
    };
    int count = archive_entry_acl_reset(entry, which), type, permissions, tag, id;
    size_t most = count > 0 ? (size_t)count : 0;
    const char *name;
    int rc = new_acl(acl, most, err);

    while (rc == 0 && acl->count < most &&
           archive_entry_acl_next(entry, which, &type, &permissions, &tag, &id, &name) == 0) {
        struct rule rule = {0, (unsigned)permissions & 7, UINT32_MAX};

        for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
            if (tags[i].theirs == tag)
                rule.tag = tags[i].ours;
        if (rule.tag == USER || rule.tag == GROUP) {
            rule.id = (uint32_t)id;
            acl->named |= id < 0;
            acl->unsure |= id == INT_MAX;
        }
        acl->rules[acl->count++] = rule;
    }
    if (acl->count > 1)
        qsort(acl->rules, acl->count, sizeof(*acl->rules), by_tag_and_id);
    return rc;
}

/* Replaces the attribute of that name in the list. */
static int write_binary(const struct acl *acl, const char *name, struct li_attribute **list,
                        struct li_error *err)
{
    size_t size = 4 + 8 * acl->count;
    uint8_t *value = calloc(1, size);
    int rc;

    if (!value)
        return li_fail_memory(err);
    li_put_le32(value, XATTR_VERSION);
    for (size_t i = 0; i < acl->count; i++) {
        li_put_le16(value + 8 * i + 4, (uint16_t)acl->rules[i].tag);
        li_put_le16(value + 8 * i + 6, (uint16_t)acl->rules[i].permissions);
        li_put_le32(value + 8 * i + 8, acl->rules[i].id);
    }
    rc = li_attribute_add(list, name, value, size, err);
    free(value);
    if (rc == 0)
        find(list, name)->unsure = acl->unsure;
    return rc;
}

/* Puts the permissions of an access ACL into the mode. Returns whether the mode says it all. */
static bool fold_into_mode(const struct acl *acl, uint32_t *mode)
{
    unsigned owner = 0, group = 0, mask = 0, others = 0;
    bool masked = false;

    for (size_t i = 0; i < acl->count; i++) {
        const struct rule *rule = &acl->rules[i];

        owner = rule->tag == OWNER ? rule->permissions : owner;
        group = rule->tag == OWNING_GROUP ? rule->permissions : group;
        others = rule->tag == OTHERS ? rule->permissions : others;
        mask = rule->tag == MASK ? rule->permissions : mask;
        masked |= rule->tag == MASK;
    }
    *mode &= ~0777U;
    *mode |= (owner & 7) << 6 | ((masked ? mask : group) & 7) << 3 | (others & 7);
    return !masked;
}

static int read_acl(struct archive_entry *entry, int which, const char *name,
                    struct li_facts *facts, struct li_error *err)
{
    struct li_attribute **list = &facts->attributes;
    struct acl acl = {0};
    const struct li_attribute *given = find(list, name);
    bool access = which == ARCHIVE_ENTRY_ACL_TYPE_ACCESS;
    int rc = 0;

    if (access ? S_ISLNK(facts->mode) : !S_ISDIR(facts->mode)) {
        if (given)
            drop(list, name);
        return 0;
    }
    if (given)
        rc = read_binary(given, &acl, err);
    else if (archive_entry_acl_types(entry) & which)
        rc = read_text(entry, which, &acl, err);
    if (rc == 0 && given)
        drop(list, name);
    if (rc == 0 && acl.count > 0 && !acl.named && (!access || !fold_into_mode(&acl, &facts->mode)))
        rc = write_binary(&acl, name, list, err);
    facts->mode_unsure |= access && acl.named;
    free(acl.rules);
    return rc;
}

/* Whether Linux can have it on a file. Attributes of other systems are not stored. */
static bool is_of_linux(const char *name)
{
    size_t space = strcspn(name, ".");

    switch (name[space] ? space : 0) {
    case 4:
        return memcmp(name, "user", space) == 0;
    case 7:
        return memcmp(name, "trusted", space) == 0;
    case 8:
        return memcmp(name, "security", space) == 0;
    default:
        return strcmp(name, ACCESS) == 0 || strcmp(name, DEFAULT) == 0;
    }
}

/* Whether an image has an attribute of that name and size on a file of that type. The kernel hides
 * attributes that it does not allow there, and an ACL of no bytes is not an ACL. */
static bool is_kept(const char *name, size_t size, uint32_t mode, bool strict)
{
    bool plain = S_ISREG(mode) || S_ISDIR(mode);

    if (!is_of_linux(name) || (size == 0 && !strict))
        return false;
    switch (*name) {
    case 'u':
        return plain || !strict;
    case 's':
        return strncmp(name, "system.", 7) != 0 || size > 0;
    default:
        return true;
    }
}

int li_attribute_read(struct archive_entry *entry, bool strict, struct li_facts *facts,
                      struct li_error *err)
{
    int left = archive_entry_xattr_reset(entry), kept = 0, rc = 0;
    const char *name;
    const void *value;
    size_t size;

    for (; rc == 0 && left > 0; left--) {
        if (archive_entry_xattr_next(entry, &name, &value, &size) != 0)
            break;
        if (!is_kept(name, size, facts->mode, strict))
            continue;
        if (++kept > ATTRIBUTES_MAX)
            return li_fail(err, LI_ELIMIT, "more than %d attributes", ATTRIBUTES_MAX);
        rc = li_attribute_add(&facts->attributes, name, value, size, err);
    }
    if (rc == 0)
        rc = read_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, ACCESS, facts, err);
    if (rc == 0)
        rc = read_acl(entry, ARCHIVE_ENTRY_ACL_TYPE_DEFAULT, DEFAULT, facts, err);
    return rc;
}
