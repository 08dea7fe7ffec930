/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reference becomes part of object keys and file paths. So few characters are allowed, and there
 * is one way to write each reference. The grammar is that of Docker's references without digests
 * and without the special rule for the "__" separator.
 *
 * A colon begins a tag only after the last slash; before it, it begins the port of a registry.
 */
#include "manifest/reference.h"

#include <stddef.h>
#include <string.h>

#include "base/hex.h"

enum { PORT_DIGITS_MAX = 5 };

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_component(const char *text, size_t len)
{
    if (len == 0 || !is_alphanumeric(text[0]) || !is_alphanumeric(text[len - 1]))
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alphanumeric(text[i]) && text[i] != '.' && text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

static bool is_port(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return len >= 1 && len <= PORT_DIGITS_MAX;
}

static bool is_tag(const char *text, size_t len)
{
    if (len == 0 || len > LI_REFERENCE_TAG_MAX || text[0] == '.' || text[0] == '-')
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_alphanumeric(text[i]) && !(text[i] >= 'A' && text[i] <= 'Z') && text[i] != '.' &&
            text[i] != '_' && text[i] != '-')
            return false;
    return true;
}

/* A component, or, if another follows, one with an optional port. */
static bool is_first_component(const char *text, size_t len, bool another_follows)
{
    const char *colon = memchr(text, ':', len);

    if (!colon || !another_follows)
        return is_component(text, len);
    return is_component(text, (size_t)(colon - text)) &&
           is_port(colon + 1, (size_t)(text + len - colon - 1));
}

static bool is_name(const char *text, size_t len)
{
    const char *end = text + len;
    const char *slash = memchr(text, '/', len);
    const char *stop = slash ? slash : end;

    if (!is_first_component(text, (size_t)(stop - text), slash != NULL))
        return false;
    while (slash) {
        text = slash + 1;
        slash = memchr(text, '/', (size_t)(end - text));
        stop = slash ? slash : end;
        if (!is_component(text, (size_t)(stop - text)))
            return false;
    }
    return true;
}

/* The position of the tag's colon between TEXT and END, or NULL. */
static const char *find_tag(const char *text, const char *end)
{
    const char *slash = memrchr(text, '/', (size_t)(end - text));
    const char *from = slash ? slash + 1 : text;

    return memchr(from, ':', (size_t)(end - from));
}

static int invalid(struct li_error *err, const char *text, const char *why)
{
    return li_fail(err, LI_EINVALID,
                   "\"%.240s\" is not an image reference: %s; write it like team/app:1.0, or like "
                   "team/app@ID to pin a manifest",
                   text, why);
}

static int set_name(struct li_reference *ref, const char *text, size_t len, struct li_error *err)
{
    if (len > LI_REFERENCE_NAME_MAX)
        return invalid(err, text, "its name is longer than 200 characters");
    if (!is_name(text, len))
        return invalid(err, text,
                       "a name is made of a-z, 0-9, '.', '_', '-', in parts between '/' that begin "
                       "and end with a letter or digit");
    memcpy(ref->name, text, len);
    ref->name[len] = '\0';
    return 0;
}

static int set_tag(struct li_reference *ref, const char *text, const char *tag,
                   struct li_error *err)
{
    size_t len = strlen(tag);

    if (!is_tag(tag, len))
        return invalid(err, text,
                       "a tag is 1 to 128 of A-Z, a-z, 0-9, '.', '_', '-', and begins with neither "
                       "'.' nor '-'");
    memcpy(ref->tag, tag, len + 1);
    return 0;
}

static int set_pin(struct li_reference *ref, const char *text, const char *id, bool tagged,
                   struct li_error *err)
{
    if (tagged)
        return invalid(err, text, "it has both a tag and an ID");
    if (strlen(id) != sizeof(ref->id) * 2 || li_hex_decode(id, ref->id, sizeof(ref->id)) < 0)
        return invalid(err, text, "an ID is 32 of 0-9 and a-f");
    ref->pinned = true;
    return 0;
}

int li_reference_parse(const char *text, struct li_reference *out, struct li_error *err)
{
    struct li_reference ref = {0};
    const char *at = strchr(text, '@');
    const char *end = at ? at : text + strlen(text);
    const char *colon = find_tag(text, end);
    int rc;

    if (at)
        rc = set_pin(&ref, text, at + 1, colon != NULL, err);
    else
        rc = set_tag(&ref, text, colon ? colon + 1 : "latest", err);
    if (rc == 0)
        rc = set_name(&ref, text, (size_t)((colon ? colon : end) - text), err);
    if (rc == 0)
        *out = ref;
    return rc;
}
