/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Differences of images that are made of layers: what is not read, names that share a file, and
 * trees that are none. diff.t compares with another program's listings.
 */
#include "tests/fixtures/stack.h"

#include "diff/diff.h"

enum { LARGE = 3 * LI_CHUNK_SIZE, BROKEN = 400 /* images */, FLIPS = 6 };

/* A source in front of that of a stack: it counts what is read, and changes bytes of it. */
struct counted {
    struct li_chunk_source inner;
    unsigned reads;
    const char *find; /* the byte at FIND + AT becomes VALUE; NULL: nothing does */
    ptrdiff_t at;
    uint8_t value;
    uint32_t noise; /* if not 0, FLIPS bytes of the first chunk change, by this seed */
};

/* Changes bytes that are not 0, because the others mean little. */
static void make_noise(uint32_t seed, uint8_t *buf)
{
    for (unsigned i = 0; i < FLIPS; i++) {
        uint32_t at;

        do {
            seed = seed * 1664525 + 1013904223;
            at = seed >> 13;
        } while (buf[at % LI_CHUNK_SIZE] == 0);
        buf[at % LI_CHUNK_SIZE] = (uint8_t)(seed >> 5);
    }
}

static int read_counted(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    struct counted *c = self;
    int rc = c->inner.read(c->inner.self, index, buf, zeros, err);
    uint8_t *found;

    __atomic_fetch_add(&c->reads, 1, __ATOMIC_RELAXED);
    if (rc == 0 && c->noise && index == 0)
        make_noise(c->noise, buf);
    if (rc != 0 || *zeros || !c->find)
        return rc;
    found = memmem(buf, LI_CHUNK_SIZE, c->find, strlen(c->find));
    if (found)
        found[c->at] = c->value;
    return rc;
}

/* An image of a stack. */
struct made {
    struct stack stack;
    struct counted counted;
    struct li_view *view;
};

static int try_make(struct made *m, struct li_error *err)
{
    const struct li_view_options options = {.memory = 1 << 20, .workers = 1, .deadline = 60};
    struct li_chunk_source source;
    int rc;

    assert_done(stack_plan(&m->stack, err), err);
    m->counted.inner = li_ext4_source(m->stack.ext4);
    source = m->counted.inner;
    source.self = &m->counted;
    source.read = read_counted;
    source.recipe = NULL;
    source.give_way = NULL;
    rc = li_view_source(&source, &options, &m->view, err);
    m->counted.reads = 0;
    return rc;
}

static void make(struct made *m)
{
    struct li_error err = LI_ERROR_INIT;

    assert_done(try_make(m, &err), &err);
}

static void unmake(struct made *m)
{
    li_view_free(m->view);
    stack_free(&m->stack);
}

static int note(void *arg, const struct li_diff_entry *entry, struct li_error *err)
{
    static const char *const kinds[] = {"+", "!", "-"};
    struct li_buffer *said = arg;
    char line[300];
    int n = snprintf(line, sizeof(line), "%s%s:%u:%llu ", kinds[entry->kind], entry->path,
                     entry->what, (unsigned long long)entry->cost.bytes);

    (void)err;
    tar_append(said, line, (size_t)n);
    return 0;
}

/* Compares two images; frees them. */
static void expect(struct made *old, struct made *new, const char *want,
                   struct li_diff_result *result)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer said = {0};

    assert_done(li_diff(old->view, new->view, note, &said, result, &err), &err);
    tar_append(&said, "", 1);
    assert_string_equal((const char *)said.data, want);
    li_buffer_free(&said);
    unmake(old);
    unmake(new);
}

/* Two images of one layer each, in the form of tar_entries(). */
static void expect_entries(const char *old_entries, const char *new_entries, const char *want)
{
    struct made old = {.stack = make_stack(old_entries)}, new = {.stack = make_stack(new_entries)};
    struct li_diff_result result;

    make(&old);
    make(&new);
    expect(&old, &new, want, &result);
}

/* ---- tests ----------------------------------------------------------------------------------- */

static void kinds_of_changes(void **state)
{
    (void)state;
    expect_entries("a=1 b=2 d/ d/e=3", "a=1 b=2 d/ d/e=3", "");
    expect_entries("a=1 b=2", "a=1 c=3", "-/b:0:1 +/c:0:1 ");
    expect_entries("a=1 b=2", "a=1 c=2", "-/b:0:0 +/c:0:0 ");
    expect_entries("a=1", "a=2", "!/a:2:1 ");
    expect_entries("l>1", "l>2", "!/l:4:0 ");
    expect_entries("a=1", "a>1", "!/a:1:0 ");
    expect_entries("a/ a/b=1", "a=1", "!/a:1:0 -/a/b:0:0 ");
    expect_entries("a=1", "a/ a/b=1", "!/a:1:0 +/a/b:0:0 ");
}

/* Which names share a file. Bytes are told under the first name. */
static void links(void **state)
{
    (void)state;
    expect_entries("a=1 b*a", "a=1 b*a", "");
    expect_entries("a=1 b*a", "a=2 b*a", "!/a:2:1 !/b:2:0 ");
    expect_entries("a=1 b*a", "a=1 b=1", "!/a:256:1 !/b:256:1 ");
    expect_entries("a=1 b=1", "a=1 b*a", "!/a:256:1 !/b:256:0 ");
    expect_entries("a=1 b*a c=1 d*c", "a=1 c*a b=1 d*b", "!/b:256:0 !/c:256:0 !/d:256:0 ");
    expect_entries("a=1 b*a", "a=1", "!/a:256:0 -/b:0:0 ");
    expect_entries("a=1", "a=1 b*a", "!/a:256:0 +/b:0:0 ");
}

/* A file of several chunks, and a name that tells the images' metadata apart. */
static void put_large(struct made *m, uint32_t seed, const char *other)
{
    struct li_buffer *tar = stack_layer(&m->stack);

    tar_random_file(tar, "large", seed, LARGE);
    tar_file(tar, other, "x");
    make(m);
}

static void what_both_have_is_not_read(void **state)
{
    struct made old = {.view = NULL}, new = {.view = NULL};
    struct li_diff_result result;

    (void)state;
    put_large(&old, 7, "a");
    put_large(&new, 7, "b");
    expect(&old, &new, "-/a:0:0 +/b:0:0 ", &result);
    assert_int_equal(result.common, LARGE / LI_CHUNK_SIZE + 1);
    /* The superblock, and what names and inodes are in; not one of the large file's chunks. */
    assert_in_range(new.counted.reads, 1, 3);
}

static void what_differs_costs(void **state)
{
    struct made old = {.view = NULL}, new = {.view = NULL};
    struct li_diff_result result;
    char want[100];

    (void)state;
    put_large(&old, 7, "a");
    put_large(&new, 8, "a");
    snprintf(want, sizeof(want), "!/large:2:%d ", LARGE);
    expect(&old, &new, want, &result);
    assert_int_equal(result.fresh.changed, LARGE);
    assert_int_equal(result.gone.changed, LARGE);
    /* The superblock's chunk differs, too: the UUID follows from the layers. */
    assert_int_equal(result.fresh.chunks, LARGE / LI_CHUNK_SIZE + 1);
    assert_int_equal(result.fresh.rest, LI_CHUNK_SIZE);
}

/* Two files with the same contents have chunks that count once. */
static void equal_chunks_count_once(void **state)
{
    struct made old = {.stack = make_stack("a=1")}, new = {.view = NULL};
    struct li_buffer *tar = stack_layer(&new.stack);
    struct li_diff_result result;
    char want[100];

    (void)state;
    tar_file(tar, "a", "1");
    tar_random_file(tar, "b", 7, LARGE);
    tar_random_file(tar, "c", 7, LARGE);
    make(&old);
    make(&new);
    snprintf(want, sizeof(want), "+/b:0:%d +/c:0:0 ", LARGE);
    expect(&old, &new, want, &result);
    assert_int_equal(result.fresh.changed, LARGE);
}

static int refuse(void *arg, const struct li_diff_entry *entry, struct li_error *err)
{
    (void)arg;
    return li_fail(err, LI_EIO, "no more than %s", entry->path);
}

static void a_visit_that_fails_ends_it(void **state)
{
    struct made old = {.stack = make_stack("a=1")}, new = {.stack = make_stack("b=1")};
    struct li_error err = LI_ERROR_INIT;
    struct li_diff_result result;

    (void)state;
    make(&old);
    make(&new);
    assert_fails(li_diff(old.view, new.view, refuse, NULL, &result, &err), LI_EIO,
                 "no more than /a", &err);
    unmake(&old);
    unmake(&new);
}

/* An entry with the root's inode number, before the length of its name, its type and the name. */
static void a_directory_in_itself(void **state)
{
    struct made old = {.stack = make_stack("directory/ z=1")};
    struct made new = {.stack = make_stack("directory/ z=1"),
                       .counted = {.find = "\011\002directory", .at = -6, .value = 2}};
    struct li_error err = LI_ERROR_INIT;
    struct li_diff_result result;
    struct li_buffer said = {0};

    (void)state;
    make(&old);
    make(&new);
    assert_fails(li_diff(old.view, new.view, note, &said, &result, &err), LI_ECORRUPT,
                 "/directory: the directory with inode 2 has several names", &err);
    assert_fails(li_diff(new.view, old.view, note, &said, &result, &err), LI_ECORRUPT,
                 "/directory: the directory with inode 2 has several names", &err);
    li_buffer_free(&said);
    unmake(&old);
    unmake(&new);
}

/* Whoever may push can write any image: it is compared, or refused for a reason, and nothing else
 * happens. */
static void broken_images(void **state)
{
    static const char entries[] = "a=1 b*a d/ d/e=3 d/f>a d/g/ d/g/h=4 i=5";
    struct made sound = {.stack = make_stack(entries)};
    unsigned refused = 0;

    (void)state;
    make(&sound);
    for (uint32_t seed = 1; seed <= BROKEN; seed++) {
        struct made broken = {.stack = make_stack(entries), .counted = {.noise = seed}};
        struct li_error err = LI_ERROR_INIT;
        struct li_diff_result result;
        struct li_buffer said = {0};
        int rc = try_make(&broken, &err);

        if (rc == 0)
            rc = seed % 2 ? li_diff(sound.view, broken.view, note, &said, &result, &err)
                          : li_diff(broken.view, sound.view, note, &said, &result, &err);
        assert_true(rc == 0 || (rc == err.code && *err.text));
        refused += rc < 0;
        li_buffer_free(&said);
        unmake(&broken);
    }
    assert_in_range(refused, 1, BROKEN - 1);
    unmake(&sound);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds_of_changes),           cmocka_unit_test(links),
        cmocka_unit_test(what_both_have_is_not_read), cmocka_unit_test(what_differs_costs),
        cmocka_unit_test(equal_chunks_count_once),    cmocka_unit_test(a_visit_that_fails_ends_it),
        cmocka_unit_test(a_directory_in_itself),      cmocka_unit_test(broken_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
