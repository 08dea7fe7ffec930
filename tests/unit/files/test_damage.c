/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ext4 reader against images that are not what it reads, or are damaged. Run under a sanitizer,
 * the second half shows that no byte of an image steers it out of its buffers.
 */
#include "tests/fixtures/images.h"

#include "base/bytes.h"

struct visit {
    struct li_files *files;
    unsigned left; /* of what is looked at, since damage makes trees endless */
};

static void look_at(struct visit *visit, uint32_t ino, unsigned depth);

struct damaged_listing {
    struct visit *visit;
    struct li_file directory;
    unsigned depth;
};

static int look_at_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    struct damaged_listing *listing = arg;
    uint32_t found;

    if (listing->visit->left == 0)
        return 1;
    li_files_lookup(listing->visit->files, &listing->directory, entry->name, entry->len, &found,
                    err);
    if (entry->name[0] != '.')
        look_at(listing->visit, entry->ino, listing->depth + 1);
    return 0;
}

static int skip_entry(void *arg, const struct li_files_entry *entry, struct li_error *err)
{
    (void)arg, (void)entry, (void)err;
    return 0;
}

static void look_at_content(struct li_files *files, const struct li_file *file, uint64_t size)
{
    struct li_error err = LI_ERROR_INIT;
    uint64_t found;
    uint8_t buf[20000];
    size_t got = sizeof(buf);

    li_files_read(files, file, 0, buf, &got, &err);
    got = 3000;
    li_files_read(files, file, size / 2, buf, &got, &err);
    li_files_seek(files, file, 0, SEEK_DATA, &found, &err);
    li_files_seek(files, file, 0, SEEK_HOLE, &found, &err);
}

static void look_at_attributes(struct li_files *files, const struct li_file *file)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer list = {0}, value = {0};
    bool found;

    if (li_files_listxattr(files, file, &list, &err) == 0)
        for (size_t at = 0; at < list.len; at += strlen((char *)list.data + at) + 1)
            li_files_getxattr(files, file, (char *)list.data + at, &value, &found, &err);
    li_buffer_free(&list);
    li_buffer_free(&value);
}

static void look_at(struct visit *visit, uint32_t ino, unsigned depth)
{
    struct damaged_listing listing = {.visit = visit, .depth = depth};
    char target[LI_FILES_LINK_MAX + 1];
    struct li_error err = LI_ERROR_INIT;
    struct stat st;

    if (visit->left == 0 || depth > 8 ||
        li_files_inode(visit->files, ino, &listing.directory, &err) < 0)
        return;
    visit->left--;
    li_files_stat(visit->files, &listing.directory, &st);
    look_at_content(visit->files, &listing.directory, (uint64_t)st.st_size);
    look_at_attributes(visit->files, &listing.directory);
    li_files_readlink(visit->files, &listing.directory, target, &err);
    li_files_list(visit->files, &listing.directory, 0, look_at_entry, &listing, &err);
    li_files_list(visit->files, &listing.directory, 30, skip_entry, NULL, &err);
}

static uint32_t random32(void)
{
    struct li_error err = LI_ERROR_INIT;
    uint32_t value;

    unit_random(&value, sizeof(value), &err);
    return value;
}

/* The bytes of IMAGE that are not zero, where damage has an effect. */
static size_t *find_bytes(const struct image *image, size_t *count)
{
    size_t *at = malloc(image->size * sizeof(*at));

    assert_non_null(at);
    *count = 0;
    for (size_t i = 1024; i < image->size; i++)
        if (image->data[i])
            at[(*count)++] = i;
    return at;
}

static void refuse(struct image *image, size_t offset, uint32_t bits, int code, const char *words)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_files *files = NULL;
    uint32_t before = li_get_le32(image->data + offset);

    li_put_le32(image->data + offset, before | bits);
    assert_fails(li_files_open(image_blocks(image), &files, &err), code, words, &err);
    li_put_le32(image->data + offset, before);
}

static void what_cannot_be_read_is_refused(void **state)
{
    enum { SB = 1024, INCOMPAT = SB + 0x60, RO_COMPAT = SB + 0x64 };
    struct image image;

    (void)state;
    load_image("small.ext4", &image);
    refuse(&image, INCOMPAT, 0x4, LI_EUNSUPPORTED, "journal");
    refuse(&image, INCOMPAT, 0x8000, LI_EUNSUPPORTED, "inline_data");
    refuse(&image, INCOMPAT, 0x10000, LI_EUNSUPPORTED, "encrypt");
    refuse(&image, INCOMPAT, 0x20000, LI_EUNSUPPORTED, "casefold");
    refuse(&image, INCOMPAT, 0x1000000, LI_EUNSUPPORTED, "unknown features: 0x1000000");
    refuse(&image, RO_COMPAT, 0x200, LI_EUNSUPPORTED, "bigalloc");
    refuse(&image, SB + 0x18, 0x7, LI_EUNSUPPORTED, "4 KiB");
    refuse(&image, SB + 0x04, 1 << 20, LI_ECORRUPT, "blocks");
    refuse(&image, SB + 0x00, UINT32_MAX, LI_ECORRUPT, "inodes");
    refuse(&image, SB + 0x38, 0xffff, LI_ECORRUPT, "not an ext4");
    image.size = 1500;
    refuse(&image, 0, 0, LI_ECORRUPT, "too short");
    free(image.data);
}

static void make_tree(void)
{
    run("mkdir -p tree/d/e && touch tree/file && echo hello >tree/d/small");
    make_links();
    make_attributes();
    make_sparse("tree/sparse", 40);
    make_names("tree/names", 120);
    run("mke2fs -q -F -t ext4 -b 1024 -N 192 -O ^has_journal,^resize_inode -d tree "
        "small.ext4 1M >log 2>&1 && { e2fsck -fyD small.ext4 >log 2>&1 || test $? = 1; }");
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(top))
        return -1;
    make_tree();
    return 0;
}

static void damage_is_an_error_and_nothing_worse(void **state)
{
    enum { ROUNDS = 3000, BYTES_MAX = 12 };
    struct li_error err = LI_ERROR_INIT;
    struct image image;
    size_t count, *bytes;
    unsigned opened = 0;

    (void)state;
    load_image("small.ext4", &image);
    bytes = find_bytes(&image, &count);
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t at[BYTES_MAX];
        uint8_t before[BYTES_MAX];
        unsigned n = 1 + random32() % BYTES_MAX;
        struct visit visit = {.left = 400};

        for (unsigned i = 0; i < n; i++) {
            at[i] = bytes[random32() % count] + (i % 3 == 2 ? random32() % 4 : 0);
            at[i] = at[i] < image.size ? at[i] : image.size - 1;
            before[i] = image.data[at[i]];
            image.data[at[i]] = i % 2 ? (uint8_t)random32() : before[i] ^ (1 << random32() % 8);
        }
        if (li_files_open(image_blocks(&image), &visit.files, &err) == 0) {
            opened++;
            look_at(&visit, LI_FILES_ROOT, 0);
            li_files_free(visit.files);
        }
        while (n-- > 0)
            image.data[at[n]] = before[n];
    }
    assert_in_range(opened, ROUNDS / 2, ROUNDS);
    free(bytes);
    free(image.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_read_is_refused),
        cmocka_unit_test(damage_is_an_error_and_nothing_worse),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
