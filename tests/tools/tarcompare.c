/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "tests/tools/tarclass.h"

static const struct tar_class *find_class(const struct tar_difference *d, enum tar_reader reader)
{
    for (const struct tar_class *c = tar_classes; c->name; c++)
        if (c->reader == reader && c->is(d))
            return c;
    return NULL;
}

static bool differs(const struct tar_difference *d)
{
    if (d->own && d->other)
        return strcmp(d->own->text, d->other->text) != 0;
    return d->own || d->other || !d->own_error != !d->other_error;
}

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
        .other_ends = j + 1 == other->count && !other->error,
        .other_fails = j + 1 == other->count && other->error,
    };
}

static uint64_t place(const struct tar_difference *d)
{
    if (d->own)
        return d->own->header;
    return d->before ? d->before->next : 0;
}

bool tar_compare(const uint8_t *tar, size_t len, const struct tar_list *own,
                 const struct tar_list *other, enum tar_reader reader, tar_differ *differ,
                 void *arg)
{
    bool same = true;
    size_t i = 0, j = 0;

    while (i < own->count || j < other->count || own->error || other->error) {
        struct tar_difference d = look(own, i, other, j);
        const struct tar_class *class = NULL;

        if (differs(&d)) {
            same = false;
            d.tar = tar;
            d.len = len;
            tar_facts_read(tar, len, place(&d), &d.facts);
            class = find_class(&d, reader);
            differ(arg, class, &d);
            if (!class || class->then == TAR_STOP)
                break;
        } else if (!d.own) {
            break;
        }
        if (!class || class->then == TAR_BOTH)
            i++;
        j++;
    }
    return same;
}
