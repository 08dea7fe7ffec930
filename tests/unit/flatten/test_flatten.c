/* SPDX-License-Identifier: Apache-2.0 */
/* From a path to an ext4 image by one call, as a program other than lambdaimg would make it. */
#include "tests/fixtures/stack.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/io.h"
#include "flatten/flatten.h"

static char top[] = "/tmp/unit-flatten-XXXXXX";

static char *path_of(const char *name)
{
    static char path[2][128];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof(path[turn]), "%s/%s", top, name);
    return path[turn];
}

/* The stack as an archive. */
static void save(struct stack *s)
{
    int fd = open(path_of("image.tar"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer tar = {0};

    assert_true(fd >= 0);
    stack_pack(s, &tar);
    assert_done(li_pwrite_all(fd, tar.data, tar.len, 0, &err), &err);
    close(fd);
    li_buffer_free(&tar);
}

static struct li_flatten_options how(void)
{
    return (struct li_flatten_options){.path = path_of("image.tar"),
                                       .image = {.platform = "linux/amd64"},
                                       .layout = LI_LAYOUT_LATEST};
}

static struct li_flattened *flattened(const struct li_flatten_options *options)
{
    struct li_flattened *out = NULL;
    struct li_error err = LI_ERROR_INIT;

    assert_done(li_flatten(options, &unit_env, &out, &err), &err);
    return out;
}

static void file_digest(const char *path, char hex[2 * LI_SHA256_SIZE + 1])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct li_error err = LI_ERROR_INIT;
    struct stat st;
    uint8_t *data;

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    data = malloc((size_t)st.st_size);
    assert_non_null(data);
    assert_done(li_pread_all(fd, data, (size_t)st.st_size, 0, &err), &err);
    stack_sha256(data, (size_t)st.st_size, hex);
    free(data);
    close(fd);
}

/* The same bytes as when its parts are put together by hand. */
static void an_image_is_written(void **state)
{
    char by_parts[2 * LI_SHA256_SIZE + 1], by_call[2 * LI_SHA256_SIZE + 1];
    struct stack s = make_stack("a/ a/file=text b=other", "a/.wh.file= c>b");
    const struct li_flatten_options options = how();
    struct li_error err = LI_ERROR_INIT;
    struct li_flattened *f;

    (void)state;
    save(&s);
    stack_digest(&s, false, by_parts);
    f = flattened(&options);
    assert_int_equal(li_ext4_size(li_flattened_plan(f)),
                     li_flattened_source(f).count * LI_CHUNK_SIZE);
    assert_string_equal(li_image_tag(li_flattened_image(f)), "a:1");
    assert_done(li_flattened_write(f, path_of("image.ext4"), NULL, &err), &err);
    file_digest(path_of("image.ext4"), by_call);
    assert_string_equal(by_call, by_parts);
    li_flattened_free(f);
    stack_free(&s);
}

static void a_wrong_layer_is_not_written(void **state)
{
    struct stack s = make_stack("a=text");
    const struct li_flatten_options options = how();
    struct li_error err = LI_ERROR_INIT;
    struct li_flattened *f = NULL;
    int rc;

    (void)state;
    s.layer[0].wrong_diff_id = true;
    save(&s);
    /* It may be known before the tree is built, since workers hash the layers meanwhile. */
    rc = li_flatten(&options, &unit_env, &f, &err);
    if (rc == 0) {
        assert_fails(li_flattened_confirm(f, &err), LI_ECORRUPT, "diff ID", &err);
        rc = li_flattened_write(f, path_of("wrong.ext4"), NULL, &err);
    }
    assert_fails(rc, LI_ECORRUPT, "diff ID", &err);
    assert_int_equal(access(path_of("wrong.ext4"), F_OK), -1);
    li_flattened_free(f);
    stack_free(&s);
}

static void what_is_left_out_is_data(void **state)
{
    const struct li_flatten_options options = how();
    const struct li_note *note;
    struct li_flattened *f;
    struct stack s = {0};

    (void)state;
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "late", .mtime = INT64_C(1) << 40});
    save(&s);
    f = flattened(&options);
    note = li_tree_note(li_flattened_tree(f), LI_NOTE_TIME);
    assert_int_equal(note->entries, 1);
    assert_string_equal(note->path, "late");
    assert_int_equal(li_tree_note(li_flattened_tree(f), LI_NOTE_TYPE)->entries, 0);
    assert_int_equal(li_image_notes(li_flattened_image(f)), 0);
    li_flattened_free(f);
    stack_free(&s);
}

static void a_manifest_says_what_an_image_is(void **state)
{
    struct stack s = make_stack("a=text", "b=text");
    const struct li_flatten_options options = how();
    struct li_manifest about = {.id = {0}};
    struct li_error err = LI_ERROR_INIT;
    struct li_flattened *f;
    char hex[2 * LI_SHA256_SIZE + 1];
    char *made_by = NULL;

    (void)state;
    save(&s);
    f = flattened(&options);
    assert_done(li_flattened_describe(f, &about, &err), &err);
    assert_string_equal(about.os, "linux");
    assert_string_equal(about.architecture, "amd64");
    assert_int_equal(about.layout, LI_LAYOUT_LATEST);
    assert_int_equal(about.size, li_ext4_size(li_flattened_plan(f)));
    assert_int_equal(about.layer_count, 2);
    stack_sha256(s.layer[1].tar.data, s.layer[1].tar.len, hex);
    assert_string_equal(about.layers[1].diff_id + strlen("sha256:"), hex);
    assert_string_equal(about.layers[1].digest, "");
    stack_sha256(about.config, about.config_len, hex);
    assert_string_equal(about.config_digest + strlen("sha256:"), hex);
    assert_string_equal(about.tool, "lambdaimg " LI_VERSION);
    assert_done(li_flatten_made_by(&made_by, &err), &err);
    assert_non_null(strstr(made_by, about.libraries));
    free(made_by);
    li_manifest_free(&about);
    li_flattened_free(f);
    stack_free(&s);
}

/* By the manifest's size and layout, whatever the options say. */
static void an_image_is_made_again(void **state)
{
    char first[2 * LI_SHA256_SIZE + 1], second[2 * LI_SHA256_SIZE + 1];
    struct stack s = make_stack("a=text");
    struct li_flatten_options options = how();
    struct li_manifest about = {.id = {0}};
    struct li_error err = LI_ERROR_INIT;
    struct li_flattened *f;

    (void)state;
    save(&s);
    options.layout = LI_LAYOUT_1;
    options.room = (struct li_ext4_room){LI_EXT4_ROOM_SIZE, 20 << 20};
    f = flattened(&options);
    assert_done(li_flattened_describe(f, &about, &err), &err);
    assert_done(li_flattened_write(f, path_of("first.ext4"), NULL, &err), &err);
    li_flattened_free(f);
    options = how();
    assert_done(li_flatten_again(&options, &about, &unit_env, &f, &err), &err);
    assert_done(li_flattened_write(f, path_of("second.ext4"), NULL, &err), &err);
    li_flattened_free(f);
    file_digest(path_of("first.ext4"), first);
    file_digest(path_of("second.ext4"), second);
    assert_string_equal(second, first);
    li_manifest_free(&about);
    stack_free(&s);
}

static void another_image_is_not_made_again(void **state)
{
    struct stack s = make_stack("a=text");
    struct li_flatten_options options = how();
    struct li_manifest about = {.layout = LI_LAYOUT_LATEST, .size = LI_CHUNK_SIZE};
    struct li_error err = LI_ERROR_INIT;
    struct li_flattened *f = NULL;

    (void)state;
    save(&s);
    assert_fails(li_flatten_again(&options, &about, &unit_env, &f, &err), LI_EINVALID,
                 "it is not the image that was pushed", &err);
    about.layout = LI_LAYOUT_LATEST + 1;
    assert_fails(li_flatten_again(&options, &about, &unit_env, &f, &err), LI_EUNSUPPORTED,
                 "its layout has version", &err);
    options.image.image = "b:1";
    assert_fails(li_flatten_again(&options, &about, &unit_env, &f, &err), LI_EINVALID,
                 "choose from", &err);
    options.path = path_of("nothing.tar");
    assert_fails(li_flatten(&options, &unit_env, &f, &err), LI_ENOTFOUND, "cannot open it", &err);
    assert_null(f);
    li_flattened_free(f);
    stack_free(&s);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(top) ? 0 : -1;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"image.tar", "image.ext4", "first.ext4", "second.ext4"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(path_of(names[i]));
    return rmdir(top);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_image_is_written),
        cmocka_unit_test(a_wrong_layer_is_not_written),
        cmocka_unit_test(what_is_left_out_is_data),
        cmocka_unit_test(a_manifest_says_what_an_image_is),
        cmocka_unit_test(an_image_is_made_again),
        cmocka_unit_test(another_image_is_not_made_again),
    };

    return cmocka_run_group_tests_name("flatten", tests, set_up, tear_down);
}
