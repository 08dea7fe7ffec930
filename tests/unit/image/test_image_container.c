/* SPDX-License-Identifier: Apache-2.0 */
/* What images lie in: broken, cut short and compressed archives, standard input, and links. */
#include "tests/fixtures/image_files.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>

#include "image/container.h"
#include "image/names.h"

/* Layers' paths, and links, that leave the image: none of them may be opened. */
static void nothing_outside_is_read(void **state)
{
    static const char *const paths[] = {"../../../../../../etc/passwd",
                                        "/../etc/passwd",
                                        "id1/../../x",
                                        "absolute",
                                        "climbing",
                                        "through/passwd"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct files f = {0};
        struct hex config = add_config(&f);
        char *layers = format("[\"id1/layer.tar\",\"%s\"]", paths[i]);

        add_text(&f, "id1/layer.tar", LAYER_A);
        add(&f, '2', "absolute", "/etc/passwd", 11);
        add(&f, '2', "climbing", "id1/../../../../../../etc/passwd", 32);
        add(&f, '2', "through", "../../../../../etc", 18);
        add_manifest(&f, config, "[]", layers);
        expect_failure(&f, NULL, NULL, LI_ECORRUPT, "leaves the image");
        free(layers);
        remove_files(&f);
    }
}

/* As `tar -P` stores them: below the image's root, wherever they begin. */
static void rooted_names_are_found(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};

    (void)state;
    add_made(&f, "/c.json", make_config("amd64"));
    add_text(&f, "//id1/layer.tar", LAYER_A);
    add(&f, '1', "/id2/layer.tar", "/b", 2);
    add_text(&f, "/./b", LAYER_B);
    add_text(&f, "/manifest.json",
             "[{\"Config\":\"/c.json\",\"Layers\":[\"/id1/layer.tar\",\"./id2//layer.tar\"]}]");
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    check_image(image, "amd64", NULL);
    li_image_free(image);
    remove_files(&f);

    add_made(&f, "c.json", make_config("amd64"));
    add_text(&f, "manifest.json",
             "[{\"Config\":\"c.json\",\"Layers\":[\"/etc/passwd\",\"/etc/group\"]}]");
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "layer 1: /etc/passwd is missing");
    remove_files(&f);
}

static void links_in_a_circle_end(void **state)
{
    struct files f = {0};
    struct hex config = add_config(&f);

    (void)state;
    add(&f, '2', "id1", "id2", 3);
    add(&f, '2', "id2", "id1", 3);
    add_manifest(&f, config, "[]", OLD_LAYERS);
    expect_failure(&f, NULL, NULL, LI_ECORRUPT, "links");
    remove_files(&f);
}

/* Wherever a tar is cut, it fails or is the same image. */
static void a_tar_cut_short_never_differs(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct files f = {0};
    struct li_buffer tar = {0};
    size_t failed = 0, cut = 0;

    (void)state;
    old_docker(&f);
    pack(&f);
    make_tar(&f, &tar);
    for (cut = 0; cut < tar.len; cut += cut % 512 ? 512 - 100 : 100) {
        struct li_image *image = NULL;

        write_file(f.where, tar.data, cut);
        if (open_files(&f, NULL, NULL, &image, &err) < 0) {
            failed++;
            assert_true(err.code == LI_ECORRUPT || err.code == LI_EUNSUPPORTED);
            continue;
        }
        assert_true(cut + 1024 >= tar.len);
        check_image(image, "amd64", "app:1");
        li_image_free(image);
    }
    assert_true(failed >= (tar.len - 1024) / 512 * 2);
    li_buffer_free(&tar);
    remove_files(&f);
}

/* The file as FILTER compresses it. */
static void compress(const struct li_buffer *in, int (*filter)(struct archive *),
                     struct li_buffer *out)
{
    struct li_error err = LI_ERROR_INIT;
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    size_t used = 0;

    assert_done(li_buffer_reserve(out, in->len + 65536, &err), &err);
    assert_int_equal(filter(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(a, out->data, out->cap, &used), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, in->data, in->len), in->len);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    out->len = used;
    archive_entry_free(entry);
    archive_write_free(a);
}

static void compressed_archives_open(void **state)
{
    static int (*const filters[])(struct archive *) = {
        archive_write_add_filter_gzip, archive_write_add_filter_zstd, archive_write_add_filter_xz};
    struct li_error err = LI_ERROR_INIT;
    struct files f = {0};
    struct li_buffer tar = {0};

    (void)state;
    old_docker(&f);
    pack(&f);
    make_tar(&f, &tar);
    for (size_t i = 0; i < 3; i++) {
        struct li_image *image = NULL;
        struct li_buffer small = {0};

        compress(&tar, filters[i], &small);
        assert_true(small.len < tar.len);
        write_file(f.where, small.data, small.len);
        assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
        check_image(image, "amd64", "app:1");
        li_image_free(image);

        write_file(f.where, small.data, small.len / 2);
        image = NULL;
        assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_ECORRUPT, "cut short", &err);
        li_buffer_free(&small);
    }
    li_buffer_free(&tar);
    remove_files(&f);
}

static void standard_input_opens(void **state)
{
    const struct li_image_options options = {NULL, NULL};
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    int pipes[2], kept = dup(STDIN_FILENO), fd;

    (void)state;
    old_docker(&f);
    pack(&f);
    for (int from_pipe = 0; from_pipe < 2; from_pipe++) {
        struct li_buffer tar = {0};

        make_tar(&f, &tar);
        assert_int_equal(pipe(pipes), 0);
        assert_true(tar.len < 65536); /* it fits into the pipe */
        assert_int_equal(write(pipes[1], tar.data, tar.len), tar.len);
        close(pipes[1]);
        fd = open(f.where, O_RDONLY | O_CLOEXEC);
        assert_int_equal(dup2(from_pipe ? pipes[0] : fd, STDIN_FILENO), STDIN_FILENO);
        close(pipes[0]);
        close(fd);
        assert_done(li_image_open("-", &options, &unit_env, &image, &err), &err);
        check_image(image, "amd64", "app:1");
        li_image_free(image);
        li_buffer_free(&tar);
    }
    dup2(kept, STDIN_FILENO);
    close(kept);
    remove_files(&f);
}

/* Opens a file with these bytes, which must fail so. */
static void expect_refusal(const void *data, size_t len, int code, const char *words)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};

    pack(&f);
    write_file(f.where, data, len);
    assert_fails(open_files(&f, NULL, NULL, &image, &err), code, words, &err);
    remove_files(&f);
}

static void what_is_no_image_is_told(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    uint8_t garbage[5000];

    (void)state;
    unit_random(garbage, sizeof(garbage), &err);
    expect_refusal(garbage, sizeof(garbage), LI_EUNSUPPORTED, "lambdaimg reads docker-save");
    expect_refusal("", 0, LI_EUNSUPPORTED, "not an image");
    expect_refusal("text", 4, LI_EUNSUPPORTED, "not an image");
    expect_refusal("\x1f\x8b\x08\0\0\0\0\0\0\3", 10, LI_ECORRUPT, "gzip");
    memset(garbage, 0, sizeof(garbage));
    expect_refusal(garbage, 4096, LI_EUNSUPPORTED, "neither manifest.json");

    add_text(&f, "etc/passwd", "");
    add_text(&f, "usr/bin/sh", "");
    expect_failure(&f, NULL, NULL, LI_EUNSUPPORTED, "root file system");
    strcpy(f.where, "/tmp/unit-image-absent");
    assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_ENOTFOUND, "cannot open it", &err);
    remove_files(&f);
}

/* Bytes of a good archive turned over, one at a time: nothing may crash, and what still opens has
 * the layers' places within the file. */
static void damaged_tars_do_no_harm(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct files f = {0};
    struct li_buffer tar = {0};
    size_t failed = 0;

    (void)state;
    old_docker(&f);
    pack(&f);
    make_tar(&f, &tar);
    for (size_t at = 0; at < tar.len; at += 7) {
        struct li_image *image = NULL;

        tar.data[at] ^= 0x31;
        write_file(f.where, tar.data, tar.len);
        tar.data[at] ^= 0x31;
        if (open_files(&f, NULL, NULL, &image, &err) < 0) {
            failed++;
            continue;
        }
        for (size_t i = 0; i < li_image_layers(image); i++) {
            const struct li_blob *blob = li_image_layer(image, i);

            assert_true(blob->offset <= tar.len && blob->length <= tar.len - blob->offset);
        }
        li_image_free(image);
    }
    assert_true(failed > 100);
    li_buffer_free(&tar);
    remove_files(&f);
}

/* A sparse member's bytes do not lie in one piece, so it cannot be read where it lies. */
static void sparse_members_are_refused(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();

    (void)state;
    pack(&f);
    assert_int_equal(archive_write_set_format_pax(a), ARCHIVE_OK);
    assert_int_equal(archive_write_open_filename(a, f.where), ARCHIVE_OK);
    archive_entry_set_pathname(entry, "manifest.json");
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_size(entry, 1 << 20);
    archive_entry_sparse_add_entry(entry, 4096, 4096);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    for (int i = 0; i < 256; i++)
        assert_true(archive_write_data(a, (char[4096]){0}, 4096) >= 0);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_entry_free(entry);
    archive_write_free(a);
    assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_EUNSUPPORTED, "sparse", &err);
    remove_files(&f);
}

static void the_last_member_of_a_name_counts(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_image *image = NULL;
    struct files f = {0};

    (void)state;
    add_text(&f, "id1/layer.tar", "another");
    add(&f, '2', "manifest.json", "nowhere", 7);
    old_docker(&f);
    pack(&f);
    assert_done(open_files(&f, NULL, NULL, &image, &err), &err);
    check_image(image, "amd64", "app:1");
    li_image_free(image);
    remove_files(&f);
}

/* The layer's name once more, for what is not a file and cannot be followed: a FIFO, a directory,
 * and links whose targets are too long, or which libarchive may not tell. */
static void a_file_may_be_replaced_by_anything(void **state)
{
    char *umlaut = strdup("15 linkpath=\xc3\xbc\n"), *zeros = format("1115 linkpath=%01100d\n", 0);
    const struct {
        char type;
        const char *records;
    } cases[] = {{'6', ""}, {'5', ""}, {'1', umlaut}, {'2', umlaut}, {'1', zeros}, {'2', zeros}};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_image *image = NULL;
        struct files f = {0};

        old_docker(&f);
        add(&f, 'x', "records", cases[i].records, strlen(cases[i].records));
        add(&f, cases[i].type, "id1/layer.tar", "", 0);
        pack(&f);
        assert_fails(open_files(&f, NULL, NULL, &image, &err), LI_ECORRUPT, "id1/layer.tar", &err);
        remove_files(&f);
    }
    free(umlaut);
    free(zeros);
}

/* A link that takes a directory's place after look() has seen that: open() is told what to open. */
static void a_directory_is_not_entered_by_a_link(void **state)
{
    char target[LI_IMAGE_MAX_NAME];
    struct li_error err = LI_ERROR_INIT;
    struct li_image_container *c = NULL;
    struct li_image_extent extent;
    enum li_image_kind kind;
    struct files f = {0};

    (void)state;
    add_text(&f, "directory/file", "text");
    add_text(&f, "link", "directory");
    f.list[1].type = '2';
    spread(&f);
    assert_done(
        li_image_directory_open(open(f.where, O_RDONLY | O_DIRECTORY | O_CLOEXEC), &c, &err), &err);
    assert_done(c->open(c, "directory/file", &extent, &err), &err);
    li_image_close(&extent);
    assert_fails(c->open(c, "link/file", &extent, &err), LI_ENOTFOUND, "cannot open link/file",
                 &err);
    assert_done(c->look(c, "link/file", &kind, target, &err), &err);
    assert_int_equal(kind, LI_IMAGE_ABSENT);
    c->free(c);
    remove_files(&f);
}

static void names_match_in_all_their_forms(void **state)
{
    (void)state;
    assert_int_equal(li_image_name_match("app:1", "app:1"), LI_IMAGE_MATCH_EXACT);
    assert_int_equal(li_image_name_match("docker.io/library/app:1", "app:1"), LI_IMAGE_MATCH_SHORT);
    assert_int_equal(li_image_name_match("docker.io/x/app:latest", "x/app"), LI_IMAGE_MATCH_SHORT);
    assert_int_equal(li_image_name_match("app", "app:latest"), LI_IMAGE_MATCH_SHORT);
    assert_int_equal(li_image_name_match("app:latest", "app:lat"), LI_IMAGE_MATCH_NONE);
    assert_int_equal(li_image_name_match("app:1", "app"), LI_IMAGE_MATCH_NONE);
    assert_int_equal(li_image_name_match("host:5000/app", "host:5000/app:latest"),
                     LI_IMAGE_MATCH_SHORT);
    assert_int_equal(li_image_name_match("quay.io/app:1", "app:1"), LI_IMAGE_MATCH_NONE);
    assert_int_equal(li_image_name_match("app", ""), LI_IMAGE_MATCH_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_outside_is_read),
        cmocka_unit_test(rooted_names_are_found),
        cmocka_unit_test(links_in_a_circle_end),
        cmocka_unit_test(a_tar_cut_short_never_differs),
        cmocka_unit_test(compressed_archives_open),
        cmocka_unit_test(standard_input_opens),
        cmocka_unit_test(what_is_no_image_is_told),
        cmocka_unit_test(damaged_tars_do_no_harm),
        cmocka_unit_test(sparse_members_are_refused),
        cmocka_unit_test(the_last_member_of_a_name_counts),
        cmocka_unit_test(a_file_may_be_replaced_by_anything),
        cmocka_unit_test(a_directory_is_not_entered_by_a_link),
        cmocka_unit_test(names_match_in_all_their_forms),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
