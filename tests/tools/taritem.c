/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/taritem.h"

#include <err.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put_escaped(FILE *out, const void *bytes, size_t len)
{
    const unsigned char *p = bytes;

    for (size_t i = 0; i < len; i++)
        if (p[i] <= 0x20 || p[i] >= 0x7f || p[i] == '\\')
            fprintf(out, "\\x%02x", p[i]);
        else
            putc(p[i], out);
}

static void put_text(FILE *out, const char *key, const char *text)
{
    fprintf(out, " %s=", key);
    if (text)
        put_escaped(out, text, strlen(text));
}

static int compare_attributes(const void *a, const void *b)
{
    const struct tar_attribute *x = a, *y = b;
    size_t len = x->name_length < y->name_length ? x->name_length : y->name_length;
    int order = memcmp(x->name, y->name, len);

    return order ? order : (x->name_length > y->name_length) - (x->name_length < y->name_length);
}

static void put_attributes(FILE *out, const struct tar_look *look)
{
    if (look->attribute_count > 1)
        qsort(look->attributes, look->attribute_count, sizeof(look->attributes[0]),
              compare_attributes);
    for (size_t i = 0; i < look->attribute_count; i++) {
        fprintf(out, " SCHILY.xattr.");
        put_escaped(out, look->attributes[i].name, look->attributes[i].name_length);
        putc('=', out);
        put_escaped(out, look->attributes[i].value, look->attributes[i].size);
    }
}

static void put_contents(FILE *out, const struct tar_look *look)
{
    fprintf(out, " size=%" PRIu64, look->size);
    if (!look->digest)
        return;
    fprintf(out, " sha256=");
    for (int i = 0; i < 32; i++)
        fprintf(out, "%02x", look->digest[i]);
}

static struct tar_item *add_item(struct tar_list *list)
{
    if (list->count == list->cap) {
        list->cap = list->cap ? 2 * list->cap : 16;
        list->items = realloc(list->items, list->cap * sizeof(list->items[0]));
        if (!list->items)
            err(1, "realloc");
    }
    list->items[list->count] = (struct tar_item){0};
    return &list->items[list->count++];
}

struct tar_item *tar_list_add(struct tar_list *list, const struct tar_look *look)
{
    struct tar_item *item = add_item(list);
    size_t len;
    FILE *out = open_memstream(&item->text, &len);

    if (!out)
        err(1, "open_memstream");
    fputs(look->type, out);
    put_text(out, "path", look->path);
    fprintf(out, " mode=%04" PRIo32 " uid=%" PRId64 " gid=%" PRId64, look->mode, look->uid,
            look->gid);
    fprintf(out, " mtime=%" PRId64 ".%09" PRIu32, look->mtime, look->mtime_nsec);
    if (strcmp(look->type, "link") == 0 || strcmp(look->type, "symlink") == 0)
        put_text(out, "target", look->target);
    if (strcmp(look->type, "char") == 0 || strcmp(look->type, "block") == 0)
        fprintf(out, " device=%" PRId64 ",%" PRId64, look->major, look->minor);
    if (strcmp(look->type, "file") == 0)
        put_contents(out, look);
    put_attributes(out, look);
    if (fclose(out) != 0)
        err(1, "open_memstream");
    return item;
}

static char *copy(const char *text)
{
    char *out = strdup(text);

    if (!out)
        err(1, "strdup");
    return out;
}

struct tar_item *tar_list_add_text(struct tar_list *list, const char *text)
{
    struct tar_item *item = add_item(list);

    item->text = copy(text);
    return item;
}

void tar_list_fail(struct tar_list *list, const char *error)
{
    list->error = copy(error);
}

void tar_list_free(struct tar_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].text);
    free(list->items);
    free(list->error);
    *list = (struct tar_list){0};
}
