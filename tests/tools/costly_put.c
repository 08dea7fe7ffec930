/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of the layers of costly images. Long names are PAX records. */
#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/costly.h"

enum { SHORT = 100 };

static void put_text(char field[SHORT + 1], const char *text, const char *key,
                     struct li_buffer *records)
{
    if (strlen(text) > SHORT)
        tar_record_text(records, key, text);
    snprintf(field, SHORT + 1, "%.*s", SHORT, text);
}

void costly_put(struct costly *c, struct li_buffer *layer, const struct costly_entry *entry)
{
    struct tar_header h = {.mode = 0755, .type = entry->type, .magic = TAR_USTAR};
    struct li_buffer records = {0};

    put_text(h.name, entry->path, "path", &records);
    if (entry->target)
        put_text(h.target, entry->target, "linkpath", &records);
    if (entry->records)
        tar_append(&records, entry->records->data, entry->records->len);
    if (records.len > 0)
        tar_put_special(layer, 'x', records.data, records.len);
    tar_put_header(layer, &h);
    c->entries++;
    li_buffer_free(&records);
}

static char *format_path(const struct costly *c, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static char *format_path(const struct costly *c, const char *fmt, va_list ap)
{
    char *rest, *path;

    if (vasprintf(&rest, fmt, ap) < 0 || asprintf(&path, "k%u/%s", c->part, rest) < 0)
        err(1, "costly");
    free(rest);
    return path;
}

void costly_file(struct costly *c, struct li_buffer *layer, const char *fmt, ...)
{
    va_list ap;
    char *path;

    va_start(ap, fmt);
    path = format_path(c, fmt, ap);
    va_end(ap);
    costly_put(c, layer, &(struct costly_entry){.path = path, .type = '0'});
    free(path);
}

void costly_directory(struct costly *c, struct li_buffer *layer, const char *fmt, ...)
{
    va_list ap;
    char *path;

    va_start(ap, fmt);
    path = format_path(c, fmt, ap);
    va_end(ap);
    costly_put(c, layer, &(struct costly_entry){.path = path, .type = '5'});
    free(path);
}

void costly_link(struct costly *c, struct li_buffer *layer, const char *target, const char *fmt,
                 ...)
{
    va_list ap;
    char *path;

    va_start(ap, fmt);
    path = format_path(c, fmt, ap);
    va_end(ap);
    costly_put(c, layer, &(struct costly_entry){.path = path, .target = target, .type = '2'});
    free(path);
}

bool costly_room(const struct costly *c, const struct li_buffer *layer)
{
    return layer->len < c->room;
}

void costly_text(struct li_buffer *to, const char *fmt, ...)
{
    va_list ap;
    char *text;

    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) < 0)
        err(1, "costly");
    va_end(ap);
    tar_append(to, text, strlen(text));
    free(text);
}

void costly_acl(struct li_buffer *records, unsigned first, unsigned count, const char *between)
{
    struct li_buffer text = {0};

    costly_text(&text, "user::rw-,group::r--,other::r--,mask::r--");
    for (unsigned i = 0; i < count; i++)
        costly_text(&text, ",%su:%u:r", between, first + i);
    tar_record(records, "SCHILY.acl.access", text.data, text.len);
    li_buffer_free(&text);
}
