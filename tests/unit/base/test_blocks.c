/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks: their bounds and codes, and an overlay as a second implementation of them over a first.
 */
#include "tests/fixtures/images.h"

#include "base/blocks.h"

enum { PAGE = 4096, PAGES = 8 };

/* ---- a device in memory that says what it is told to ---- */

struct device {
    struct li_blocks blocks;
    uint8_t data[PAGES * PAGE];
    int code; /* returned after the work is done */
};

static int device_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                       struct li_error *err)
{
    struct device *device = (struct device *)blocks;

    (void)err;
    assert_true(offset <= sizeof(device->data) && len <= sizeof(device->data) - offset);
    memcpy(buf, device->data + offset, len);
    return device->code;
}

static int device_write(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                        struct li_error *err)
{
    struct device *device = (struct device *)blocks;

    (void)err;
    assert_true(offset <= sizeof(device->data) && len <= sizeof(device->data) - offset);
    memcpy(device->data + offset, buf, len);
    return device->code;
}

static const struct li_blocks_operations writable = {.read = device_read, .write = device_write};
static const struct li_blocks_operations read_only = {.read = device_read};

static struct device *new_device(const struct li_blocks_operations *ops)
{
    struct device *device = calloc(1, sizeof(*device));

    assert_non_null(device);
    device->blocks = (struct li_blocks){ops, sizeof(device->data)};
    return device;
}

static uint64_t expected[2];

static void device_expect(struct li_blocks *blocks, uint64_t offset, uint64_t len)
{
    (void)blocks;
    expected[0] = offset;
    expected[1] = len;
}

static void a_hint_is_passed_on_if_it_is_within(void **state)
{
    static const struct li_blocks_operations hinted = {.read = device_read,
                                                       .expect = device_expect};
    struct device *device = new_device(&hinted), *deaf = new_device(&read_only);

    (void)state;
    li_blocks_expect(&deaf->blocks, 0, PAGE);
    li_blocks_expect(&device->blocks, 1, device->blocks.size);
    li_blocks_expect(&device->blocks, UINT64_MAX, 2);
    li_blocks_expect(&device->blocks, 2, UINT64_MAX);
    assert_int_equal(expected[1], 0);
    li_blocks_expect(&device->blocks, PAGE, device->blocks.size - PAGE);
    assert_int_equal(expected[0], PAGE);
    assert_int_equal(expected[1], device->blocks.size - PAGE);
    free(device);
    free(deaf);
}

static void only_what_is_within_is_asked_for(void **state)
{
    static const struct {
        uint64_t offset;
        size_t len;
        bool within;
    } ranges[] = {
        {0, PAGES * PAGE, true},
        {0, PAGES * PAGE + 1, false},
        {PAGES * PAGE, 0, true},
        {PAGES * PAGE, 1, false},
        {PAGES * PAGE + 1, 0, false},
        {UINT64_MAX, 2, false},
        {PAGES * PAGE - 1, SIZE_MAX, false},
        {PAGES * PAGE - 1, 1, true},
    };
    struct device *device = new_device(&writable);
    struct li_error err = LI_ERROR_INIT;
    static uint8_t buf[PAGES * PAGE];

    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        int want = ranges[i].within ? 0 : LI_ECORRUPT;

        assert_int_equal(
            li_blocks_read(&device->blocks, ranges[i].offset, ranges[i].len, buf, &err), want);
        assert_int_equal(
            li_blocks_write(&device->blocks, ranges[i].offset, ranges[i].len, buf, &err), want);
    }
    assert_non_null(strstr(err.text, "of an image of 32768"));
    free(device);
}

static void codes_of_what_lies_beneath_stay_there(void **state)
{
    static const int codes[][2] = {
        {LI_ENOTFOUND, LI_ECORRUPT}, {LI_EINVALID, LI_EIO}, {LI_END, LI_EIO}, {LI_EIO, LI_EIO}};
    struct device *device = new_device(&writable);
    struct li_error err = LI_ERROR_INIT;
    uint8_t byte = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        device->code = codes[i][0];
        assert_int_equal(li_blocks_read(&device->blocks, 0, 1, &byte, &err), codes[i][1]);
        assert_int_equal(li_blocks_write(&device->blocks, 0, 1, &byte, &err), codes[i][1]);
    }
    free(device);
}

static void what_is_read_only_refuses_to_be_written(void **state)
{
    struct device *device = new_device(&read_only);
    struct li_error err = LI_ERROR_INIT;
    uint8_t byte = 1;

    (void)state;
    assert_fails(li_blocks_write(&device->blocks, 7, 1, &byte, &err), LI_EUNSUPPORTED, "read-only",
                 &err);
    assert_int_equal(device->data[7], 0);
    free(device);
}

/* ---- an overlay ---- */

struct overlay {
    struct li_blocks blocks;
    struct li_blocks *beneath;
    uint8_t **page; /* those that were written */
};

static int overlay_page(struct overlay *overlay, uint64_t number, uint8_t *page,
                        struct li_error *err)
{
    if (!overlay->page[number])
        return li_blocks_read(overlay->beneath, number * PAGE, PAGE, page, err);
    memcpy(page, overlay->page[number], PAGE);
    return 0;
}

static int overlay_read(struct li_blocks *blocks, uint64_t offset, size_t len, void *buf,
                        struct li_error *err)
{
    uint8_t page[PAGE], *to = buf;
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t at = offset % PAGE, n = PAGE - at < len ? PAGE - at : len;

        rc = overlay_page((struct overlay *)blocks, offset / PAGE, page, err);
        memcpy(to, page + at, n);
        to += n;
        offset += n;
        len -= n;
    }
    return rc;
}

static int overlay_write(struct li_blocks *blocks, uint64_t offset, size_t len, const void *buf,
                         struct li_error *err)
{
    struct overlay *overlay = (struct overlay *)blocks;
    const uint8_t *from = buf;
    int rc = 0;

    while (rc == 0 && len > 0) {
        size_t at = offset % PAGE, n = PAGE - at < len ? PAGE - at : len;
        uint8_t *page = malloc(PAGE);

        assert_non_null(page);
        rc = overlay_page(overlay, offset / PAGE, page, err);
        free(overlay->page[offset / PAGE]);
        overlay->page[offset / PAGE] = page;
        memcpy(page + at, from, n);
        from += n;
        offset += n;
        len -= n;
    }
    return rc;
}

static void new_overlay(struct overlay *overlay, struct li_blocks *beneath)
{
    static const struct li_blocks_operations operations = {.read = overlay_read,
                                                           .write = overlay_write};

    *overlay = (struct overlay){.blocks = {&operations, beneath->size}, .beneath = beneath};
    overlay->page = calloc(beneath->size / PAGE, sizeof(overlay->page[0]));
    assert_non_null(overlay->page);
}

static void free_overlay(struct overlay *overlay)
{
    for (uint64_t i = 0; i < overlay->blocks.size / PAGE; i++)
        free(overlay->page[i]);
    free(overlay->page);
}

static void an_overlay_keeps_what_is_written(void **state)
{
    struct device *device = new_device(&read_only);
    struct li_error err = LI_ERROR_INIT;
    uint8_t want[PAGES * PAGE], got[PAGES * PAGE];
    struct overlay overlay;

    (void)state;
    for (size_t i = 0; i < sizeof(want); i++)
        want[i] = device->data[i] = (uint8_t)(i * 7 + i / PAGE);
    new_overlay(&overlay, &device->blocks);
    for (size_t at = 100; at < sizeof(want) - 2 * PAGE; at += 3 * PAGE) {
        memset(want + at, 0xee, PAGE + 50);
        assert_done(li_blocks_write(&overlay.blocks, at, PAGE + 50, want + at, &err), &err);
    }
    assert_done(li_blocks_read(&overlay.blocks, 0, sizeof(got), got, &err), &err);
    assert_memory_equal(got, want, sizeof(got));
    assert_int_equal(device->data[100], (uint8_t)(100 * 7));
    free_overlay(&overlay);
    free(device);
}

/* A tree of files sees what an overlay changes, and what lies beneath is as it was. */
static void files_stand_on_an_overlay(void **state)
{
    static const char was[] = "as it was pushed", is[] = "as it was written";
    struct li_error err = LI_ERROR_INIT;
    struct overlay overlay;
    struct image image;
    struct li_files *files = NULL;
    struct li_file file;
    char text[64] = "";
    uint8_t *found;
    size_t got = sizeof(text);

    (void)state;
    if (!mkdtemp(top))
        fail_msg("no directory");
    run("mkdir tree && printf '%s' >tree/file", was);
    make_image("image.ext4", "tree", "");
    load_image("image.ext4", &image);
    new_overlay(&overlay, image_blocks(&image));
    found = memmem(image.data, image.size, was, strlen(was));
    assert_non_null(found);
    assert_done(
        li_blocks_write(&overlay.blocks, (uint64_t)(found - image.data), strlen(was), is, &err),
        &err);
    assert_done(li_files_open(&overlay.blocks, &files, &err), &err);
    file = find(files, "file");
    assert_done(li_files_read(files, &file, 0, text, &got, &err), &err);
    assert_int_equal(got, strlen(was));
    assert_memory_equal(text, is, got);
    assert_memory_equal(found, was, strlen(was));
    li_files_free(files);
    free_overlay(&overlay);
    free(image.data);
    run("rm -r %s", top);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_within_is_asked_for),
        cmocka_unit_test(a_hint_is_passed_on_if_it_is_within),
        cmocka_unit_test(codes_of_what_lies_beneath_stay_there),
        cmocka_unit_test(what_is_read_only_refuses_to_be_written),
        cmocka_unit_test(an_overlay_keeps_what_is_written),
        cmocka_unit_test(files_stand_on_an_overlay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
