/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "tests/tools/tarclass.h"

/* What is at item I of the one list and J of the other. */
static struct tar_difference look(const struct tar_list *own, size_t i,
                                  const struct tar_list *other, size_t j)
{
    return (struct tar_difference){
        .own = i < own->count ? &own->items[i] : NULL,
        .other = j < other->count ? &other->items[j] : NULL,
        .before = i > 0 ? &own->items[i - 1] : NULL,
        .own_error = i < own->count ? NULL : own->error,
        .other_error = j < other->count ? NULL : other->error,
        .other_fails = j + 1 == other->count && other->error,
    };
}

static bool differs(const struct tar_difference *d)
{
    if (d->own && d->other)
        return strcmp(d->own->text, d->other->text) != 0;
    return d->own || d->other || !d->own_error != !d->other_error;
}

/* What an error says, for where it is about is not always where the last entry ends. */
static uint64_t error_place(const char *error, uint64_t behind)
{
    const char *at = error ? strstr(error, "special header '") : NULL;

    at = at ? strstr(at, "at byte ") : NULL;
    return at ? strtoull(at + strlen("at byte "), NULL, 10) : behind;
}

static void read_facts(struct tar_difference *d, const uint8_t *tar, size_t len)
{
    uint64_t behind = d->before ? d->before->next : 0;
    uint64_t at = d->own ? d->own->header : error_place(d->own_error, behind);

    d->tar = tar;
    d->len = len;
    tar_facts_read(tar, len, at, &d->facts);
    tar_facts_read(tar, len, behind, &d->gap);
}

/* ---- what two lines differ in ---- */

/* The words of LINE from KEY on, up to the next space or, of the last key, to the end. */
static size_t find_words(const char *line, const char *key, bool last, const char **out)
{
    *out = strstr(line, key);
    if (!*out)
        return 0;
    return last ? strlen(*out) : 1 + strcspn(*out + 1, " ");
}

static unsigned compare_lines(const char *a, const char *b)
{
    static const struct {
        const char *key;
        unsigned what;
    } words[] = {{" path=", TAR_PATH},        {" mode=", TAR_MODE},     {" uid=", TAR_UID},
                 {" gid=", TAR_GID},          {" mtime=", TAR_MTIME},   {" target=", TAR_TARGET},
                 {" device=", TAR_DEVICE},    {" size=", TAR_CONTENTS}, {" sha256=", TAR_CONTENTS},
                 {" SCHILY.", TAR_ATTRIBUTES}};
    unsigned what = 0;

    if (strcspn(a, " ") != strcspn(b, " ") || memcmp(a, b, strcspn(a, " ")) != 0)
        what |= TAR_TYPE;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        bool last = words[i].what == TAR_ATTRIBUTES;
        const char *x, *y;
        size_t x_len = find_words(a, words[i].key, last, &x),
               y_len = find_words(b, words[i].key, last, &y);

        if (x_len != y_len || (x_len > 0 && memcmp(x, y, x_len) != 0))
            what |= words[i].what;
    }
    /* Only some types have these. */
    if (what & TAR_TYPE)
        what &= ~(unsigned)(TAR_TARGET | TAR_DEVICE | TAR_CONTENTS);
    return what;
}

/* ---- classes ---- */

/* What came of a difference: whether, and how, the comparison goes on. */
enum then { STOP, GO_ON, SKIP };

static enum then explain_words(const struct tar_difference *d, const struct tar_class *classes,
                               tar_differ *differ, void *arg)
{
    unsigned left = compare_lines(d->own->text, d->other->text);
    enum then then = GO_ON;

    for (const struct tar_class *c = classes; c->name && left; c++) {
        unsigned part = c->explains ? c->explains(d) & left : 0;

        if (!part)
            continue;
        differ(arg, c, d);
        left &= ~part;
        if (c->stop)
            then = STOP;
    }
    if (left)
        differ(arg, NULL, d);
    return left ? STOP : then;
}

static enum then explain(const struct tar_difference *d, const struct tar_class *classes,
                         tar_differ *differ, void *arg)
{
    for (const struct tar_class *c = classes; c->name; c++)
        if (c->is && c->is(d)) {
            differ(arg, c, d);
            return c->stop ? STOP : c->skip ? SKIP : GO_ON;
        }
    if (d->own && d->other)
        return explain_words(d, classes, differ, arg);
    differ(arg, NULL, d);
    return STOP;
}

bool tar_compare(const uint8_t *tar, size_t len, const struct tar_list *own,
                 const struct tar_list *other, const struct tar_class *classes, tar_differ *differ,
                 void *arg)
{
    enum then then = GO_ON;
    bool same = true;

    for (size_t i = 0, j = 0; then != STOP; j++) {
        struct tar_difference d = look(own, i, other, j);

        then = d.own || d.other ? GO_ON : STOP;
        if (differs(&d)) {
            same = false;
            read_facts(&d, tar, len);
            then = explain(&d, classes, differ, arg);
        }
        if (then != SKIP)
            i++;
    }
    return same;
}
