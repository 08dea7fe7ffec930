/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/tools/randomline.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

uint64_t random_state;

/* 0 to LIMIT - 1 (splitmix64) */
unsigned pick(unsigned limit)
{
    uint64_t z = random_state += 0x9e3779b97f4a7c15;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (unsigned)((z ^ (z >> 31)) % limit);
}

bool chance(unsigned percent)
{
    return pick(100) < percent;
}

void add(struct line *line, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    line->len += (size_t)vsnprintf(line->text + line->len, LINE - line->len, fmt, ap);
    va_end(ap);
    if (line->len >= LINE)
        errx(1, "a line is too long");
}

void add_time(struct line *line)
{
    static const char *const odd[] = {
        "0",
        "-1",
        "-1.25",
        "-0.5",
        "1.000000001",
        "-2147483648",
        "15032385535.999999999",
        "4294967296.5",
        "2147483648",
        "1700000000.123456789",
        "-1000000.75",
        "-2147483649",
        "-6795364579",
        "-62135596800.5",
        "99999999999",
    };

    if (chance(30))
        add(line, " mtime=%s", pick_of(odd));
    else if (chance(80))
        add(line, " mtime=%u", 1500000000 + pick(1000));
}

void add_owner(struct line *line)
{
    static const unsigned owners[] = {0, 1, 1000, 65535, 65536, 2097151, 2097152, 4294967294};

    if (chance(30))
        add(line, " uid=%u gid=%u", pick_of(owners), pick_of(owners));
}

/* The attribute of an ACL, in mktar's words. */
#define ACL "\\x02\\x00\\x00\\x00"
#define RULE(tag, permissions) "\\x" tag "\\x00\\x" permissions "\\x00"
#define NOBODY "\\xff\\xff\\xff\\xff"

static void add_acl(struct line *line, char type)
{
    static const char *const acls[] = {
        (ACL RULE("01", "06") NOBODY RULE("02", "04") "\\xe8\\x03\\x00\\x00" RULE("04", "04")
             NOBODY RULE("10", "05") NOBODY RULE("20", "00") NOBODY),
        (ACL RULE("01", "07") NOBODY RULE("04", "01") NOBODY RULE("20", "05") NOBODY),
        ACL,
    };
    static const char *const texts[] = {
        "user::rw-,user:x:r--:7,group::r-x,mask::rwx,other::--x",
        "user::r-x,group::r--,other::---",
        "user::rwx,group::r-x,group:x:-wx:70000,mask::r-x,other::r--,user:y:rwx:3",
        "user::rwx,user:lisa:r-x,group::r--,mask::r-x,other::---",
        "user::rwx,group::r--,group:wheel:-w-,user:5:r--,mask::rwx,other::r-x",
    };
    const char *which = type == 'd' && chance(50) ? "default" : "access";

    if (chance(50))
        add(line, " xattr.system.posix_acl_%s=%s", which, pick_of(acls));
    else
        add(line, " pax.SCHILY.acl.%s=%s", which, pick_of(texts));
}

/* In two spellings, of which one may be missing. */
static void add_label(struct line *line)
{
    static const char *const labels[] = {"system_u:object_r:bin_t:s0",
                                         "system_u:object_r:bin_t:s0\\x00", "other_t"};
    unsigned which = pick(4);

    if (which < 3)
        add(line, " pax.RHT.security.selinux=%s", labels[2 * pick(2)]);
    if (which > 0)
        add(line, " xattr.security.selinux=%s", pick_of(labels));
}

void add_attributes(struct line *line, char type)
{
    static const char *const values[] = {"v", "", "\\x00\\x01\\xff", "some-longer-value"};

    if (chance(80))
        return;
    if (chance(strchr("fd", type) ? 60 : 30))
        add(line, " xattr.user.a%u=%s", pick(4), pick_of(values));
    if (chance(15))
        add_label(line);
    if (strchr("fd", type)) {
        if (chance(10))
            add(line, " xattr.user.large=%0*u", 1 + (int)pick(3500), 7U);
        if (chance(20))
            add(line, " pax.LIBARCHIVE.xattr.user.base64=aGVsbG8=");
        if (chance(30))
            add_acl(line, type);
    }
    if (chance(40))
        add(line, " xattr.trusted.t%u=%s", pick(3), pick_of(values));
    if (chance(20))
        add(line, " xattr.security.note=%s", pick_of(values));
}

void add_content(struct line *line)
{
    static const unsigned around[] = {4096, 262144, 524288, 1048576};
    unsigned size = pick(3000);

    if (chance(10)) {
        unsigned a = pick(9000), b = 1 + pick(6000), hole = 1 + pick(900000);
        unsigned end = a + b + hole + 100;

        add(line, " size=%u fill=%u pax.GNU.sparse.size=%u pax.GNU.sparse.numblocks=2", b + 100,
            1 + pick(5), end + pick(5000));
        add(line, " pax.GNU.sparse.map=%u,%u,%u,100", a, b, a + b + hole);
        return;
    }
    if (chance(30))
        size = around[pick(chance(70) ? 2 : 4)] * (1 + pick(2)) + pick(3) - 1;
    if (chance(15))
        size = 0;
    add(line, " size=%u", size);
    if (!chance(10))
        add(line, " fill=%u", 1 + pick(1000));
}
