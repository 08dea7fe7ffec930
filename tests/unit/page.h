/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Worked examples read from the source of a manual page: values behind a label, dumps, documents.
 * All are looked for below ".Sh EXAMPLE".
 */
#ifndef LI_TESTS_PAGE_H
#define LI_TESTS_PAGE_H

#include "unit.h"

#include <stdarg.h>

#include "base/buffer.h"
#include "base/hex.h"
#include "base/io.h"

/* What stands for a character that roff would change. */
static inline void page_undo_escapes(char *to)
{
    static const char *const escapes[][2] = {
        {"\\e", "\\"},  {"\\-", "-"},   {"\\(aq", "'"},     {"\\(ga", "`"},
        {"\\(ti", "~"}, {"\\(ha", "^"}, {"\\[u00FC]", "ü"}, {"\\[u00DF]", "ß"},
    };
    const char *from = to;

    while (*from) {
        size_t i = 0, count = sizeof(escapes) / sizeof(escapes[0]);

        while (i < count && strncmp(from, escapes[i][0], strlen(escapes[i][0])) != 0)
            i++;
        if (i < count) {
            from += strlen(escapes[i][0]);
            to = stpcpy(to, escapes[i][1]);
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
}

/* The caller frees PAGE. */
static inline void page_load(const char *path, struct li_buffer *page)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_read_file(path, 1 << 20, page, &err), &err);
    assert_done(li_buffer_append(page, "", 1, &err), &err);
    page_undo_escapes((char *)page->data);
}

/* What follows START at the beginning of a line behind the words WHERE. */
static inline const char *page_find(const struct li_buffer *page, const char *where,
                                    const char *start)
{
    const char *at = strstr((const char *)page->data, "\n.Sh EXAMPLE\n");
    char line[256];

    snprintf(line, sizeof(line), "\n%s", start);
    at = at ? strstr(at, where) : NULL;
    at = at ? strstr(at, line) : NULL;
    if (!at)
        fail_msg("no line begins with \"%s\" behind \"%s\"", start, where);
    return at + strlen(line);
}

/* The hexadecimal digits on the line that begins with LABEL and two spaces. */
static inline void page_hex(const struct li_buffer *page, const char *label, uint8_t *bytes,
                            size_t len)
{
    char start[64], digits[65] = "";
    const char *at;

    snprintf(start, sizeof(start), "%s  ", label);
    at = page_find(page, "", start);
    at += strspn(at, " ");
    assert_true(2 * len < sizeof(digits));
    assert_int_equal(strcspn(at, "\n"), 2 * len);
    memcpy(digits, at, 2 * len);
    assert_int_equal(li_hex_decode(digits, bytes, len), 0);
}

/* The line of a dump that shows LEN bytes from OFFSET on. */
static inline void page_dump_line(const uint8_t *bytes, size_t offset, size_t len, char line[128])
{
    char text[17] = "";
    int n = sprintf(line, "%08zx ", offset);

    for (size_t i = 0; i < 16; i++) {
        uint8_t byte = i < len ? bytes[offset + i] : 0;

        n += sprintf(line + n, "%s", i == 8 ? " " : "");
        n += i < len ? sprintf(line + n, " %02x", byte) : sprintf(line + n, "   ");
        if (i < len)
            text[i] = byte < 32 || byte > 126 ? '.' : (char)byte;
    }
    sprintf(line + n, "  |%s|\n", text);
}

/* The bytes of the first dump behind WHERE; its text must be just what they give. */
static inline void page_dump(const struct li_buffer *page, const char *where, struct li_buffer *out)
{
    static const char first[] = "00000000  ";
    const char *at = page_find(page, where, first) - strlen(first);
    struct li_error err = LI_ERROR_INIT;
    char line[128];

    out->len = 0;
    while (at[8] != '\n') {
        size_t offset = out->len;

        for (int i = 0; i < 16; i++) {
            const char *digits = at + 10 + 3 * i + (i > 7);
            uint8_t byte = (uint8_t)strtoul(digits, NULL, 16);

            if (*digits != ' ')
                assert_done(li_buffer_append(out, &byte, 1, &err), &err);
        }
        page_dump_line(out->data, offset, out->len - offset, line);
        assert_int_equal(strncmp(at, line, strlen(line)), 0);
        at += strlen(line);
    }
    assert_int_equal(strtoul(at, NULL, 16), out->len);
}

/* The lines of the literal block behind WHERE as one, with END behind it. */
static inline void page_document(const struct li_buffer *page, const char *where, const char *end,
                                 struct li_buffer *out)
{
    const char *at = strchr(page_find(page, where, ".Bd "), '\n') + 1;
    struct li_error err = LI_ERROR_INIT;

    out->len = 0;
    while (strncmp(at, ".Ed\n", 4) != 0) {
        size_t len = strcspn(at, "\n");

        assert_done(li_buffer_append(out, at, len, &err), &err);
        at += len + 1;
    }
    assert_done(li_buffer_append(out, end, strlen(end), &err), &err);
}

/* The page says this; for numbers that stand in a sentence. */
static inline void page_says(const struct li_buffer *page, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void page_says(const struct li_buffer *page, const char *format, ...)
{
    char words[128];
    va_list ap;

    va_start(ap, format);
    vsnprintf(words, sizeof(words), format, ap);
    va_end(ap);
    if (!strstr((const char *)page->data, words))
        fail_msg("the page does not say: %s", words);
}

#endif
