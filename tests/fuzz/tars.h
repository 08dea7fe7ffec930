/* SPDX-License-Identifier: Apache-2.0 */
/* Tars that fuzzing begins with: one of each thing that a tar may have. */
#ifndef LI_TESTS_FUZZ_TARS_H
#define LI_TESTS_FUZZ_TARS_H

#include "fuzz.h"

#include "tests/fixtures/sparse.h"

HELPER void put_with_records(struct li_buffer *tar, const char *path, char type,
                             struct li_buffer *pax)
{
    tar_put(tar, &(struct tar_entry){.path = path, .type = type, .mode = 0750, .pax = pax});
    pax->len = 0;
}

HELPER void make_records(struct li_buffer *tar)
{
    struct li_buffer pax = {0};

    tar_record_text(&pax, "path", "gr\xc3\xbc\xc3\x9f\x65");
    tar_record_text(&pax, "mtime", "-5.25");
    tar_record_text(&pax, "uid", "4000000000");
    put_with_records(tar, "x", '0', &pax);
    tar_record_text(&pax, "SCHILY.xattr.user.name", "value");
    tar_record(&pax, "SCHILY.xattr.security.capability", "\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0",
               20);
    tar_record_text(&pax, "LIBARCHIVE.xattr.user.name", "dmFsdWU=");
    put_with_records(tar, "attributes", '0', &pax);
    tar_record_text(&pax, "SCHILY.acl.access",
                    "user::rwx,user:5:r-x,group::r-x,mask::rwx,other::---");
    tar_record_text(&pax, "SCHILY.acl.default", "user::rwx,group::r-x,other::---");
    put_with_records(tar, "acls", '5', &pax);
    tar_record_text(&pax, "linkpath", "\xff\xfe");
    put_with_records(tar, "symlink", '2', &pax);
    li_buffer_free(&pax);
}

HELPER void make_sparse(struct li_buffer *tar)
{
    struct li_buffer pax = {0};
    static const char map[TAR_BLOCK + 10] = "2\n4096\n5\n100000\n5\n";

    tar_record_text(&pax, "GNU.sparse.size", "200000");
    tar_record_text(&pax, "GNU.sparse.numblocks", "2");
    tar_record_text(&pax, "GNU.sparse.map", "4096,5,100000,5");
    tar_put(tar, &(struct tar_entry){.path = "sparse-0.1", .data = "1234567890", .pax = &pax});
    pax.len = 0;
    tar_record_text(&pax, "GNU.sparse.major", "1");
    tar_record_text(&pax, "GNU.sparse.minor", "0");
    tar_record_text(&pax, "GNU.sparse.name", "sparse-1.0");
    tar_record_text(&pax, "GNU.sparse.realsize", "200000");
    tar_put(tar, &(struct tar_entry){.path = "x", .data = map, .length = sizeof(map), .pax = &pax});
    li_buffer_free(&pax);
}

HELPER void make_types(struct li_buffer *tar)
{
    char path[200];

    tar_entries(tar, "dir/ dir/file=text dir/link>file hard*dir/file ./=");
    tar_put(tar, &(struct tar_entry){.path = "null", .type = '3', .major = 1, .minor = 3});
    tar_put(tar, &(struct tar_entry){.path = "disk", .type = '4', .major = 259, .minor = 70000});
    tar_put(tar, &(struct tar_entry){.path = "fifo", .type = '6', .mtime = 5000000000});
    memset(path, 'p', 150);
    strcpy(path + 150, "/q");
    tar_put(tar, &(struct tar_entry){.path = path, .form = TAR_USTAR});
    tar_put(tar, &(struct tar_entry){.path = path, .form = TAR_GNU, .data = "again"});
    tar_put(tar, &(struct tar_entry){.path = "l", .form = TAR_GNU, .target = path, .type = '2'});
}

/* A header in each form, with a prefix, changed by hand. */
HELPER void make_forms(struct li_buffer *tar)
{
    static const char *const magics[] = {"ustar\00000", "ustar  \0", "\0\0\0\0\0\0\0\0"};
    uint8_t header[TAR_BLOCK];

    for (size_t i = 0; i < 4; i++) {
        tar_make_header(&(struct tar_entry){.path = "name", .type = i % 2 ? '0' : '\0'}, header);
        memcpy(header + 257, magics[i % 3], 8);
        memcpy(header + 345, "a/prefix", 8);
        if (i == 3)
            memcpy(header + 508, "tar", 4);
        tar_checksum(header);
        tar_append(tar, header, sizeof(header));
    }
}

HELPER void make_maps(struct li_buffer *tar)
{
    static const struct li_sparse_run runs[] = {{0, 5},      {1000, 10}, {2000, 1}, {3000, 600},
                                                {5000, 512}, {6000, 1},  {9000, 0}};
    const struct sparse f = SPARSE(9000, runs);
    uint8_t *data = tar_bytes(1, 2000);

    for (enum form form = OLD; form < FORMS; form++)
        put_sparse(tar, "sparse", &f, data, form);
    free(data);
}

/* Data behind a link: text, a tar, zeros. */
HELPER void make_link_data(struct li_buffer *tar)
{
    struct li_buffer inner = {0};
    static const char zeros[2 * TAR_BLOCK];

    tar_file(tar, "f", "text");
    tar_put(tar, &(struct tar_entry){.path = "a", .target = "f", .type = '1', .data = "text"});
    tar_put(tar, &(struct tar_entry){.path = "b", .target = "f", .type = '1', .size = 1024});
    tar_entries(&inner, "x=1 y=2");
    tar_put(tar,
            &(struct tar_entry){
                .path = "c", .target = "f", .type = '1', .data = inner.data, .length = inner.len});
    tar_put(tar,
            &(struct tar_entry){
                .path = "d", .target = "f", .type = '1', .data = zeros, .length = sizeof(zeros)});
    tar_file(tar, "g", "text");
    li_buffer_free(&inner);
}

HELPER void make_specials(struct li_buffer *tar)
{
    tar_put(tar, &(struct tar_entry){.path = "volume", .type = 'V', .data = "label"});
    tar_put_special(tar, 'g', "13 comment=x\n", 13);
    tar_put_special(tar, 'L', "long", 5);
    tar_put_special(tar, 'K', "target", 7);
    tar_put_special(tar, 'x', "12 path=abc\n", 12);
    tar_put_special(tar, 'x', "11 uid=123\n14 a=b=c\nd=e\n", 25);
    tar_put(tar, &(struct tar_entry){.path = "l", .target = "t", .type = '2'});
    tar_put(tar, &(struct tar_entry){.path = "dump", .type = 'D', .data = "Yf"});
}

#endif
