/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Databases of packages that are text. They are lines, which end with a newline or at the end; none
 * of them means anything by a NUL. Fields are "Key: value", and a line that begins with a blank
 * goes on with the one before, which no field that is wanted here does.
 */
#include <string.h>
#include <strings.h>

#include "report/packages_internal.h"

static bool next_line(struct li_slice *text, struct li_slice *line)
{
    const char *end;

    if (text->len == 0)
        return false;
    end = memchr(text->data, '\n', text->len);
    *line = (struct li_slice){text->data, end ? (size_t)(end - text->data) : text->len};
    text->data += line->len + (end != NULL);
    text->len -= line->len + (end != NULL);
    if (line->len > 0 && line->data[line->len - 1] == '\r')
        line->len--;
    return true;
}

static struct li_slice rest_of(struct li_slice text, size_t from)
{
    return (struct li_slice){text.data + from, text.len - from};
}

/* Whether LINE is the field KEY; *VALUE becomes its value without blanks around it. Keys have no
 * case (RFC 822, deb822(5)). */
static bool is_field(struct li_slice line, const char *key, struct li_slice *value)
{
    size_t len = strlen(key);

    if (line.len <= len || line.data[len] != ':' || strncasecmp(line.data, key, len) != 0)
        return false;
    *value = rest_of(line, len + 1);
    while (value->len > 0 && (*value->data == ' ' || *value->data == '\t'))
        *value = rest_of(*value, 1);
    while (value->len > 0 && strchr(" \t", value->data[value->len - 1]))
        value->len--;
    return true;
}

static bool equals(struct li_slice slice, const char *text)
{
    return slice.len == strlen(text) && memcmp(slice.data, text, slice.len) == 0;
}

/* ---- dpkg ------------------------------------------------------------------------------------ */

struct stanza {
    struct li_slice name, version, architecture, multi_arch;
};

static int end_stanza(const struct stanza *s, const struct li_package_sink *sink,
                      struct li_error *err)
{
    char name[LI_PACKAGES_NAME_MAX + 1];
    struct li_slice whole = s->name;

    if (s->name.len == 0)
        return 0;
    if (s->name.len + 1 + s->architecture.len > LI_PACKAGES_NAME_MAX)
        return li_fail(err, LI_ELIMIT, "the name of a package is longer than %d bytes",
                       LI_PACKAGES_NAME_MAX);
    if (equals(s->multi_arch, "same") && s->architecture.len > 0) {
        memcpy(name, s->name.data, s->name.len);
        name[s->name.len] = ':';
        memcpy(name + s->name.len + 1, s->architecture.data, s->architecture.len);
        whole = (struct li_slice){name, s->name.len + 1 + s->architecture.len};
    }
    return sink->package(sink->arg, whole, s->version, err);
}

int li_package_parse_status(const void *data, size_t len, const struct li_package_sink *sink,
                            struct li_error *err)
{
    struct li_slice text = {data, len}, line;
    struct stanza s = {.name = {0}};
    int rc = 0;

    while (rc == 0 && next_line(&text, &line)) {
        if (line.len > 0) {
            (void)(is_field(line, "Package", &s.name) || is_field(line, "Version", &s.version) ||
                   is_field(line, "Architecture", &s.architecture) ||
                   is_field(line, "Multi-Arch", &s.multi_arch));
            continue;
        }
        rc = end_stanza(&s, sink, err);
        s = (struct stanza){.name = {0}};
    }
    return rc == 0 ? end_stanza(&s, sink, err) : rc;
}

int li_package_parse_list(const void *data, size_t len, const struct li_package_sink *sink,
                          struct li_error *err)
{
    struct li_slice text = {data, len}, line;
    int rc = 0;

    while (rc == 0 && next_line(&text, &line))
        if (line.len > 0)
            rc = sink->file(sink->arg, line, err);
    return rc;
}

int li_package_parse_sums(const void *data, size_t len, const struct li_package_sink *sink,
                          struct li_error *err)
{
    struct li_slice text = {data, len}, line;
    int rc = 0;

    while (rc == 0 && next_line(&text, &line)) {
        const char *blanks = line.len ? memmem(line.data, line.len, "  ", 2) : NULL;

        if (blanks)
            rc = sink->file(sink->arg, rest_of(line, (size_t)(blanks - line.data) + 2), err);
    }
    return rc;
}

/* ---- apk ------------------------------------------------------------------------------------- */

/* "P:" and "V:" name a package, "F:" a directory, and "R:" a file in it. An empty line ends the
 * package. */
struct apk {
    const struct li_package_sink *sink;
    struct li_slice name, version, directory;
    bool told; /* the sink knows the package */
    struct li_buffer path;
};

static int tell_package(struct apk *a, struct li_error *err)
{
    if (a->told || a->name.len == 0)
        return 0;
    a->told = true;
    return a->sink->package(a->sink->arg, a->name, a->version, err);
}

static int tell_file(struct apk *a, struct li_slice name, struct li_error *err)
{
    int rc = tell_package(a, err);

    if (rc < 0 || !a->told)
        return rc;
    if (a->directory.len + name.len > LI_TREE_PATH_MAX)
        return 0;
    a->path.len = 0;
    rc = li_buffer_append(&a->path, a->directory.data, a->directory.len, err);
    if (rc == 0)
        rc = li_buffer_append(&a->path, "/", 1, err);
    if (rc == 0)
        rc = li_buffer_append(&a->path, name.data, name.len, err);
    if (rc < 0)
        return rc;
    return a->sink->file(a->sink->arg, (struct li_slice){(const char *)a->path.data, a->path.len},
                         err);
}

static int take_apk_line(struct apk *a, struct li_slice line, struct li_error *err)
{
    int rc = 0;

    if (line.len == 0) {
        rc = tell_package(a, err);
        a->name = a->version = a->directory = (struct li_slice){"", 0};
        a->told = false;
    } else if (line.len < 2 || line.data[1] != ':') {
        rc = li_fail(err, LI_ECORRUPT, "a line does not begin with a letter and a colon");
    } else if (line.data[0] == 'P') {
        a->name = rest_of(line, 2);
    } else if (line.data[0] == 'V') {
        a->version = rest_of(line, 2);
    } else if (line.data[0] == 'F') {
        a->directory = rest_of(line, 2);
    } else if (line.data[0] == 'R') {
        rc = tell_file(a, rest_of(line, 2), err);
    }
    return rc;
}

int li_package_parse_apk(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err)
{
    struct li_slice text = {data, len}, line;
    struct apk a = {.sink = sink, .name = {"", 0}, .version = {"", 0}, .directory = {"", 0}};
    int rc = 0;

    while (rc == 0 && next_line(&text, &line))
        rc = take_apk_line(&a, line, err);
    if (rc == 0)
        rc = tell_package(&a, err);
    li_buffer_free(&a.path);
    return rc;
}

/* ---- Python ---------------------------------------------------------------------------------- */

int li_package_parse_metadata(const void *data, size_t len, const struct li_package_sink *sink,
                              struct li_error *err)
{
    struct li_slice text = {data, len}, line, name = {"", 0}, version = {"", 0};

    while (next_line(&text, &line) && line.len > 0)
        (void)(is_field(line, "Name", &name) || is_field(line, "Version", &version));
    if (name.len == 0)
        return li_fail(err, LI_ECORRUPT, "it does not state a name");
    return sink->package(sink->arg, name, version, err);
}

/* A field in quotes, in which two quotes are one. Returns what is behind the closing quote. */
static int take_quoted(struct li_slice text, struct li_buffer *path, struct li_slice *behind,
                       struct li_error *err)
{
    int rc = 0;

    path->len = 0;
    for (size_t i = 1; i < text.len && rc == 0; i++) {
        if (text.data[i] == '"' && (i + 1 == text.len || text.data[i + 1] != '"')) {
            *behind = rest_of(text, i + 1);
            return 0;
        }
        i += text.data[i] == '"';
        if (path->len < LI_TREE_PATH_MAX + 1)
            rc = li_buffer_append(path, text.data + i, 1, err);
    }
    return rc < 0 ? rc : li_fail(err, LI_ECORRUPT, "a quote is not closed");
}

int li_package_parse_record(const void *data, size_t len, const struct li_package_sink *sink,
                            struct li_error *err)
{
    struct li_slice text = {data, len}, line;
    struct li_buffer quoted = {0};
    int rc = 0;

    while (rc == 0 && text.len > 0) {
        struct li_slice path;

        if (*text.data == '"') {
            rc = take_quoted(text, &quoted, &text, err);
            path = (struct li_slice){(const char *)quoted.data, quoted.len};
            next_line(&text, &line);
        } else {
            next_line(&text, &line);
            path = line;
            for (path.len = 0; path.len < line.len && line.data[path.len] != ',';)
                path.len++;
        }
        if (rc == 0 && path.len > 0)
            rc = sink->file(sink->arg, path, err);
    }
    li_buffer_free(&quoted);
    return rc;
}
