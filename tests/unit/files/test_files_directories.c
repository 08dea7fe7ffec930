/* SPDX-License-Identifier: Apache-2.0 */
/* The ext4 reader in a directory that has an index, made by mke2fs and e2fsck. */
#include "tests/fixtures/images.h"

enum { NAMES = 1800 };

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(top))
        return -1;
    run("mkdir tree");
    make_names("tree/many", NAMES);
    return 0;
}

/* Every name is found, absent ones are not, and neither reads more than a path down the tree. */
static void check_htree(const char *name, uint64_t limit)
{
    struct image image;
    struct li_files *files = open_image(name, &image);
    struct li_file directory = find(files, "many");
    struct li_error err = LI_ERROR_INIT;
    char entry[128];
    uint32_t ino = 0;
    uint64_t total = 0;

    for (unsigned i = 0; i < NAMES; i++) {
        int len = snprintf(entry, sizeof(entry), NAME_FORMAT, i);

        image.bytes = 0;
        assert_done(li_files_lookup(files, &directory, entry, (size_t)len, &ino, &err), &err);
        assert_int_not_equal(ino, 0);
        entry[0] = 'N';
        assert_done(li_files_lookup(files, &directory, entry, (size_t)len, &ino, &err), &err);
        assert_int_equal(ino, 0);
        total += image.bytes;
    }
    assert_in_range(total, 1, 2 * limit * NAMES);
    close_image(files, &image);
}

static void lookups_use_every_kind_of_htree(void **state)
{
    static const char *const algorithms[] = {"legacy", "half_md4", "tea"};

    (void)state;
    make_image("base.ext4", "tree", "-b 1024 -O dir_index");
    for (int flags = 1; flags <= 2; flags++) {
        for (int i = 0; i < 3; i++) {
            run("cp base.ext4 h.ext4 && tune2fs -E hash_alg=%s h.ext4 >log 2>&1 && "
                "debugfs -w -R 'ssv flags %d' h.ext4 >log 2>&1 && "
                "{ e2fsck -fyD h.ext4 >log 2>&1 || test $? = 1; } && "
                "debugfs -R 'htree_dump /many' h.ext4 2>/dev/null | grep -q 'Indirect levels: 1'",
                algorithms[i], flags);
            /* Root, node, leaf, now and then a second leaf; and extent nodes on the way. */
            check_htree("h.ext4", 5 * 1024);
        }
    }
    run("rm base.ext4 h.ext4");
}

struct listing {
    unsigned entries, stop_after;
    uint64_t next;
};

static int stop_at_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct listing *listing = arg;

    (void)err;
    listing->entries++;
    listing->next = entry->next;
    return listing->entries % listing->stop_after ? 0 : 7;
}

static void listings_go_on_where_they_stopped(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct listing listing = {.stop_after = 61};
    struct li_files *files;
    struct li_file many;
    struct image image;
    int rc;

    (void)state;
    make_image("many.ext4", "tree", "-b 4096 -O 64bit,metadata_csum");
    files = open_image("many.ext4", &image);
    many = find(files, "many");
    do
        rc = li_files_list(files, &many, listing.next, stop_at_entry, &listing, &err);
    while (rc == 7);
    assert_done(rc, &err);
    assert_int_equal(listing.entries, NAMES + 2);
    /* A position inside an entry means the next one; one after the end means nothing. */
    listing = (struct listing){.stop_after = 1};
    assert_int_equal(li_files_list(files, &many, 13, stop_at_entry, &listing, &err), 7);
    assert_in_range(listing.next, 25, 100);
    listing.entries = 0;
    assert_done(li_files_list(files, &many, 1 << 30, stop_at_entry, &listing, &err), &err);
    assert_int_equal(listing.entries, 0);
    close_image(files, &image);
}

static void paths_are_found_from_the_root(void **state)
{
    static const struct {
        const char *path;
        bool found;
    } cases[] = {
        {"", true},
        {"/", true},
        {"many", true},
        {"//many/", true},
        {"many/../some/./file", true},
        {"some/file", true},
        {"some/link", true},
        {"some/link/file", false},
        {"some/file/", true},
        {"some/file/below", false},
        {"some/fil", false},
        {"none/file", false},
    };
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files;
    struct image image;

    (void)state;
    run("mkdir tree/some && echo text >tree/some/file && ln -s ../some tree/some/link");
    make_image("paths.ext4", "tree", "-b 1024");
    files = open_image("paths.ext4", &image);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_file file = {0};
        bool found = !cases[i].found;

        assert_done(li_files_find(files, cases[i].path, &file, &found, &err), &err);
        assert_int_equal(found, cases[i].found);
        assert_int_equal(file.ino != 0, cases[i].found);
    }
    close_image(files, &image);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lookups_use_every_kind_of_htree),
        cmocka_unit_test(listings_go_on_where_they_stopped),
        cmocka_unit_test(paths_are_found_from_the_root),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
