/* SPDX-License-Identifier: Apache-2.0 */
/* What an entry says of itself, up to the limits of what ext4 holds: mode, owner, time, device. */
#include "tests/fixtures/ext4_image.h"

static void add_number_to_tar(struct li_buffer *tar, const struct tar_entry *e, const char *key,
                              const char *value)
{
    struct li_buffer pax = {0};
    struct tar_entry with = *e;

    tar_record_text(&pax, key, value);
    with.pax = &pax;
    tar_put(tar, &with);
    li_buffer_free(&pax);
}

static void test_modes(void **state)
{
    static const unsigned modes[] = {0, 0777, 04755, 02755, 01777, 07777, 0400};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        snprintf(name, sizeof(name), "f%o", modes[i]);
        tar_put(tar, &(struct tar_entry){.path = name, .mode = modes[i]});
        name[0] = 'd';
        tar_put(tar, &(struct tar_entry){.path = name, .mode = modes[i], .type = '5'});
        name[0] = 'c';
        tar_put(tar, &(struct tar_entry){.path = name, .mode = modes[i], .type = '3'});
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        snprintf(name, sizeof(name), "f%o", modes[i]);
        assert_int_equal(inode_at(fs, name).large.i_mode, LINUX_S_IFREG | modes[i]);
        name[0] = 'd';
        assert_int_equal(inode_at(fs, name).large.i_mode, LINUX_S_IFDIR | modes[i]);
        name[0] = 'c';
        assert_int_equal(inode_at(fs, name).large.i_mode, LINUX_S_IFCHR | modes[i]);
    }
    close_ext4(&s, fs);
}

/* Octal up to 2097151, then in base 256 or as PAX records. */
static void test_owners(void **state)
{
    static const uint64_t ids[] = {0, 1, 65535, 65536, 2097151, 2097152, 2147483648, 4294967294};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32], number[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        struct tar_entry e = {.path = name, .uid = ids[i], .gid = 4294967294 - ids[i]};

        snprintf(name, sizeof(name), "h%zu", i);
        tar_put(tar, &e);
        snprintf(name, sizeof(name), "p%zu", i);
        snprintf(number, sizeof(number), "%" PRIu64, ids[i]);
        e.uid = 77;
        add_number_to_tar(tar, &e, "uid", number);
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        static const char forms[] = {'h', 'p'};

        for (size_t j = 0; j < sizeof(forms); j++) {
            struct ext2_inode inode;

            snprintf(name, sizeof(name), "%c%zu", forms[j], i);
            inode = small_inode(fs, find_ino(fs, name));
            assert_int_equal(inode_uid(inode), ids[i]);
            assert_int_equal(inode_gid(inode), 4294967294 - ids[i]);
        }
    }
    close_ext4(&s, fs);
}

static void test_wrong_owners(void **state)
{
    struct stack s = {0};

    (void)state;
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .uid = 4294967296});
    expect_no_image(&s, LI_EUNSUPPORTED, "its owner 4294967296:0");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .gid = (uint64_t)-2});
    expect_no_image(&s, LI_EUNSUPPORTED, "its owner 0:-2");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .uid = 4294967295});
    expect_no_image(&s, LI_EUNSUPPORTED, "f: its owner 4294967295:0 is not within 0 to 4294967294");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "d", .type = '5', .gid = 4294967295});
    expect_no_image(&s, LI_EUNSUPPORTED, "d: its owner 0:4294967295");
}

/* Older layouts had no such rule. */
static void test_no_owner_of_old(void **state)
{
    struct stack s = {.layout = 2};
    ext2_filsys fs;

    (void)state;
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "f", .uid = 4294967295});
    fs = open_ext4(&s);
    assert_int_equal(inode_uid(small_inode(fs, find_ino(fs, "f"))), 4294967295);
    close_ext4(&s, fs);
}

/* Linux has symbolic links of mode 0777 only, and no system gives them another from 0777. */
static void test_link_modes(void **state)
{
    static const unsigned modes[] = {0, 0700, 0755, 04777, 01777, 0777};

    (void)state;
    for (uint32_t layout = 1; layout <= 3; layout++) {
        struct stack s = {.layout = layout};
        struct li_buffer *tar = stack_layer(&s);
        char name[32];
        ext2_filsys fs;

        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            snprintf(name, sizeof(name), "l%zu", i);
            tar_put(tar, &(struct tar_entry){
                             .path = name, .type = '2', .target = "t", .mode = modes[i]});
        }
        fs = open_ext4(&s);
        for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            snprintf(name, sizeof(name), "l%zu", i);
            assert_int_equal(inode_at(fs, name).large.i_mode,
                             LINUX_S_IFLNK | (layout < 3 ? modes[i] : 0777));
        }
        close_ext4(&s, fs);
    }
}

struct time {
    const char *text;
    int64_t seconds;
    uint32_t nanoseconds;
};

/* As the kernel reads an inode's time: 32 bits with a sign, and two more of seconds beside the
 * nanoseconds. */
static void check_time(uint32_t low, uint32_t extra, const struct time *want)
{
    assert_int_equal((int64_t)(int32_t)low + ((int64_t)(extra & 3) << 32), want->seconds);
    assert_int_equal(extra >> 2, want->nanoseconds);
}

static void check_times(ext2_filsys fs, const char *name, const struct time *want)
{
    struct raw_inode f = inode_at(fs, name);

    check_time(f.large.i_mtime, f.large.i_mtime_extra, want);
    check_time(f.large.i_atime, f.large.i_atime_extra, want);
    check_time(f.large.i_ctime, f.large.i_ctime_extra, want);
    check_time(f.large.i_crtime, f.large.i_crtime_extra, want);
}

static void test_times(void **state)
{
    static const struct time times[] = {
        {"0", 0, 0},
        {"1", 1, 0},
        {"1700000000.123456789", 1700000000, 123456789},
        {"1700000000.5", 1700000000, 500000000},
        {"1700000000.0000000019", 1700000000, 1},
        {"1700000000.999999999", 1700000000, 999999999},
        {"-1", -1, 0},
        {"-0.25", -1, 750000000},
        {"-0", 0, 0},
        {"0.25", 0, 250000000},
        {"-1.25", -2, 750000000},
        {"-2147483648", -2147483648LL, 0},
        {"2147483647", 2147483647, 0},
        {"2147483648", 2147483648, 0},
        {"4294967295", 4294967295, 0},
        {"4294967296.25", 4294967296, 250000000},
        {"6442450944", 6442450944, 0},
        {"15032385535.999999999", 15032385535, 999999999},
    };
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct tar_entry e = {.path = name, .mtime = 5};

        snprintf(name, sizeof(name), "p%zu", i);
        add_number_to_tar(tar, &e, "mtime", times[i].text);
        snprintf(name, sizeof(name), "h%zu", i);
        tar_put(tar, &(struct tar_entry){.path = name, .mtime = times[i].seconds});
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct time whole = times[i];

        snprintf(name, sizeof(name), "p%zu", i);
        check_times(fs, name, &times[i]);
        snprintf(name, sizeof(name), "h%zu", i);
        whole.nanoseconds = 0;
        check_times(fs, name, &whole);
    }
    close_ext4(&s, fs);
}

/* 1754 is where Go's nanoseconds begin, and year 1 its time that is none. */
static void test_times_out_of_range(void **state)
{
    static const char *const times[] = {"-2147483649", "-2147483648.5", "15032385536",
                                        "-6795364579", "-62135596800"};
    static const struct time epoch = {"0", 0, 0}, kept = {"5", 5, 0};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    const struct li_note *note;
    char name[32];
    ext2_filsys fs;

    (void)state;
    tar_put(tar, &(struct tar_entry){.path = "kept", .mtime = 5});
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        snprintf(name, sizeof(name), "f%zu", i);
        add_number_to_tar(tar, &(struct tar_entry){.path = name}, "mtime", times[i]);
    }
    add_number_to_tar(tar, &(struct tar_entry){.path = "l", .type = '2', .target = "t"}, "mtime",
                      times[0]);
    add_number_to_tar(tar, &(struct tar_entry){.path = "h", .type = '1', .target = "kept"}, "mtime",
                      times[0]);
    tar = stack_layer(&s);
    add_number_to_tar(tar, &(struct tar_entry){.path = "./", .type = '5'}, "mtime", times[0]);
    add_number_to_tar(tar, &(struct tar_entry){.path = ".wh.f1"}, "mtime", times[0]);
    fs = open_ext4(&s);
    check_times(fs, "kept", &kept);
    check_times(fs, "f0", &epoch);
    check_times(fs, "f4", &epoch);
    check_times(fs, "l", &epoch);
    note = li_tree_note(s.tree, LI_NOTE_TIME);
    assert_int_equal(note->entries, 7);
    assert_string_equal(note->path, "f0");
    assert_string_equal(note->text, "-2147483649");
    close_ext4(&s, fs);
}

/* As in Go's archive/tar: what 64 bits do not hold is not a time. */
static void test_times_that_are_none(void **state)
{
    static const char *const times[] = {"99999999999999999999", "-99999999999999999999", "1e9",
                                        "1.5s", "noon"};

    (void)state;
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct stack s = {0};

        add_number_to_tar(stack_layer(&s), &(struct tar_entry){.path = "f"}, "mtime", times[i]);
        expect_no_image(&s, LI_ECORRUPT, "f: its PAX record \"mtime\" is not a number");
    }
}

/* Numbers that fit 8 bits each are stored as Linux had them first. */
static void test_devices(void **state)
{
    static const unsigned numbers[][2] = {{0, 0},   {1, 3},          {255, 255},  {256, 0},
                                          {0, 256}, {4095, 1048575}, {259, 65537}};
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    char name[32];
    ext2_filsys fs;

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct tar_entry e = {.path = name, .major = numbers[i][0], .minor = numbers[i][1]};

        snprintf(name, sizeof(name), "c%zu", i);
        e.type = '3';
        tar_put(tar, &e);
        name[0] = 'b';
        e.type = '4';
        tar_put(tar, &e);
    }
    tar_put(tar, &(struct tar_entry){.path = "fifo", .type = '6', .mode = 0600});
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        unsigned major = numbers[i][0], minor = numbers[i][1];
        struct raw_inode c, b;

        snprintf(name, sizeof(name), "c%zu", i);
        c = inode_at(fs, name);
        name[0] = 'b';
        b = inode_at(fs, name);
        assert_true(LINUX_S_ISCHR(c.large.i_mode));
        assert_true(LINUX_S_ISBLK(b.large.i_mode));
        assert_memory_equal(c.large.i_block, b.large.i_block, sizeof(c.large.i_block));
        if (major < 256 && minor < 256)
            assert_int_equal(c.large.i_block[0], major << 8 | minor);
        else
            assert_int_equal(c.large.i_block[1],
                             (minor & 0xff) | major << 8 | (minor & ~0xffU) << 12);
    }
    assert_true(LINUX_S_ISFIFO(inode_at(fs, "fifo").large.i_mode));
    close_ext4(&s, fs);
}

static void test_wrong_devices(void **state)
{
    struct stack s = {0};

    (void)state;
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "d", .type = '3', .major = 4096});
    expect_no_image(&s, LI_EUNSUPPORTED, "device 4096:0");
    tar_put(stack_layer(&s), &(struct tar_entry){.path = "d", .type = '4', .minor = 1048576});
    expect_no_image(&s, LI_EUNSUPPORTED, "device 0:1048576");
}

static void test_symlinks(void **state)
{
    static const size_t lengths[] = {1, 59, 60, 61, 100, 101, 4095};
    char name[32], target[4097];
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    ext2_filsys fs;

    (void)state;
    memset(target, 't', sizeof(target));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        target[lengths[i]] = '\0';
        snprintf(name, sizeof(name), "l%zu", lengths[i]);
        tar_symlink(tar, name, target);
        target[lengths[i]] = 't';
    }
    fs = open_ext4(&s);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct raw_inode l;
        char *got;

        snprintf(name, sizeof(name), "l%zu", lengths[i]);
        l = inode_at(fs, name);
        got = target_of(fs, l.ino);
        assert_int_equal(strlen(got), lengths[i]);
        assert_memory_equal(got, target, lengths[i]);
        assert_int_equal(l.large.i_blocks, lengths[i] < 60 ? 0 : 8);
        free(got);
    }
    close_ext4(&s, fs);
    target[4096] = '\0';
    tar_symlink(stack_layer(&s), "l", target);
    expect_no_image(&s, LI_EUNSUPPORTED, "target of 4096 bytes");
}

/* An entry of type TYPE with four bytes behind it, whatever the type. */
static void put_type(struct li_buffer *tar, const char *path, char type, unsigned mode)
{
    struct tar_entry e = {.path = path, .mode = mode, .size = 4};
    uint8_t header[TAR_BLOCK];

    e.type = type;
    tar_make_header(&e, header);
    tar_put_header(tar, header, "text", 4);
}

/* Of the first type a name that ends with a slash is a directory. */
static void test_types(void **state)
{
    struct stack s = {0};
    struct li_buffer *tar = stack_layer(&s);
    uint8_t header[TAR_BLOCK];

    (void)state;
    put_type(tar, "a", '\0', 0644);
    put_type(tar, "b", '7', 0644);
    put_type(tar, "c/", '0', 0644);
    tar_make_header(&(struct tar_entry){.path = "old/", .mode = 0755}, header);
    tar_put_header(tar, header, NULL, 0);
    expect_tree(&s, "a=text b=text c=text old/");
}

/* A socket has no type in any tar. The nearest thing is a mode that says so: beside a type that is
 * known it means nothing, beside another it does not help. */
static void test_unknown_types(void **state)
{
    static const unsigned modes[] = {0644, 0100644, 0140644};
    struct stack s = {0};

    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        put_type(stack_layer(&s), "f", 'Z', modes[i]);
        expect_no_image(&s, LI_EUNSUPPORTED, "f: its type, byte 90");
        put_type(stack_layer(&s), "f", 's', modes[i]);
        expect_no_image(&s, LI_EUNSUPPORTED, "f: its type, byte 115");
        put_type(stack_layer(&s), "f", 'N', modes[i]);
        expect_no_image(&s, LI_EUNSUPPORTED, "f: its type, byte 78");
        put_type(stack_layer(&s), "f", 'M', modes[i]);
        expect_no_image(&s, LI_EUNSUPPORTED, "f: it is a part of a file");
        put_type(stack_layer(&s), "f", '0', modes[i]);
        expect_tree(&s, "f=text");
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_modes),
        cmocka_unit_test(test_owners),
        cmocka_unit_test(test_no_owner_of_old),
        cmocka_unit_test(test_link_modes),
        cmocka_unit_test(test_wrong_owners),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_times_out_of_range),
        cmocka_unit_test(test_times_that_are_none),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_wrong_devices),
        cmocka_unit_test(test_symlinks),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_unknown_types),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
