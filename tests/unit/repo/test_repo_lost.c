/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Repositories that have lost something, and stores that fail: what is gone is told as gone and not
 * as never there, and that something could not be asked is no answer at all (D15).
 */
#include "tests/fixtures/repo_fixture.h"

#include "base/hex.h"
#include "tests/fixtures/tree.h"
#include "verify/verify.h"

static const struct image small = {4, {1, 0, 2, 3}};
static const struct image other = {4, {4, 0, 2, 5}};

static void take_away(struct repo_fixture *f, const char *key)
{
    assert_done(li_store_remove(f->directory, key, &f->err), &f->err);
}

static void put_back(struct repo_fixture *f, const char *key, const struct li_buffer *object)
{
    overwrite(f, key, object->data, object->len);
}

/* "roots/ID/manifests/MANIFEST" of the last push and what follows; the caller frees it. */
static char *manifest_key(struct repo_fixture *f, const char *ref, const char *rest)
{
    char hex[2 * LI_ID_SIZE + 1], below[200];

    li_hex_encode(f->result.manifest, LI_ID_SIZE, hex);
    snprintf(below, sizeof(below), "manifests/%s%s", hex, rest);
    return root_key(f, ref, below);
}

static int count_image(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    (void)image, (void)err;
    ++*(unsigned *)arg;
    return 0;
}

static int verify(struct repo_fixture *f, const struct image *repair, struct li_verify_result *out)
{
    struct li_chunk_source source = image_source(repair ? repair : &small);
    struct li_push_options options = push_options();
    struct li_manifest m = {0};
    int rc = open_manifest(f, "a:1", &m);

    if (rc == 0)
        rc = li_verify(f->repo, &m,
                       &(struct li_verify_options){repair ? &source : NULL, &options.seal, NULL},
                       out, &f->err);
    li_manifest_free(&m);
    return rc;
}

/* ---- what is gone ---------------------------------------------------------------------------- */

static void a_manifest_that_a_tag_points_at_is_gone(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0};
    unsigned count = 0;
    char *key;

    assert_done(push(f, "a:1", &small), &f->err);
    key = manifest_key(f, "a:1", "");
    take_away(f, key);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "its manifest is gone", &f->err);
    assert_done(li_repo_each_image(f->repo, count_image, &count, &f->err), &f->err);
    assert_int_equal(count, 1);
    /* A push mends the tag. */
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
    free(key);
}

static void a_key_that_was_lost_is_not_another_s(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0};
    char wrap[LI_KMS_WRAP_NAME_MAX + 10];
    char *key, *another;

    assert_done(push(f, "a:1", &small), &f->err);
    snprintf(wrap, sizeof(wrap), ".wraps/%s", f->kms->name);
    key = manifest_key(f, "a:1", wrap);
    another = manifest_key(f, "a:1", ".wraps/another");
    take_away(f, key);
    assert_fails(open_manifest(f, "a:1", &m), LI_ECORRUPT, "the key of its manifest is gone",
                 &f->err);
    overwrite(f, another, "x", 1);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "pushed with another", &f->err);
    free(key);
    free(another);
}

/* Reads go on; what would write must not take the repository for one that was never finished, which
 * would give it another salt. */
static void a_root_without_its_description_is_not_a_new_one(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer description = {0};
    size_t files;
    char *key;

    assert_done(push(f, "a:1", &small), &f->err);
    key = root_key(f, "a:1", "root.json");
    assert_done(li_store_get(f->directory, key, 4096, &description, &f->err), &f->err);
    take_away(f, key);
    reopen(f);
    files = tree_count(f->dir);
    expect_pushed(f, "a:1", &small);
    assert_fails(push(f, "a:2", &other), LI_ECORRUPT, "root.json is gone", &f->err);
    assert_fails(li_repo_create(f->store, f->kms, &f->env, NULL, NULL, &f->err), LI_ECORRUPT,
                 "root.json is gone", &f->err);
    assert_int_equal(tree_count(f->dir), files);
    put_back(f, key, &description);
    assert_done(push(f, "a:2", &other), &f->err);
    expect_pushed(f, "a:2", &other);
    li_buffer_free(&description);
    free(key);
}

static void a_salt_that_was_lost_is_not_made_anew(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0};
    struct li_buffer text = {0};
    char salt[2 * LI_ID_SIZE + 8] = "salts/";
    char *key, *at;

    assert_done(push(f, "a:1", &small), &f->err);
    key = root_key(f, "a:1", "root.json");
    assert_done(li_store_get(f->directory, key, 4096, &text, &f->err), &f->err);
    at = memmem(text.data, text.len, "\"salt\":\"", 8);
    assert_non_null(at);
    memcpy(salt + 6, at + 8, 2 * (size_t)LI_ID_SIZE);
    take_away(f, salt);
    assert_fails(push(f, "a:2", &other), LI_ECORRUPT, "is gone", &f->err);
    assert_int_equal(open_manifest(f, "a:2", &m), LI_ENOTFOUND);
    expect_pushed(f, "a:1", &small);
    li_buffer_free(&text);
    free(key);
}

static void a_chunk_that_was_lost_is_missing_and_no_more(void **state)
{
    struct repo_fixture *f = *state;
    struct li_verify_result result;
    struct li_sealed *origin = NULL;
    struct li_sealed_object object = {0};
    struct li_sealed_chunk chunk;
    struct li_manifest m = {0};
    char *key;

    assert_done(push(f, "a:1", &small), &f->err);
    key = chunk_key(f, "a:1", 1);
    take_away(f, key);
    assert_done(open_manifest(f, "a:1", &m), &f->err);
    assert_done(li_sealed_origin_new(f->repo, &origin, &f->err), &f->err);
    memcpy(chunk.root, m.root, LI_ID_SIZE);
    memcpy(chunk.name, m.chunks[1].name, LI_NAME_SIZE);
    object.there = true;
    assert_done(li_sealed_get(origin, &chunk, &object, &f->err), &f->err);
    assert_false(object.there);
    assert_fails(verify(f, NULL, &result), LI_ECORRUPT, "is missing; 1 of 3", &f->err);
    assert_done(verify(f, &small, &result), &f->err);
    assert_int_equal(result.mended, 1);
    expect_pushed(f, "a:1", &small);
    li_manifest_free(&m);
    li_buffer_free(&object.bytes);
    li_sealed_free(origin);
    free(key);
}

/* A store that says of "images/a/1" that it is not there: as long as TIMES is over 0, and with
 * REMOVES because another removes it right then. */
static struct {
    struct li_store_operations operations;
    const struct li_store_operations *own;
    bool removes;
    unsigned times;
} withheld;

static int get_withheld(struct li_store *store, const char *key, size_t limit,
                        struct li_buffer *out, struct li_error *err)
{
    if (strcmp(key, "images/a/1") != 0 || withheld.times == 0)
        return withheld.own->get(store, key, limit, out, err);
    withheld.times--;
    if (withheld.removes)
        assert_done(withheld.own->remove(store, key, err), err);
    return li_fail(err, LI_ENOTFOUND, "withheld");
}

static int count_withheld(struct repo_fixture *f, bool removes, unsigned times, unsigned *count)
{
    int rc;

    *count = 0;
    withheld.own = f->directory->ops;
    withheld.operations = *withheld.own;
    withheld.operations.get = get_withheld;
    withheld.removes = removes;
    withheld.times = times;
    f->directory->ops = &withheld.operations;
    rc = li_repo_each_image(f->repo, count_image, count, &f->err);
    f->directory->ops = withheld.own;
    return rc;
}

static void a_tag_that_is_listed_and_not_there(void **state)
{
    struct repo_fixture *f = *state;
    unsigned count;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "a:2", &other), &f->err);
    assert_fails(count_withheld(f, false, 100, &count), LI_ECORRUPT,
                 "images/a/1: it is listed, but is not there", &f->err);
    assert_int_equal(count, 1);
    /* For a moment: who moves a tag may take it away and put it back. */
    assert_done(count_withheld(f, false, 1, &count), &f->err);
    assert_int_equal(count, 2);
    /* Removed by another after the listing. */
    assert_done(count_withheld(f, true, 1, &count), &f->err);
    assert_int_equal(count, 1);
}

/* ---- what could not be asked ----------------------------------------------------------------- */

/* Of a root whose description is damaged nobody knows whether it has the chunk. */
static void damage_to_a_root_is_none_to_a_chunk(void **state)
{
    struct repo_fixture *f = *state;
    struct li_verify_result result;
    char *key, *chunk;

    assert_done(push(f, "a:1", &small), &f->err);
    key = root_key(f, "a:1", "root.json");
    chunk = chunk_key(f, "a:1", 0);
    write_roots(f, key, "retired", second_root);
    overwrite(f, "roots/00112233445566778899aabbccddeeff/root.json", "{", 1);
    take_away(f, chunk);
    reopen(f);
    assert_fails(verify(f, &small, &result), LI_ECORRUPT, "root.json", &f->err);
    assert_int_equal(result.bad, 0);
    assert_int_equal(result.mended, 0);
    free(key);
    free(chunk);
}

/* Each operation of the store in turn fails, with each code that a store has as an answer to some
 * question and that is none to this one. */
static void check_faults(struct repo_fixture *f, enum li_fault_kind kind, int code)
{
    bool happened = true;

    for (unsigned n = 1; happened; n++) {
        struct li_verify_result result = {0};
        struct li_manifest m = {0};
        unsigned count = 0;
        int rc;

        li_fault_order(f->store, kind, n, LI_FAULT_BEFORE, code);
        rc = verify(f, NULL, &result);
        happened = li_fault_happened(f->store);
        assert_true(happened ? rc < 0 && rc != LI_ENOTFOUND : rc == 0);
        assert_int_equal(result.bad, 0);
        li_fault_order(f->store, kind, n, LI_FAULT_BEFORE, code);
        rc = li_repo_each_image(f->repo, count_image, &count, &f->err);
        assert_true(li_fault_happened(f->store) ? rc < 0 : count == 2);
        happened |= li_fault_happened(f->store);
        li_fault_order(f->store, kind, 0, LI_FAULT_BEFORE, 0);
        assert_done(open_manifest(f, "a:1", &m), &f->err);
        li_manifest_free(&m);
    }
}

static void a_store_that_fails_has_not_answered(void **state)
{
    static const int codes[] = {LI_EIO, LI_EDENIED, LI_ENETWORK, LI_EINVALID, LI_EUNSUPPORTED};
    static const int none[] = {LI_ENOTFOUND, LI_EEXISTS, LI_ECHANGED, LI_END};
    struct repo_fixture *f = *state;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "a:2", &other), &f->err);
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        check_faults(f, LI_FAULT_GET, codes[i]);
        check_faults(f, LI_FAULT_LIST, codes[i]);
    }
    /* That there is no such object is no answer to the question what there is. */
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        check_faults(f, LI_FAULT_LIST, none[i]);
}

/* No put, question, listing or flush finds that there is nothing, or that something changed. */
static void a_push_takes_no_failure_for_an_answer(void **state)
{
    static const enum li_fault_kind kinds[] = {LI_FAULT_PUT, LI_FAULT_EXISTS, LI_FAULT_LIST,
                                               LI_FAULT_FLUSH};
    static const int codes[] = {LI_ENOTFOUND, LI_EEXISTS, LI_ECHANGED};
    struct repo_fixture *f = *state;
    unsigned happened = 0;

    assert_done(push(f, "a:1", &small), &f->err);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
            const struct image image = {2, {(uint32_t)(100 + 10 * k + i), 7}};

            li_fault_order(f->store, kinds[k], 1, LI_FAULT_BEFORE, codes[i]);
            assert_fails(push(f, "a:1", &image), LI_EIO, "ordered", &f->err);
            happened += li_fault_happened(f->store);
            li_fault_order(f->store, kinds[k], 0, LI_FAULT_BEFORE, 0);
            expect_pushed(f, "a:1", &small);
        }
    }
    assert_int_equal(happened, 12);
}

/* Whoever lists images goes on without a key, and not without the store. */
static void what_the_store_denies_is_not_the_key_s(void **state)
{
    struct repo_fixture *f = *state;
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    for (unsigned n = 1; n <= 3; n++) {
        li_fault_order(f->store, LI_FAULT_GET, n, LI_FAULT_BEFORE, LI_EDENIED);
        /* The pointer, the manifest, and the wrap of its key. */
        assert_fails(open_manifest(f, "a:1", &m), n == 3 ? LI_EDENIED : LI_EIO, "ordered", &f->err);
    }
}

static int unwrap_without_key(struct li_kms *kms, const struct li_kms_context *context,
                              const uint8_t *blob, size_t len, struct li_secret *key,
                              struct li_error *err)
{
    (void)kms, (void)context, (void)blob, (void)len, (void)key;
    return li_fail(err, LI_ENOTFOUND, "the KMS has no such key");
}

/* Neither an absent image nor an absent wrap. */
static void a_key_that_the_kms_lacks_is_no_absent_image(void **state)
{
    struct repo_fixture *f = *state;
    const struct li_kms_operations operations = {.unwrap = unwrap_without_key};
    struct li_kms lacking = *f->kms, *before = f->kms;
    struct li_manifest m = {0};

    assert_done(push(f, "a:1", &small), &f->err);
    lacking.ops = &operations;
    f->kms = &lacking;
    reopen(f);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "the KMS has no such key", &f->err);
    f->kms = before;
    reopen(f);
    expect_pushed(f, "a:1", &small);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_manifest_that_a_tag_points_at_is_gone),
        WITH_REPO(a_key_that_was_lost_is_not_another_s),
        WITH_REPO(a_root_without_its_description_is_not_a_new_one),
        WITH_REPO(a_salt_that_was_lost_is_not_made_anew),
        WITH_REPO(a_chunk_that_was_lost_is_missing_and_no_more),
        WITH_REPO(a_tag_that_is_listed_and_not_there),
        WITH_REPO(damage_to_a_root_is_none_to_a_chunk),
        WITH_REPO(a_store_that_fails_has_not_answered),
        WITH_REPO(a_push_takes_no_failure_for_an_answer),
        WITH_REPO(what_the_store_denies_is_not_the_key_s),
        WITH_REPO(a_key_that_the_kms_lacks_is_no_absent_image),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
