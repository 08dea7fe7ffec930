/* SPDX-License-Identifier: Apache-2.0 */
#include "base/acl_watch.h"

#include <string.h>

static const char keyword[] = "SCHILY.acl.";

_Static_assert(sizeof(keyword) - 1 == LI_ACL_WATCH_KEYWORD, "the length is that of the keyword");

void li_acl_watch_begin(struct li_acl_watch *watch)
{
    *watch = (struct li_acl_watch){0};
}

/* The first byte of the keyword is not in it again, so a match that fails begins anew at most at
 * the byte where it failed. */
static void match(struct li_acl_watch *watch, char byte)
{
    if (byte == keyword[watch->matched])
        watch->matched++;
    else
        watch->matched = byte == keyword[0];
}

/* The bytes up to the end of the keyword, or LEN if it does not end in them. */
static size_t find_keyword(struct li_acl_watch *watch, const uint8_t *data, size_t len)
{
    size_t at = 0;

    while (at < len && !li_acl_watch_seen(watch)) {
        const uint8_t *first = watch->matched ? data + at : memchr(data + at, keyword[0], len - at);

        if (!first)
            return len;
        match(watch, (char)*first);
        at = (size_t)(first - data) + 1;
    }
    return at;
}

bool li_acl_watch_seen(const struct li_acl_watch *watch)
{
    return watch->matched == LI_ACL_WATCH_KEYWORD;
}

bool li_acl_watch_add(struct li_acl_watch *watch, const uint8_t *data, size_t len)
{
    for (size_t at = find_keyword(watch, data, len); at < len; at++)
        watch->rules += data[at] == ',' || data[at] == '\n';
    return watch->rules <= LI_ACL_WATCH_RULES;
}
