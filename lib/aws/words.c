/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block holds the pointers and, after them, the words. Each word uses at least one character of
 * the text, so all words with their NULs are never longer than the text with its own.
 */
#include "aws/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Reads up to the end of the quotation that QUOTE, " or ', began. Between double quotes a backslash
 * is literal, except before a double quote or another backslash. */
static int copy_quoted(const char **from, char **to, char quote, struct li_error *err)
{
    const char *p = *from;

    for (; *p != quote; p++) {
        if (quote == '"' && p[0] == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        if (*p == '\0')
            return li_fail(err, LI_EINVALID, "a quotation is not closed");
        *(*to)++ = *p;
    }
    *from = p + 1;
    return 0;
}

static int copy_word(const char **from, char **to, struct li_error *err)
{
    const char *p = *from;
    int rc = 0;

    while (rc == 0 && *p && !is_space(*p)) {
        char c = *p++;

        if (c == '"' || c == '\'') {
            rc = copy_quoted(&p, to, c, err);
        } else if (c == '\\' && *p == '\0') {
            rc = li_fail(err, LI_EINVALID, "a backslash is the last character");
        } else {
            *(*to)++ = c == '\\' ? *p++ : c;
        }
    }
    *(*to)++ = '\0';
    *from = p;
    return rc;
}

int li_aws_words_split(const char *text, char ***out, struct li_error *err)
{
    const size_t pointers = (LI_AWS_WORDS_MAX + 1) * sizeof(char *);
    char **words = calloc(1, pointers + strlen(text) + 2);
    size_t count = 0;
    int rc = 0;
    char *to;

    if (!words)
        return li_fail_memory(err);
    to = (char *)words + pointers;
    while (rc == 0) {
        while (is_space(*text))
            text++;
        if (*text == '\0')
            break;
        if (count == LI_AWS_WORDS_MAX) {
            rc = li_fail(err, LI_ELIMIT, "it has more than the %d words that are allowed",
                         LI_AWS_WORDS_MAX);
            break;
        }
        words[count++] = to;
        rc = copy_word(&text, &to, err);
    }
    if (rc < 0) {
        li_aws_words_free(words);
        return rc;
    }
    *out = words;
    return 0;
}

void li_aws_words_free(char **words)
{
    if (!words)
        return;
    for (char **word = words; *word; word++)
        li_wipe(*word, strlen(*word));
    free(words);
}
