/* SPDX-License-Identifier: Apache-2.0 */
/* The identity of a repository, and what somebody who only writes to the store can do to it. */
#include "tests/fixtures/repo_fixture.h"

#include "base/bytes.h"
#include "base/hex.h"
#include "repo/identity.h"
#include "repo/keys.h"
#include "tests/fixtures/repo_objects.h"

static int read_identity(struct repo_fixture *f)
{
    struct li_repo_identity identity;
    int rc;

    reopen(f);
    rc = li_repo_identity(f->repo, &identity, &f->err);
    return rc < 0 ? rc : identity.there;
}

/* ---- what is there --------------------------------------------------------------------------- */

static void a_new_repository_has_an_identity(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_identity identity;
    struct li_repo_key key = repository_key(f);
    char at[KEY_TEXT];

    assert_done(li_repo_identity(f->repo, &identity, &f->err), &f->err);
    assert_true(identity.there);
    assert_int_equal(identity.policy.pad, LI_REPO_PAD);
    assert_memory_equal(identity.key, key.id, LI_ID_SIZE);
    only_key(f, "identities/", at);
    assert_string_equal(at, li_key_identity(li_repo_id(f->repo)).text);
    only_key(f, "keys/", at);
    assert_string_equal(at, li_key_repository_key(key.id, f->kms->name).text);
}

static void it_is_read_once(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_identity identity;
    struct li_root root;
    uint64_t before;

    reopen(f);
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    before = li_fault_count(f->store, LI_FAULT_GET);
    assert_done(li_repo_identity(f->repo, &identity, &f->err), &f->err);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_GET), before);
    /* The root and its proof, as they are now. */
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_GET), before + 2);
}

static void without_the_kms_it_is_known_and_its_key_is_not(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_identity identity;
    struct li_repo_key key;
    struct li_root root;
    bool accepts;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    li_repo_forget_kms(f->repo);
    assert_done(li_repo_identity(f->repo, &identity, &f->err), &f->err);
    assert_true(identity.there);
    assert_fails(li_identity_key(f->repo, &key, &f->err), LI_EINVALID, "key is needed", &f->err);
    assert_fails(li_root_active(f->repo, &root, &f->err), LI_EINVALID, "key is needed", &f->err);
    assert_fails(li_root_accepts(f->repo, root.id, &accepts, &f->err), LI_EINVALID, "needed",
                 &f->err);
    reopen(f);
    li_repo_forget_kms(f->repo);
    assert_fails(li_repo_identity(f->repo, &identity, &f->err), LI_EINVALID, "needed", &f->err);
}

/* ---- changed bytes --------------------------------------------------------------------------- */

static void no_byte_of_an_identity_can_be_changed(void **state)
{
    char at[KEY_TEXT];

    only_key(*state, "identities/", at);
    spoil_each_byte(*state, at, read_identity);
}

static void no_byte_of_a_key_can_be_changed(void **state)
{
    char at[KEY_TEXT];

    only_key(*state, "keys/", at);
    spoil_each_byte(*state, at, read_identity);
}

/* A byte of the version alone, with the MAC made anew by who holds the key, is a later format. */
static void a_later_version_is_not_read(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer object = {0};
    char key[KEY_TEXT];

    only_key(f, "identities/", key);
    get_object(f->directory, key, &object);
    li_put_le16(object.data + 8, 2);
    overwrite(f, key, object.data, object.len);
    assert_fails(read_identity(f), LI_EUNSUPPORTED, "a newer lambdaimg", &f->err);
    li_buffer_free(&object);
}

/* ---- objects in the wrong place -------------------------------------------------------------- */

static void nothing_of_another_repository_is_taken(void **state)
{
    struct repo_fixture *f = *state, other;
    struct li_buffer own = {0}, own_key = {0};
    char identity[KEY_TEXT], key[KEY_TEXT], of_other[KEY_TEXT];

    open_another(f, "other", &other);
    only_key(f, "identities/", identity);
    only_key(f, "keys/", key);
    get_object(f->directory, identity, &own);
    get_object(f->directory, key, &own_key);

    only_key(&other, "keys/", of_other);
    put_from(f, other.directory, of_other, key);
    assert_fails(read_identity(f), LI_EDENIED, "does not fit", &f->err);
    overwrite(f, key, own_key.data, own_key.len);

    /* The wrap is not there, and if it is, it belongs to the other. */
    only_key(&other, "identities/", of_other);
    put_from(f, other.directory, of_other, identity);
    assert_fails(read_identity(f), LI_ECORRUPT, "is gone", &f->err);
    only_key(&other, "keys/", of_other);
    put_from(f, other.directory, of_other, of_other);
    assert_fails(read_identity(f), LI_EDENIED, "does not fit", &f->err);
    overwrite(f, identity, own.data, own.len);
    assert_int_equal(read_identity(f), 1);
    li_buffer_free(&own);
    li_buffer_free(&own_key);
    close_another(&other);
}

static void a_key_that_was_lost_is_not_another_s(void **state)
{
    struct repo_fixture *f = *state;
    struct li_repo_key id = repository_key(f);
    char key[KEY_TEXT];

    only_key(f, "keys/", key);
    assert_int_equal(li_store_remove(f->directory, key, &f->err), 0);
    assert_fails(read_identity(f), LI_ECORRUPT, "the repository's key is gone", &f->err);
    overwrite(f, li_key_repository_key(id.id, "another").text, "x", 1);
    assert_fails(read_identity(f), LI_EDENIED, "not wrapped for this key", &f->err);
}

static void what_is_longer_than_any_is_damaged(void **state)
{
    struct repo_fixture *f = *state;
    char *long_text = calloc(1, LI_AUTHENTIC_MAX + 1), key[KEY_TEXT];

    assert_non_null(long_text);
    only_key(f, "identities/", key);
    overwrite(f, key, long_text, LI_AUTHENTIC_MAX + 1);
    assert_fails(read_identity(f), LI_ECORRUPT, "cannot check the repository's identity", &f->err);
    free(long_text);
}

/* ---- what who holds the key may have written --------------------------------------------------
 */

static void documents_are_checked_even_with_the_right_mac(void **state)
{
    static const struct {
        const char *json, *words;
        int code;
    } cases[] = {
        {"{\"format\":2}", "newer lambdaimg", LI_EUNSUPPORTED},
        {"{}", "\"format\"", LI_ECORRUPT},
        {"[1]", "\"format\"", LI_ECORRUPT},
        {"{\"format\":1}", "repository", LI_ECORRUPT},
        {"{\"format\":1,\"repository\":\"99999999999999999999999999999999\"}", "another repository",
         LI_ECORRUPT},
        {"{\"format\":1,\"repository\":\"*\"}", "\"pad\"", LI_ECORRUPT},
        {"{\"format\":1,\"pad\":-1,\"repository\":\"*\"}", "\"pad\"", LI_ECORRUPT},
        {"{\"format\":1,\"pad\":65537,\"repository\":\"*\"}", "\"pad\"", LI_ECORRUPT},
        {"{\"format\":1,\"pad\":\"512\",\"repository\":\"*\"}", "\"pad\"", LI_ECORRUPT},
        {"{\"format\":1,\"pad\":65536,\"repository\":\"*\",\"later\":1}", "", 1},
    };
    struct repo_fixture *f = *state;
    struct li_repo_key key = repository_key(f);
    struct li_buffer object = {0};
    char at[KEY_TEXT], id[LI_HEX_ID_SIZE];

    only_key(f, "identities/", at);
    li_hex_encode(li_repo_id(f->repo), LI_ID_SIZE, id);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *json = json_loads(cases[i].json, 0, NULL);

        assert_non_null(json);
        if (strchr(cases[i].json, '*'))
            json_object_set_new(json, "repository", json_string(id));
        assert_done(li_authentic_encode(&key, "lambdaimg identity", json, &object, &f->err),
                    &f->err);
        overwrite(f, at, object.data, object.len);
        assert_fails(read_identity(f), cases[i].code, cases[i].words, &f->err);
        li_error_clear(&f->err);
    }
    li_buffer_free(&object);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(a_new_repository_has_an_identity),
        WITH_REPO(it_is_read_once),
        WITH_REPO(without_the_kms_it_is_known_and_its_key_is_not),
        WITH_REPO(no_byte_of_an_identity_can_be_changed),
        WITH_REPO(no_byte_of_a_key_can_be_changed),
        WITH_REPO(what_is_longer_than_any_is_damaged),
        WITH_REPO(a_later_version_is_not_read),
        WITH_REPO(nothing_of_another_repository_is_taken),
        WITH_REPO(a_key_that_was_lost_is_not_another_s),
        WITH_REPO(documents_are_checked_even_with_the_right_mac),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
