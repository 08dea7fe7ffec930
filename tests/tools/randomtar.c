/* SPDX-License-Identifier: Apache-2.0 */
/*
 * randomtar FIRST COUNT DIR [TAR...]: DIR/SEED.tar for COUNT seeds from FIRST on, the same for a
 * seed. They have what the writers of forty years put into tars: all formats, ways to write a
 * number, long names, sparse files, PAX records, global headers.
 *
 * By the seed's remainder of four: 0 has only what every reader must understand; 1 and 2 have odd
 * things, too; 3 is damaged. With TARs all are those, damaged.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tools/randomline.h"
#include "tests/tools/tarfile.h"
#include "tests/tools/tarsparse.h"

static bool odd; /* odd things are allowed */

static bool odd_chance(unsigned percent)
{
    return chance(percent) && odd;
}

/* ---- names ---- */

static void make_name(char *name, size_t size)
{
    static const char *const odd_names[] = {"",     "/",  "./",      "..", "a//b",
                                            "/abs", "x/", "caf\xe9", "\\", "a\nb"};
    static const unsigned lengths[] = {3, 8, 20, 60, 99, 100};
    unsigned len = pick_of(lengths);

    if (len >= size)
        len = (unsigned)size - 1;
    for (unsigned i = 0; i < len; i++)
        name[i] = i % 13 == 12 ? '/' : (char)('a' + pick(26));
    if (name[len - 1] == '/')
        name[len - 1] = 'z';
    name[len] = '\0';
    if (odd_chance(15))
        snprintf(name, size, "%s", pick_of(odd_names));
}

static void make_long_name(char name[600])
{
    unsigned len = 90 + pick(400);

    for (unsigned i = 0; i < len; i++)
        name[i] = i % 40 == 39 ? '/' : (char)('a' + pick(26));
    name[len] = '\0';
    if (name[len - 1] == '/')
        name[len - 1] = 'q';
}

static void put_long_names(struct li_buffer *tar, const struct tar_header *h)
{
    char name[600];

    if (h->magic != TAR_GNU && !odd_chance(5))
        return;
    if (chance(30)) {
        make_long_name(name);
        tar_put_special(tar, 'L', name, strlen(name) + !odd_chance(30));
    }
    if (chance(30) && *h->target) {
        make_long_name(name);
        tar_put_special(tar, 'K', name, strlen(name) + !odd_chance(30));
    }
}

/* ---- PAX records ---- */

static const char *make_time(char text[64])
{
    static const char *const times[] = {"0",
                                        "-1",
                                        "-1.25",
                                        "-0.5",
                                        "1.000000001",
                                        "5000000000.5",
                                        "-62135596800",
                                        "1700000000.1234567891",
                                        "1.",
                                        "4.5e3",
                                        ".5",
                                        "+7",
                                        " 8",
                                        "9223372036854775807",
                                        "99999999999999999999"};

    if (odd_chance(40))
        return pick_of(times);
    snprintf(text, 64, "%u.%09u", pick(2000000000), pick(1000000000));
    return text;
}

static const char *make_id(char text[64])
{
    static const char *const ids[] = {"-1",   "4294967295", "4294967296",         "07", "+3", " 5",
                                      "0x10", "",           "9223372036854775808"};

    if (odd_chance(25))
        return pick_of(ids);
    snprintf(text, 64, "%u", pick(3) ? pick(70000) : 4000000000U);
    return text;
}

/* Number I of an entry's attributes. */
static void add_xattr(struct li_buffer *records, unsigned i)
{
    static const char *const keys[] = {"SCHILY.xattr.user.a", "SCHILY.xattr.user.b",
                                       "SCHILY.xattr.security.capability",
                                       "SCHILY.xattr.trusted.overlay.opaque"};
    static const char *const odd_keys[] = {
        "SCHILY.xattr.user.a", "RHT.security.selinux", "LIBARCHIVE.xattr.user.c",
        "SCHILY.acl.access",   "SCHILY.xattr.",        "SCHILY.xattr.user.\xc3\xa9",
        "SUN.holesdata",       "VENDOR.thing",         "hdrcharset"};
    char value[40];
    size_t len = pick(30) + !odd;

    for (size_t at = 0; at < len; at++)
        value[at] = (char)pick(256);
    tar_record(records, odd_chance(30) ? pick_of(odd_keys) : keys[i], value, len);
}

static void add_odd_record(struct li_buffer *records)
{
    static const char *const texts[] = {"5 a=\n",
                                        "12 size=511\n",
                                        "10 size=0\n",
                                        "6 k=v\n",
                                        "99 path=short\n",
                                        "8 path=\n",
                                        "0 \n",
                                        "11 path=a\0b\n",
                                        "15 linkpath=abc\n",
                                        "21 GNU.sparse.major=1\n",
                                        "07 a=b\n",
                                        "9 nothing\n"};
    const char *text = pick_of(texts);

    tar_append(records, text, strlen(text));
}

static void add_records(struct li_buffer *records, const struct tar_header *h)
{
    char name[600], text[64];

    make_long_name(name);
    if (chance(40))
        tar_record_text(records, "path", name);
    if (chance(40) && *h->target)
        tar_record_text(records, "linkpath", name + 3);
    if (chance(30))
        tar_record_text(records, "mtime", make_time(text));
    if (chance(20))
        tar_record_text(records, "uid", make_id(text));
    if (chance(20))
        tar_record_text(records, "gid", make_id(text));
    if (chance(30))
        tar_record_text(records, "comment", "of no use");
    for (unsigned i = chance(30) ? 1 + pick(3) : 0; i > 0; i--)
        add_xattr(records, i);
    if (chance(15) && h->type == '0') {
        snprintf(text, sizeof(text), "%lld", (long long)h->size);
        tar_record_text(records, "size", text);
    }
    if (odd_chance(12))
        add_odd_record(records);
}

static void put_records(struct li_buffer *tar, const struct tar_header *h)
{
    struct li_buffer records = {0};

    if (h->magic != TAR_USTAR && !odd_chance(20))
        return;
    for (unsigned i = odd_chance(20) ? 2 : 1; i > 0; i--) {
        records.len = 0;
        add_records(&records, h);
        if (records.len > 0)
            tar_put_special(tar, odd_chance(3) ? 'X' : 'x', records.data, records.len);
    }
    li_buffer_free(&records);
}

/* It changes no other entry, in whatever reader. */
static void put_global(struct li_buffer *tar)
{
    struct li_buffer records = {0};

    tar_record_text(&records, "comment", "0123456789abcdef");
    if (odd_chance(30))
        tar_record_text(&records, chance(50) ? "mtime" : "path", "7");
    tar_put_special(tar, 'g', records.data, records.len);
    li_buffer_free(&records);
}

/* ---- entries ---- */

static enum tar_digits make_digits(void)
{
    if (odd_chance(6))
        return (enum tar_digits)pick(TAR_DIGITS_ALL);
    return chance(70) ? TAR_OCTAL : (enum tar_digits)pick(odd ? TAR_DIGITS_SANE : TAR_BLANKS_FIRST);
}

static void make_header(struct tar_header *h)
{
    static const char types[] = "0000000000012233445556", odd_types[] = "7SVDMANXZ1";
    static const int64_t owners[] = {0, 0, 1000, 65534, 2097151};

    *h = (struct tar_header){.mode = 0100 * pick(8) + 010 * pick(8) + pick(8)};
    h->magic = (enum tar_magic)(chance(80) ? 1 + pick(2) : pick(4));
    h->type = odd_chance(8) ? pick_of(odd_types) : types[pick(sizeof(types) - 1)];
    if (h->magic == TAR_V7 && h->type > '2' && h->type != '5')
        h->type = '0';
    if (odd_chance(6))
        h->type = '\0';
    make_name(h->name, sizeof(h->name));
    if (h->type == '5' && strlen(h->name) < 100 && !odd_chance(30))
        strcat(h->name, "/");
    if (h->type == '1' || h->type == '2' || odd_chance(3))
        make_name(h->target, sizeof(h->target));
    if (h->magic == TAR_USTAR && chance(20))
        make_name(h->prefix, sizeof(h->prefix));
    h->uid = odd_chance(5) ? 4294967295 : pick_of(owners);
    h->gid = pick_of(owners);
    h->mtime = odd_chance(5) ? -(int64_t)pick(1 << 30) : (int64_t)pick(2000000000);
    h->mode += odd_chance(10) ? 0100000 : 01000 * pick(8);
    if (h->type == '3' || h->type == '4') {
        h->major = pick(300);
        h->minor = pick(70000);
    }
    h->digits = make_digits();
    h->size_digits = make_digits();
}

static bool has_contents(char type)
{
    return !(type >= '1' && type <= '6');
}

/* What lies where only GNU's sparse files have something, in tars of cameras and of old writers. */
static void add_junk(uint8_t *block)
{
    memset(block + 386 + pick(60), '0' + (int)pick(10), 1 + pick(60));
    if (chance(30))
        block[345 + pick(24)] = (uint8_t)pick(256);
    tar_checksum(block);
}

static void put_plain(struct li_buffer *tar, struct tar_header *h)
{
    size_t len = has_contents(h->type) ? pick(4) ? pick(1500) : 0 : 0, at;
    bool contents = true;

    h->size = (int64_t)len;
    if (!has_contents(h->type) && odd_chance(15)) {
        len = 1 + pick(1200);
        h->size = (int64_t)len;
        contents = chance(40);
    }
    put_long_names(tar, h);
    put_records(tar, h);
    at = tar_put_header(tar, h);
    if (h->magic != TAR_USTAR && odd_chance(8))
        add_junk(tar->data + at);
    if (contents)
        tar_put_contents(tar, len);
}

static void put_entry(struct li_buffer *tar)
{
    struct tar_header h;

    make_header(&h);
    if (chance(4))
        put_global(tar);
    if (h.type == 'S' || (h.type == '0' && chance(20)))
        tar_put_sparse(tar, &h, odd);
    else
        put_plain(tar, &h);
}

static void put_end(struct li_buffer *tar)
{
    static const uint8_t zeros[4 * TAR_BLOCK];
    unsigned kind = odd ? pick(10) : 9;

    if (kind == 0)
        return;
    tar_append(tar, zeros, kind == 1 ? TAR_BLOCK : 2 * TAR_BLOCK);
    if (kind == 2)
        tar_put_contents(tar, 1 + pick(2000));
    else if (kind == 3)
        put_entry(tar);
    else if (kind > 7)
        tar_append(tar, zeros, pick(5) * TAR_BLOCK);
}

static void make_tar(struct li_buffer *tar, uint64_t seed)
{
    odd = seed % 4 != 0;
    for (unsigned i = 1 + pick(7); i > 0; i--) {
        put_entry(tar);
        if (odd_chance(2))
            tar_append(tar, (const uint8_t[TAR_BLOCK]){0}, TAR_BLOCK);
    }
    put_end(tar);
    if (odd_chance(2))
        tar->len = pick((unsigned)tar->len);
    if (seed % 4 == 3)
        tar_mutate(tar, 1 + pick(3));
}

static void damage(struct li_buffer *tar, const char *path)
{
    struct tar_file file;

    tar_file_read(path, &file);
    tar_append(tar, file.data, file.len);
    tar_file_free(&file);
    tar_mutate(tar, 1 + pick(4));
}

int main(int argc, char **argv)
{
    struct li_buffer tar = {0};
    unsigned long long first, count;
    char path[4096];

    if (argc < 4)
        errx(2, "usage: randomtar FIRST COUNT DIR [TAR...]");
    first = strtoull(argv[1], NULL, 10);
    count = strtoull(argv[2], NULL, 10);
    for (unsigned long long seed = first; seed < first + count; seed++) {
        random_state = seed;
        tar.len = 0;
        if (argc > 4)
            damage(&tar, argv[4 + pick((unsigned)argc - 4)]);
        else
            make_tar(&tar, seed);
        snprintf(path, sizeof(path), "%s/%llu.tar", argv[3], seed);
        tar_file_write(path, tar.data, tar.len);
    }
    li_buffer_free(&tar);
    return 0;
}
