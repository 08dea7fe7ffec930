/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container engines read JSON with Go's encoding/json, which ignores the values of members that it
 * does not need. Jansson, our parser, makes a value of everything, and refuses text for which it
 * has none. So engines accept images that Jansson refuses. This pass rewrites such a document
 * before Jansson sees it:
 *
 * - half of a surrogate pair (\ud800), and a byte that is not UTF-8, become U+FFFD, as in Go;
 * - a number that is not in Jansson's range becomes a real, or 1e300 if no real is so large;
 * - \u0000 in a key becomes U+FFFD (in a value Jansson accepts it);
 * - a key gets its number as a prefix, so that Jansson keeps two equal keys, and json.c sees both.
 *
 * Everything else is copied, so invalid JSON stays invalid, and Jansson says what is wrong. The
 * pass needs no stack: a string is a key if ':' follows it, which holds for all JSON.
 */
#include "image/json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

enum {
    UNIT = 6,                  /* bytes of \uXXXX */
    LARGEST_TENS = 300,        /* digits before the point that a double certainly has room for */
    LARGEST_EXPONENT = 1 << 30 /* larger values act like this one: no document has so many digits */
};

struct pass {
    const char *at, *end;
    struct li_buffer *out;
    bool numbered;
    size_t keys;
    size_t values; /* or a few more: counts commas and what may hold values */
};

static int put(struct pass *p, const char *text, size_t len, struct li_error *err)
{
    return li_buffer_append(p->out, text, len, err);
}

/* The code unit of the escape \uXXXX at AT, or -1 if there is none before END. */
static long unit_at(const char *at, const char *end)
{
    char digits[5] = "";

    if (end - at < UNIT || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)at[2 + i]))
            return -1;
        digits[i] = at[2 + i];
    }
    return strtol(digits, NULL, 16);
}

/* Copies the next part of the string at p->at, up to END: an escape or a character. */
static int copy_character(struct pass *p, const char *end, bool key, struct li_error *err)
{
    static const char replacement[] = "\\ufffd";
    long unit = unit_at(p->at, end), next;
    uint32_t point;
    size_t len;

    if (unit >= 0) {
        next = unit_at(p->at + UNIT, end);
        len = UNIT;
        if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000)
            len = 2 * UNIT;
        else if ((unit >= 0xd800 && unit < 0xe000) || (key && unit == 0))
            goto replace;
    } else if (*p->at == '\\') {
        len = end - p->at > 1 ? 2 : 1; /* the document may end here */
    } else {
        len = li_text_character(p->at, (size_t)(end - p->at), &point);
        if (len == 0) {
            len = 1;
            goto replace;
        }
    }
    p->at += len;
    return put(p, p->at - len, len, err);
replace:
    p->at += len;
    return put(p, replacement, UNIT, err);
}

/* A run of literal bytes. */
static size_t plain_run(const char *at, const char *end)
{
    const char *to = at;

    while (to < end && *to != '\\' && (unsigned char)*to < 0x80)
        to++;
    return (size_t)(to - at);
}

static int copy_contents(struct pass *p, const char *end, bool key, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && p->at < end) {
        size_t len = plain_run(p->at, end);

        if (len == 0) {
            rc = copy_character(p, end, key, err);
            continue;
        }
        rc = put(p, p->at, len, err);
        p->at += len;
    }
    return rc;
}

/* The string's closing quote, or the end of the document. */
static const char *string_end(const struct pass *p)
{
    const char *to = p->at + 1;

    while (to < p->end && *to != '"')
        to += *to == '\\' && p->end - to > 1 ? 2 : 1;
    return to;
}

static bool colon_follows(const char *at, const char *end)
{
    while (at < end && strchr(" \t\r\n", *at) && *at)
        at++;
    return at < end && *at == ':';
}

static int copy_string(struct pass *p, struct li_error *err)
{
    const char *end = string_end(p);
    bool key = end < p->end && colon_follows(end + 1, p->end);
    char number[24];
    int rc = put(p, p->at++, 1, err);

    if (rc == 0 && key && p->numbered) {
        snprintf(number, sizeof(number), "%zx:", p->keys++);
        rc = put(p, number, strlen(number), err);
    }
    if (rc == 0)
        rc = copy_contents(p, end, key, err);
    return rc;
}

/* The parts of a number as RFC 8259 has it. */
struct number {
    bool negative, real, zero;
    long tens; /* digits before the point, from the first that is not 0; negative: zeros after it */
    long exponent;
};

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && isdigit((unsigned char)*at))
        at++;
    return at;
}

static const char *read_exponent(const char *at, const char *end, long *out)
{
    bool negative = at < end && *at == '-';
    long value = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && isdigit((unsigned char)*at); at++)
        if (value < LARGEST_EXPONENT)
            value = 10 * value + (*at - '0');
    *out = negative ? -value : value;
    return at;
}

/* Reads the digits after the point; NULL if there are none. */
static const char *read_fraction(const char *at, const char *end, struct number *n)
{
    const char *to = skip_digits(at, end), *digit = at;

    n->real = true;
    while (n->zero && digit < to && *digit == '0')
        digit++;
    n->tens -= digit - at;
    n->zero = n->zero && digit == to;
    return to == at ? NULL : to;
}

/* Whether AT to END is a number. Jansson rejects an extra sign or point. */
static bool read_number(const char *at, const char *end, struct number *n)
{
    const char *digits;

    *n = (struct number){.negative = *at == '-'};
    digits = at + n->negative;
    at = skip_digits(digits, end);
    if (at == digits || (at - digits > 1 && *digits == '0'))
        return false;
    n->zero = *digits == '0';
    n->tens = n->zero ? 0 : at - digits;
    if (at < end && *at == '.')
        at = read_fraction(at + 1, end, n);
    if (!at)
        return false;
    if (at < end && (*at == 'e' || *at == 'E')) {
        n->real = true;
        at = read_exponent(at + 1, end, &n->exponent);
        if (!isdigit((unsigned char)at[-1]))
            return false;
    }
    return at == end;
}

static bool fits_integer(const char *at, size_t len)
{
    char text[24] = "";

    if (len >= sizeof(text))
        return false;
    memcpy(text, at, len);
    errno = 0;
    (void)strtoll(text, NULL, 10);
    return errno == 0;
}

static int copy_number(struct pass *p, struct li_error *err)
{
    const char *from = p->at;
    struct number n;
    size_t len;
    int rc;

    while (p->at < p->end && (isdigit((unsigned char)*p->at) || strchr("+-.eE", *p->at)) && *p->at)
        p->at++;
    len = (size_t)(p->at - from);
    if (!read_number(from, p->at, &n))
        return put(p, from, len, err);
    if (!n.zero && n.tens + n.exponent > LARGEST_TENS)
        return n.negative ? put(p, "-1e300", 6, err) : put(p, "1e300", 5, err);
    rc = put(p, from, len, err);
    if (rc == 0 && !n.real && !fits_integer(from, len))
        rc = put(p, ".0", 2, err);
    return rc;
}

/* A value takes up to 450 bytes of memory, and two in the document. */
static int copy_between(struct pass *p, struct li_error *err)
{
    const char *from = p->at;

    while (p->at < p->end && *p->at != '"' && *p->at != '-' && !isdigit((unsigned char)*p->at)) {
        p->values += *p->at == ',' || *p->at == '[' || *p->at == '{';
        p->at++;
    }
    if (p->numbered && p->values > LI_IMAGE_MAX_VALUES)
        return li_fail(err, LI_ELIMIT, "it has more than %d values", LI_IMAGE_MAX_VALUES);
    return put(p, from, (size_t)(p->at - from), err);
}

/* copy_string() stops at the closing quote, which an unfinished string lacks. */
static int copy_token(struct pass *p, struct li_error *err)
{
    int rc;

    if (*p->at != '"')
        return *p->at == '-' || isdigit((unsigned char)*p->at) ? copy_number(p, err)
                                                               : copy_between(p, err);
    rc = copy_string(p, err);
    if (rc == 0 && p->at < p->end)
        rc = put(p, p->at++, 1, err);
    return rc;
}

int li_image_json_lenient(const void *data, size_t len, bool numbered, struct li_buffer *out,
                          struct li_error *err)
{
    const char *text = len ? data : "";
    struct pass p = {text, text + len, out, numbered, 0, 0};
    int rc = li_buffer_reserve(out, out->len + len + len / 4 + 64, err);

    while (rc == 0 && p.at < p.end)
        rc = copy_token(&p, err);
    return rc;
}
