/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One copy of the file is cut up in place: section names, keys and values are strings in it. A
 * value of several lines is moved together, always towards the beginning: each line contributes its
 * line break, and a continuation line its indent. So there is one buffer to wipe.
 *
 * The rules are those of Python's configparser with its defaults, which botocore uses: only the
 * indent decides whether a line continues a value, and a comment in between does not end it.
 */
#include "aws/ini.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/secret.h"

struct row {
    const char *key; /* NULL: a section begins, and VALUE is its name */
    char *value;
};

struct li_aws_ini {
    char *text;
    size_t size; /* bytes allocated */
    struct row *rows;
    size_t count, cap;
};

/* The parser's position. */
struct parser {
    const char *name;
    struct li_aws_ini *ini;
    unsigned long line;
    size_t indent;   /* of the line that began the current key */
    size_t section;  /* the row that began the current section */
    bool in_section; /* a key is not allowed before the first one */
    char *end;       /* the end of the current value; NULL: none can be continued */
    struct li_error *err;
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int refuse(const struct parser *p, const char *what)
{
    return li_fail(p->err, LI_ECORRUPT, "%s, line %lu: %s", p->name, p->line, what);
}

static int add_row(struct parser *p, const char *key, char *value)
{
    struct li_aws_ini *ini = p->ini;
    int rc;

    if (ini->count == LI_AWS_INI_ROWS_MAX)
        return li_fail(p->err, LI_ELIMIT, "%s has more than the %d lines that are allowed", p->name,
                       LI_AWS_INI_ROWS_MAX);
    rc = li_array_reserve(&ini->rows, &ini->cap, ini->count + 1, sizeof(*ini->rows), p->err);
    if (rc == 0)
        ini->rows[ini->count++] = (struct row){key, value};
    return rc;
}

static const struct row *find_section(const struct li_aws_ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->count; i++)
        if (!ini->rows[i].key && strcmp(ini->rows[i].value, name) == 0)
            return &ini->rows[i];
    return NULL;
}

static const char *find_key(const struct li_aws_ini *ini, const struct row *section,
                            const char *key)
{
    const struct row *end = ini->rows + ini->count;

    for (const struct row *row = section + 1; row < end && row->key; row++)
        if (strcmp(row->key, key) == 0)
            return row->value;
    return NULL;
}

/* Ends the current value and its string. Its end is at or before a line break that was read. */
static void end_value(struct parser *p)
{
    const struct li_aws_ini *ini = p->ini;
    const char *start;

    if (!p->end)
        return;
    start = ini->rows[ini->count - 1].value;
    while (p->end > start && is_space(p->end[-1]))
        p->end--;
    *p->end = '\0';
    p->end = NULL;
}

static void continue_value(struct parser *p, const char *start, size_t len)
{
    *p->end++ = '\n';
    memmove(p->end, start, len);
    p->end += len;
}

static int begin_section(struct parser *p, char *name, char *end)
{
    *end = '\0';
    if (find_section(p->ini, name))
        return refuse(p, "this section appears twice");
    p->section = p->ini->count;
    p->in_section = true;
    return add_row(p, NULL, name);
}

static int begin_key(struct parser *p, char *start, char *end)
{
    char *delimiter = start, *value, *key_end;

    while (delimiter < end && *delimiter != '=' && *delimiter != ':')
        delimiter++;
    if (delimiter == end || delimiter == start)
        return refuse(p, "neither \"[section]\" nor \"key = value\"");
    if (!p->in_section)
        return refuse(p, "this key comes before the first section");
    value = delimiter + 1;
    for (key_end = delimiter; key_end > start && is_space(key_end[-1]);)
        key_end--;
    *key_end = '\0';
    for (char *c = start; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c += 'a' - 'A';
    if (find_key(p->ini, &p->ini->rows[p->section], start))
        return refuse(p, "this key appears twice in the section");
    while (value < end && is_space(*value))
        value++;
    p->end = end;
    return add_row(p, start, value);
}

/* Reads the line from START to END, without its line break. */
static int parse_line(struct parser *p, char *start, char *end)
{
    const char *line = start;
    char *bracket;
    size_t indent;

    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    indent = (size_t)(start - line);
    if (start < end && (*start == '#' || *start == ';'))
        return 0;
    if (start == end) {
        if (p->end)
            continue_value(p, start, 0);
        return 0;
    }
    if (p->end && indent > p->indent) {
        continue_value(p, start, (size_t)(end - start));
        return 0;
    }
    end_value(p);
    p->indent = indent;
    bracket = memrchr(start, ']', (size_t)(end - start));
    if (*start == '[' && bracket && bracket > start + 1)
        return begin_section(p, start + 1, bracket);
    return begin_key(p, start, end);
}

static int parse(struct parser *p, char *text, size_t len)
{
    char *end = text + len;
    int rc = 0;

    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    if (memchr(text, '\0', (size_t)(end - text)))
        return li_fail(p->err, LI_ECORRUPT, "%s has a NUL in it; it is not text", p->name);
    while (rc == 0 && text < end) {
        char *stop = memchr(text, '\n', (size_t)(end - text));

        if (!stop)
            stop = end;
        p->line++;
        rc = parse_line(p, text, stop);
        text = stop + 1;
    }
    end_value(p);
    return rc;
}

int li_aws_ini_parse(const char *name, const void *data, size_t len, struct li_aws_ini **out,
                     struct li_error *err)
{
    struct li_aws_ini *ini;
    struct parser parser = {.name = name, .err = err};
    int rc;

    if (len > LI_AWS_INI_SIZE_MAX)
        return li_fail(err, LI_ELIMIT, "%s has more than the %d bytes that are allowed", name,
                       LI_AWS_INI_SIZE_MAX);
    ini = calloc(1, sizeof(*ini));
    if (!ini)
        return li_fail_memory(err);
    ini->size = len + 1;
    ini->text = malloc(ini->size);
    if (!ini->text) {
        free(ini);
        return li_fail_memory(err);
    }
    if (len)
        memcpy(ini->text, data, len);
    ini->text[len] = '\0';
    parser.ini = ini;
    rc = parse(&parser, ini->text, len);
    if (rc < 0) {
        li_aws_ini_free(ini);
        return rc;
    }
    *out = ini;
    return 0;
}

const char *li_aws_ini_section(const struct li_aws_ini *ini, size_t index)
{
    for (size_t i = 0; ini && i < ini->count; i++)
        if (!ini->rows[i].key && index-- == 0)
            return ini->rows[i].value;
    return NULL;
}

const char *li_aws_ini_get(const struct li_aws_ini *ini, const char *section, const char *key)
{
    const struct row *row = ini && section ? find_section(ini, section) : NULL;

    return row ? find_key(ini, row, key) : NULL;
}

static bool copy_trimmed(const char *start, const char *end, char *out, size_t size)
{
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    if ((size_t)(end - start) >= size)
        return false;
    memcpy(out, start, (size_t)(end - start));
    out[end - start] = '\0';
    return true;
}

bool li_aws_ini_nested(const char *value, const char *key, char *out, size_t size)
{
    size_t len = strlen(key);

    /* Only a block begins with a line break: configparser strips what follows the delimiter. */
    if (!value || *value != '\n')
        return false;
    for (const char *line = value + 1; line;) {
        const char *stop = strchrnul(line, '\n'), *equals;

        if (strncmp(line, key, len) == 0) {
            for (equals = line + len; equals < stop && is_space(*equals);)
                equals++;
            if (equals < stop && *equals == '=')
                return copy_trimmed(equals + 1, stop, out, size);
        }
        line = *stop ? stop + 1 : NULL;
    }
    return false;
}

void li_aws_ini_free(struct li_aws_ini *ini)
{
    if (!ini)
        return;
    li_wipe(ini->text, ini->size);
    free(ini->text);
    free(ini->rows);
    free(ini);
}
