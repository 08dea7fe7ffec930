/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libarchive reads the ACL in the headers of a tar's entry in time that grows with the square of
 * its rules: a header of 1 MiB takes a minute. What feeds libarchive counts the rules in the bytes,
 * before it passes them on.
 *
 * The count is of commas and line ends, which separate rules, from the keyword of an ACL to the end
 * of the entry's headers. So it may be too high, but never too low.
 */
#ifndef LI_BASE_ACL_WATCH_H
#define LI_BASE_ACL_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    LI_ACL_WATCH_RULES = 4096, /* of one entry; ext4 holds about 500 */
    LI_ACL_WATCH_KEYWORD = 11, /* bytes of what the keyword of an ACL begins with */
};

struct li_acl_watch {
    size_t matched; /* bytes of the keyword at the end of what came so far */
    size_t rules;
};

/* The headers of an entry begin. */
void li_acl_watch_begin(struct li_acl_watch *watch);

/* The next LEN bytes of the headers; false if the rules are too many. */
bool li_acl_watch_add(struct li_acl_watch *watch, const uint8_t *data, size_t len);

/* Whether the keyword of an ACL was in the bytes so far. */
bool li_acl_watch_seen(const struct li_acl_watch *watch);

#endif
