/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text is read once, from left to right, in time proportional to its length. Names in it are
 * for people and mean nothing here, so an entry needs a number: in place of the name or after the
 * permissions. One entry without a number makes the whole ACL unusable, because what it denies is
 * not known.
 */
#include "layer/acl.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"

enum {
    VERSION = 2,
    MAX_ENTRIES = 8192,
    FIELDS = 4, /* tag, name, permissions, number */
    USER_OBJ = 0x01,
    USER = 0x02,
    GROUP_OBJ = 0x04,
    GROUP = 0x08,
    MASK = 0x10,
    OTHER = 0x20,
    NAME_SHOWN = 200, /* bytes of a name in a note */
};

struct text {
    const char *at;
    size_t len;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* ---- fields ---- */

/* Cuts off the text before the next character of STOPS, and that character, which is returned; 0 at
 * the end. */
static char cut(struct text *from, const char *stops, struct text *out)
{
    size_t used = 0;

    while (used < from->len && !strchr(stops, from->at[used]))
        used++;
    *out = (struct text){from->at, used};
    from->at += used;
    from->len -= used;
    if (from->len == 0)
        return '\0';
    from->len--;
    return *from->at++;
}

static void trim(struct text *t)
{
    while (t->len > 0 && is_blank(t->at[0]))
        t->at++, t->len--;
    while (t->len > 0 && is_blank(t->at[t->len - 1]))
        t->len--;
}

/* Splits the first entry into its fields and returns their number, which may be more than are kept.
 */
static size_t cut_entry(struct text *from, struct text field[FIELDS])
{
    struct text comment, all;
    size_t count = 0;
    char stop;

    memset(field, 0, FIELDS * sizeof(*field));
    do {
        while (from->len > 0 && is_blank(from->at[0]))
            from->at++, from->len--;
        stop = cut(from, ":,\n#", &all);
        trim(&all);
        if (count < FIELDS)
            field[count] = all;
        count++;
    } while (stop == ':');
    if (stop == '#')
        cut(from, "\n", &comment);
    return count;
}

static bool is_word(const struct text *t, const char *word)
{
    return (t->len == 1 && t->at[0] == word[0]) ||
           (t->len == strlen(word) && memcmp(t->at, word, t->len) == 0);
}

/* A number over 32 bits becomes the largest one, which is not an owner either. */
static bool read_number(const struct text *t, int64_t *out)
{
    int64_t value = 0;

    for (size_t i = 0; i < t->len; i++) {
        int digit = t->at[i] - '0';

        if (digit < 0 || digit > 9)
            return false;
        value = value * 10 + digit;
        if (value > UINT32_MAX)
            value = UINT32_MAX;
    }
    if (t->len > 0)
        *out = value;
    return t->len > 0;
}

static bool read_permissions(const struct text *t, unsigned *out)
{
    unsigned value = 0;

    for (size_t i = 0; i < t->len; i++)
        switch (t->at[i]) {
        case 'r':
        case 'R':
            value |= 4;
            break;
        case 'w':
        case 'W':
            value |= 2;
            break;
        case 'x':
        case 'X':
            value |= 1;
            break;
        case '-':
            break;
        default:
            return false;
        }
    *out = value;
    return t->len > 0;
}

/* ---- entries ---- */

/* What the text becomes: the external form, and a name without a number if there is one. */
struct acl {
    struct li_buffer *out, *name;
};

static int tag_of(const struct text *t)
{
    if (is_word(t, "user"))
        return USER_OBJ;
    if (is_word(t, "group"))
        return GROUP_OBJ;
    if (is_word(t, "mask"))
        return MASK;
    return is_word(t, "other") ? OTHER : 0;
}

static int put_entry(struct li_buffer *out, int tag, unsigned permissions, uint32_t id,
                     struct li_error *err)
{
    uint8_t entry[LI_ACL_ENTRY];

    if (out->len == LI_ACL_HEADER + (size_t)MAX_ENTRIES * LI_ACL_ENTRY)
        return li_fail(err, LI_ELIMIT, "its ACL has more than %d entries", MAX_ENTRIES);
    li_put_le16(entry, (uint16_t)tag);
    li_put_le16(entry + 2, (uint16_t)permissions);
    li_put_le32(entry + 4, id);
    return li_buffer_append(out, entry, sizeof(entry), err);
}

static int note_name(const struct text *tag, const struct text *field, struct li_buffer *name,
                     struct li_error *err)
{
    const char *group = tag->at[0] == 'g' ? "group:" : "user:";
    int rc;

    if (name->len > 0)
        return 0;
    rc = li_buffer_append(name, group, strlen(group), err);
    if (rc == 0)
        rc = li_buffer_append(name, field->at, field->len < NAME_SHOWN ? field->len : NAME_SHOWN,
                              err);
    return rc == 0 ? li_buffer_append(name, "", 1, err) : rc;
}

/* A user or group: by a number in place of a name, or after the permissions. */
static int take_owner(const struct text *field, unsigned permissions, struct acl *acl,
                      struct li_error *err)
{
    bool user = tag_of(&field[0]) == USER_OBJ;
    int64_t id = -1;

    if (!read_number(&field[1], &id))
        read_number(&field[3], &id);
    if (id < 0 && field[1].len == 0)
        return put_entry(acl->out, user ? USER_OBJ : GROUP_OBJ, permissions, UINT32_MAX, err);
    if (id < 0)
        return note_name(&field[0], &field[1], acl->name, err);
    if (id == UINT32_MAX)
        return li_fail(err, LI_EUNSUPPORTED, "its ACL names an owner above 4294967294");
    return put_entry(acl->out, user ? USER : GROUP, permissions, (uint32_t)id, err);
}

/* FIELD has COUNT fields. Solaris has one field less for the mask and for others: "mask:rwx". */
static int take_entry(const struct text *field, size_t count, struct acl *acl, struct li_error *err)
{
    int tag = tag_of(&field[0]);
    bool plain = tag == MASK || tag == OTHER;
    unsigned permissions = 0;
    bool solaris = plain && count == 2 && read_permissions(&field[1], &permissions);

    if (tag == 0 || (plain && !solaris && field[1].len > 0) ||
        (!solaris && !read_permissions(&field[2], &permissions)))
        return li_fail(err, LI_ECORRUPT, "an entry of it cannot be read");
    if (plain)
        return put_entry(acl->out, tag, permissions, UINT32_MAX, err);
    return take_owner(field, permissions, acl, err);
}

static int compare_entries(const void *a, const void *b)
{
    const uint8_t *x = a, *y = b;
    uint16_t tx = li_get_le16(x), ty = li_get_le16(y);
    uint32_t ix = li_get_le32(x + 4), iy = li_get_le32(y + 4);

    return tx != ty ? (tx < ty ? -1 : 1) : ix < iy ? -1 : ix > iy;
}

static void sort_entries(struct li_buffer *acl)
{
    qsort(acl->data + LI_ACL_HEADER, (acl->len - LI_ACL_HEADER) / LI_ACL_ENTRY, LI_ACL_ENTRY,
          compare_entries);
}

int li_acl_from_text(const char *text, size_t len, struct li_buffer *out, struct li_buffer *name,
                     struct li_error *err)
{
    struct text left = {text, len}, field[FIELDS];
    struct acl acl = {out, name};
    uint8_t header[LI_ACL_HEADER];
    int rc;

    li_put_le32(header, VERSION);
    out->len = name->len = 0;
    rc = li_buffer_append(out, header, sizeof(header), err);
    if (rc == 0 && memchr(text, '\0', len))
        rc = li_fail(err, LI_ECORRUPT, "it has a NUL");
    while (rc == 0 && left.len > 0) {
        size_t count = cut_entry(&left, field);

        if (count > 1 || field[0].len > 0)
            rc = take_entry(field, count, &acl, err);
    }
    if (rc == 0)
        sort_entries(out);
    return rc == 0 && name->len > 0 ? LI_END : rc;
}

int li_acl_complete(struct li_buffer *acl, uint16_t mode, struct li_error *err)
{
    const struct {
        int tag;
        unsigned permissions;
    } needed[] = {{USER_OBJ, mode >> 6 & 7}, {GROUP_OBJ, mode >> 3 & 7}, {OTHER, mode & 7}};
    unsigned seen = 0;
    int rc = 0;

    for (size_t at = LI_ACL_HEADER; at < acl->len; at += LI_ACL_ENTRY)
        seen |= li_get_le16(acl->data + at);
    for (size_t i = 0; seen && i < sizeof(needed) / sizeof(needed[0]) && rc == 0; i++)
        if (!(seen & (unsigned)needed[i].tag))
            rc = put_entry(acl, needed[i].tag, needed[i].permissions, UINT32_MAX, err);
    sort_entries(acl);
    return rc;
}

/* ---- validity ---- */

struct summary {
    bool seen[OTHER + 1];
    unsigned permissions[OTHER + 1], last;
};

/* Owner, users, owning group, groups, mask, others, in this order. */
static bool is_next(struct summary *s, unsigned tag, unsigned permissions, uint32_t id)
{
    bool named = tag == USER || tag == GROUP;

    if (permissions > 7 || tag > OTHER || (tag & (tag - 1)) != 0 || tag == 0 || tag < s->last)
        return false;
    if ((named && id == UINT32_MAX) || (!named && s->seen[tag]))
        return false;
    s->seen[tag] = true;
    s->permissions[tag] = permissions;
    s->last = tag;
    return true;
}

bool li_acl_is_valid(const uint8_t *value, size_t size, uint16_t *mode, bool *extended)
{
    struct li_cursor c = li_cursor(value, size);
    struct summary s = {0};
    unsigned group;

    if (li_cursor_le32(&c) != VERSION || c.bad || c.left % LI_ACL_ENTRY != 0)
        return false;
    while (c.left > 0) {
        unsigned tag = li_cursor_le16(&c), permissions = li_cursor_le16(&c);

        if (!is_next(&s, tag, permissions, li_cursor_le32(&c)))
            return false;
    }
    if (!s.seen[USER_OBJ] || !s.seen[GROUP_OBJ] || !s.seen[OTHER] ||
        ((s.seen[USER] || s.seen[GROUP]) && !s.seen[MASK]))
        return false;
    group = s.permissions[s.seen[MASK] ? MASK : GROUP_OBJ];
    *mode = (uint16_t)((*mode & ~0777) | s.permissions[USER_OBJ] << 6 | group << 3 |
                       s.permissions[OTHER]);
    *extended = s.seen[MASK];
    return true;
}
