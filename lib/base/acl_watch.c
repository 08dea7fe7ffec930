/* SPDX-License-Identifier: Apache-2.0 */
#include "base/acl_watch.h"

static const char keyword[] = "SCHILY.acl.";
enum { KEYWORD = sizeof(keyword) - 1 };

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

bool li_acl_watch_add(struct li_acl_watch *watch, const uint8_t *data, size_t len)
{
    size_t at = 0;

    for (; at < len && watch->matched < KEYWORD; at++)
        match(watch, (char)data[at]);
    for (; at < len; at++)
        watch->rules += data[at] == ',' || data[at] == '\n';
    return watch->rules <= LI_ACL_WATCH_RULES;
}
