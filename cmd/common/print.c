/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <time.h>

#include "base/hex.h"
#include "base/text.h"
#include "cmd/common/context.h"

const char *image_text(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int print_json(json_t *json, struct li_error *err)
{
    int rc = 0;

    if (!json)
        return li_fail_memory(err);
    if (json_dumpf(json, stdout, JSON_INDENT(2)) != 0 || putchar('\n') == EOF)
        rc = ferror(stdout) ? li_fail(err, LI_EIO, "cannot write to standard output")
                            : li_fail_memory(err);
    json_decref(json);
    return rc;
}

size_t escape_byte(char c, char text[ESCAPED])
{
    unsigned char byte = (unsigned char)c;

    if (byte < 0x20 || byte >= 0x7f || byte == '\\')
        return (size_t)snprintf(text, ESCAPED, "\\x%02x", byte);
    text[0] = c;
    text[1] = '\0';
    return 1;
}

void print_escaped(FILE *to, const char *text)
{
    char shown[ESCAPED];

    for (; *text; text++) {
        escape_byte(*text, shown);
        fputs(shown, to);
    }
}

void print_shown(FILE *to, const char *text)
{
    while (*text) {
        size_t len = li_text_visible(text);

        if (len == 0)
            fputc('?', to);
        else
            fwrite(text, 1, len, to);
        text += len ? len : 1;
    }
}

char *path_text(const char *path)
{
    char *text = malloc(4 * strlen(path) + 1), *to = text;

    while (text && *path) {
        size_t len = *path == '\\' ? 0 : li_text_visible(path);

        if (len == 0)
            to += sprintf(to, "\\x%02x", (unsigned char)*path);
        else
            to = (char *)memcpy(to, path, len) + len;
        path += len ? len : 1;
    }
    if (text)
        *to = '\0';
    return text;
}

json_t *path_json(const char *path)
{
    char *shown = path_text(path);
    json_t *json = shown ? json_string(shown) : NULL;

    free(shown);
    return json;
}

const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double n = (double)bytes;
    size_t u = 0;

    while (n >= 999.95 && u + 1 < sizeof(units) / sizeof(units[0])) {
        n /= 1000;
        u++;
    }
    snprintf(text, SIZE_TEXT, u ? "%.1f %s" : "%.0f %s", n, units[u]);
    return text;
}

const char *padding_text(uint32_t pad, char text[PADDING_TEXT])
{
    if (pad > 1)
        snprintf(text, PADDING_TEXT, "multiples of %u bytes", (unsigned)pad);
    else
        snprintf(text, PADDING_TEXT, "not padded");
    return text;
}

const char *id_text(const uint8_t *id, char text[2 * LI_ID_SIZE + 1])
{
    li_hex_encode(id, LI_ID_SIZE, text);
    return text;
}

const char *time_text(int64_t seconds, char text[SIZE_TEXT])
{
    time_t t = (time_t)seconds;
    struct tm tm;

    if (!gmtime_r(&t, &tm) || !strftime(text, SIZE_TEXT, "%Y-%m-%d %H:%M:%SZ", &tm))
        snprintf(text, SIZE_TEXT, "-");
    return text;
}
