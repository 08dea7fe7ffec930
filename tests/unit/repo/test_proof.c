/* SPDX-License-Identifier: Apache-2.0 */
/* Which root accepts pushes, whatever somebody writes into the store. */
#include "tests/fixtures/repo_fixture.h"

#include "base/hex.h"
#include "repo/identity.h"
#include "repo/keys.h"
#include "tests/fixtures/repo_objects.h"

static const struct image small = {4, {1, 0, 2, 3}};

static int find_root(struct repo_fixture *f)
{
    struct li_root root;

    reopen(f);
    return li_root_active(f->repo, &root, &f->err);
}

/* The key of the active root's proof. */
static void proof_key(struct repo_fixture *f, char out[KEY_TEXT])
{
    struct li_repo_key key = repository_key(f);
    struct li_root root;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    strcpy(out, li_key_proof(root.id, key.id).text);
}

static void assert_same(const struct li_root *a, const struct li_root *b)
{
    assert_memory_equal(a->id, b->id, LI_ID_SIZE);
    assert_memory_equal(a->salt, b->salt, LI_ID_SIZE);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->generation, b->generation);
    assert_int_equal(a->created, b->created);
}

static void no_byte_of_a_proof_can_be_changed(void **state)
{
    char key[KEY_TEXT];

    proof_key(*state, key);
    spoil_each_byte(*state, key, find_root);
}

static void no_root_without_a_proof(void **state)
{
    struct repo_fixture *f = *state;
    char *long_text = calloc(1, LI_AUTHENTIC_MAX + 1), key[KEY_TEXT];

    assert_non_null(long_text);
    proof_key(f, key);
    overwrite(f, key, long_text, LI_AUTHENTIC_MAX + 1);
    assert_fails(find_root(f), LI_ECORRUPT, "no active root proves", &f->err);
    assert_int_equal(li_store_remove(f->directory, key, &f->err), 0);
    assert_fails(find_root(f), LI_ECORRUPT, "restore what is wrong", &f->err);
    assert_non_null(strstr(f->err.text, key));
    assert_fails(push(f, "a:1", &small), LI_ECORRUPT, "no active root proves", &f->err);
    free(long_text);
}

/* It could not be read, so it says nothing about the root. */
static void a_proof_that_cannot_be_asked_for_is_no_missing_one(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root root;

    /* The description, the identity and its key, root.json, and the proof. */
    reopen(f);
    li_fault_order(f->store, LI_FAULT_GET, 4, LI_FAULT_BEFORE, LI_ENETWORK);
    assert_int_equal(li_root_active(f->repo, &root, &f->err), LI_ENETWORK);
    assert_true(li_fault_happened(f->store));
}

static void a_proof_belongs_to_one_root_of_one_repository(void **state)
{
    struct repo_fixture *f = *state, other;
    char proof[KEY_TEXT], of_other[KEY_TEXT], identity[KEY_TEXT];

    open_another(f, "other", &other);
    proof_key(f, proof);
    proof_key(&other, of_other);
    put_from(f, other.directory, of_other, proof);
    assert_fails(find_root(f), LI_ECORRUPT, "MAC does not match", &f->err);
    /* Nor is an identity a proof. */
    only_key(f, "identities/", identity);
    put_from(f, f->directory, identity, proof);
    assert_fails(find_root(f), LI_ECORRUPT, "MAC does not match", &f->err);
    close_another(&other);
}

static const char forged_id[] = "99999999999999999999999999999999";

/* A root.json that is newer than all, of which somebody only says that it is the repository's. */
static void forge_root(struct repo_fixture *f, const char *salt)
{
    char json[300], key[100];

    snprintf(json, sizeof(json),
             "{\"created\":4,\"format\":1,\"generation\":77,\"salt\":\"%s\",\"state\":"
             "\"active\"}",
             salt);
    snprintf(key, sizeof(key), "roots/%s/root.json", forged_id);
    overwrite(f, key, json, strlen(json));
}

static void a_forged_root_is_passed_over(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root before, after, forged = {.created = 0};
    struct li_repo_key key = repository_key(f);
    char own[KEY_TEXT];
    bool accepts = true;

    assert_int_equal(li_hex_decode(forged_id, forged.id, LI_ID_SIZE), 0);
    assert_done(li_root_active(f->repo, &before, &f->err), &f->err);
    proof_key(f, own);
    forge_root(f, forged_id);
    assert_done(li_root_active(f->repo, &after, &f->err), &f->err);
    assert_same(&before, &after);
    assert_done(li_root_accepts(f->repo, forged.id, &accepts, &f->err), &f->err);
    assert_false(accepts);
    /* Nor with the proof of another root. */
    put_from(f, f->directory, own, li_key_proof(forged.id, key.id).text);
    assert_done(li_root_active(f->repo, &after, &f->err), &f->err);
    assert_same(&before, &after);
    assert_done(push(f, "a:1", &small), &f->err);
    expect_pushed(f, "a:1", &small);
}

/* ---- root.json and proof differ -------------------------------------------------------------- */

static void a_push_goes_by_the_proof(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root before, after;
    struct li_buffer text = {0};
    char key[KEY_TEXT];

    assert_done(li_root_active(f->repo, &before, &f->err), &f->err);
    strcpy(key, li_key_root(before.id, "root.json").text);
    after = before;
    memset(after.salt, 0x55, LI_ID_SIZE);
    after.generation = 9;
    after.created = 77;
    assert_done(li_root_encode(&after, &text, &f->err), &f->err);
    overwrite(f, key, text.data, text.len);
    assert_done(li_root_active(f->repo, &after, &f->err), &f->err);
    assert_same(&before, &after);
    assert_done(push(f, "a:1", &small), &f->err);
    li_buffer_free(&text);
}

/* Whoever has no key can retire it. */
static void the_more_advanced_state_counts(void **state)
{
    struct repo_fixture *f = *state;
    struct li_root root;
    struct li_repo_key key = repository_key(f);
    struct li_buffer text = {0};
    bool accepts = true;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    root.state = LI_ROOT_RETIRED;
    assert_done(li_root_encode(&root, &text, &f->err), &f->err);
    overwrite(f, li_key_root(root.id, "root.json").text, text.data, text.len);
    assert_fails(find_root(f), LI_EINVALID, "no root of the repository is active", &f->err);
    assert_done(li_root_accepts(f->repo, root.id, &accepts, &f->err), &f->err);
    assert_false(accepts);

    /* A proof that says so makes it final. */
    assert_int_equal(li_store_remove(f->directory, li_key_proof(root.id, key.id).text, &f->err), 0);
    assert_done(li_proof_write(f->repo, &key, &root, &f->err), &f->err);
    root.state = LI_ROOT_ACTIVE;
    assert_done(li_root_encode(&root, &text, &f->err), &f->err);
    overwrite(f, li_key_root(root.id, "root.json").text, text.data, text.len);
    assert_fails(find_root(f), LI_EINVALID, "no root of the repository is active", &f->err);
    assert_fails(li_proof_write(f->repo, &key, &root, &f->err), LI_EEXISTS, "already", &f->err);
    li_buffer_free(&text);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(no_byte_of_a_proof_can_be_changed),
        WITH_REPO(no_root_without_a_proof),
        WITH_REPO(a_proof_that_cannot_be_asked_for_is_no_missing_one),
        WITH_REPO(a_proof_belongs_to_one_root_of_one_repository),
        WITH_REPO(a_forged_root_is_passed_over),
        WITH_REPO(a_push_goes_by_the_proof),
        WITH_REPO(the_more_advanced_state_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
