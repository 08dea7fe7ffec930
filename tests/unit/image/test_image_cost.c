/* SPDX-License-Identifier: Apache-2.0 */
/* What the documents of an image may cost: they are counted before they are parsed. */
#include "tests/fixtures/oci_files.h"

#include <jansson.h>

#include "image/choice.h"

enum { VALUES = 125000, FITTING = LI_IMAGE_MAX_VALUES_TOTAL / VALUES };

static size_t allocations;

static void *count_malloc(size_t size)
{
    allocations++;
    return malloc(size);
}

/* An image whose platform is in its config only, and whose config has many values. */
static char *add_large(struct files *f, size_t number)
{
    struct li_buffer text = {0};
    struct li_error err = LI_ERROR_INIT;
    char *head = format("{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"type\":"
                        "\"layers\",\"diff_ids\":[]},\"number\":%zu,\"values\":[0",
                        number);
    char *config;

    assert_done(li_buffer_append(&text, head, strlen(head), &err), &err);
    for (size_t i = 0; i < VALUES; i++)
        assert_done(li_buffer_append(&text, ",0", 2, &err), &err);
    assert_done(li_buffer_append(&text, "]}", 3, &err), &err);
    free(head);
    config = add_blob(f, OCI_CONFIG, (char *)text.data, "");
    head = format("{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", config);
    free(config);
    return add_blob(f, OCI_MANIFEST, head, "");
}

/* Opens an archive of COUNT such images; returns how often Jansson took memory. */
static size_t open_many(size_t count, int *rc, struct li_error *err)
{
    struct li_image *image = NULL;
    struct files f = {0};
    char *all = add_large(&f, 0);

    for (size_t i = 1; i < count; i++) {
        char *before = all, *next = add_large(&f, i);

        all = format("%s,%s", before, next);
        free(before);
        free(next);
    }
    add_layout(&f, all);
    pack(&f);
    allocations = 0;
    json_set_alloc_funcs(count_malloc, free);
    *rc = open_files(&f, NULL, NULL, &image, err);
    json_set_alloc_funcs(malloc, free);
    li_image_free(image);
    remove_files(&f);
    return allocations;
}

static void a_document_over_the_limit_of_all_is_not_parsed(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    size_t fitting, over;
    int rc;

    (void)state;
    fitting = open_many(FITTING, &rc, &err);
    assert_int_not_equal(rc, LI_ELIMIT);
    assert_true(fitting > FITTING * (size_t)VALUES);
    over = open_many(FITTING + 1, &rc, &err);
    assert_int_equal(rc, LI_ELIMIT);
    assert_non_null(strstr(err.text, "in all"));
    assert_true(over < fitting + VALUES / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_document_over_the_limit_of_all_is_not_parsed),
    };

    return cmocka_run_group_tests(tests, note_descriptors, check_descriptors);
}
