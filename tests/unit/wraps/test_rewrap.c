/* SPDX-License-Identifier: Apache-2.0 */
/* Changing wraps: stopped at any moment, beside a push, counted, and against whoever changes wraps.
 */
#include "tests/fixtures/repo_fixture.h"
#include "tests/fixtures/repo_objects.h"

#include "base/hex.h"
#include "manifest/manifest.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/wrap.h"
#include "repo/wrapped.h"
#include "wraps/wraps.h"

enum { SOME = 40, MANY = 300, MANY_SOAK = 10000 };

static const struct image small = {2, {1, 2}};
static const struct li_wraps_selection everything = {.all = true, .salts = true};

/* A KMS that counts what it is asked. */
struct counting {
    struct li_kms kms;
    struct li_kms *inner;
    unsigned wraps, unwraps;
};

static int counting_wrap(struct li_kms *kms, const struct li_kms_context *context,
                         const struct li_secret *key, struct li_buffer *blob, struct li_error *err)
{
    struct counting *c = (struct counting *)kms;

    __atomic_add_fetch(&c->wraps, 1, __ATOMIC_RELAXED);
    return li_kms_wrap(c->inner, context, key, blob, err);
}

static int counting_unwrap(struct li_kms *kms, const struct li_kms_context *context,
                           const uint8_t *blob, size_t len, struct li_secret *key,
                           struct li_error *err)
{
    struct counting *c = (struct counting *)kms;

    __atomic_add_fetch(&c->unwraps, 1, __ATOMIC_RELAXED);
    return li_kms_unwrap(c->inner, context, blob, len, key, err);
}

static const struct li_kms_operations counting_operations = {.wrap = counting_wrap,
                                                             .unwrap = counting_unwrap};

struct keys {
    struct counting one, two;
};

static struct counting count_for(struct li_kms *inner)
{
    struct counting c = {.kms.ops = &counting_operations, .inner = inner};

    strcpy(c.kms.name, inner->name);
    return c;
}

/* The fixture's own key is the first. */
static void make_keys(struct repo_fixture *f, struct keys *keys)
{
    keys->one = count_for(f->kms);
    keys->two = count_for(make_kms(f, "two"));
}

static void free_keys(struct keys *keys)
{
    li_kms_free(keys->two.inner);
}

/* Wraps of COUNT manifests that do not exist, which nobody looks at here. */
static void make_manifests(struct repo_fixture *f, unsigned count)
{
    struct li_secret secret = {{7}};
    struct li_buffer object = {0};
    struct li_root root;
    struct li_env env = unit_env;

    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    for (unsigned i = 0; i < count; i++) {
        uint8_t id[LI_ID_SIZE];
        struct li_wrapped place;
        struct li_kms_context context;

        assert_done(env.random(id, sizeof(id), &f->err), &f->err);
        place = li_wrapped_manifest(root.id, id);
        context = li_wrap_context("manifest", li_repo_id(f->repo), id);
        assert_done(li_wrap_make(f->kms, &context, &secret, &object, &f->err), &f->err);
        assert_int_equal(li_store_put_if_absent(f->directory,
                                                li_wrapped_at(&place, f->kms->name).text,
                                                object.data, object.len, &f->err),
                         0);
    }
    li_buffer_free(&object);
}

static int rewrap(struct repo_fixture *f, struct counting *from, struct counting *to,
                  unsigned threads)
{
    struct li_wraps_change change = {.from = &from->kms,
                                     .to = {&to->kms},
                                     .to_count = 1,
                                     .remove = {from->kms.name},
                                     .remove_key = {&from->kms},
                                     .remove_count = 1,
                                     .replace = true,
                                     .whole = true};
    struct li_wraps wraps = {0};
    int rc = li_wraps_list(f->repo, &everything, &wraps, &f->err);

    if (rc == 0)
        rc = li_wraps_plan(f->repo, &change, &wraps, &f->err);
    if (rc == 0)
        rc = li_wraps_apply(f->repo, &change, &wraps, threads, &f->err);
    li_wraps_free(&wraps);
    return rc;
}

static struct li_wrapped place_of(const struct li_wraps_object *o)
{
    if (o->kind == LI_WRAPS_SALT)
        return li_wrapped_salt(o->id);
    if (o->kind == LI_WRAPS_REPOSITORY)
        return li_wrapped_repository(o->id);
    return li_wrapped_manifest(o->root, o->id);
}

/* Each object of the repository is opened by ONE or by OTHER, which may be NULL. */
static void expect_open(struct repo_fixture *f, struct li_kms *one, struct li_kms *other)
{
    struct li_kms *before = f->kms, *keys[2] = {one, other};
    struct li_wraps wraps = {0};
    struct li_repo *repo[2] = {NULL, NULL};

    for (int i = 0; i < 2 && keys[i]; i++)
        assert_done(li_repo_open(f->directory, keys[i], &f->env, &repo[i], &f->err), &f->err);
    assert_done(li_wraps_list(f->repo, &everything, &wraps, &f->err), &f->err);
    assert_true(wraps.count > 1);
    for (size_t i = 0; i < wraps.count; i++) {
        const struct li_wraps_object *o = &wraps.object[i];
        struct li_wrapped place = place_of(o);
        struct li_secret secret;
        int rc = li_wrapped_open(repo[0], &place, &secret, &f->err);

        if (rc < 0 && repo[1])
            rc = li_wrapped_open(repo[1], &place, &secret, &f->err);
        assert_done(rc, &f->err);
    }
    li_repo_free(repo[0]);
    li_repo_free(repo[1]);
    li_wraps_free(&wraps);
    f->kms = before;
}

static size_t count_wraps(struct repo_fixture *f, const char *name)
{
    struct li_wraps wraps = {0};
    size_t count = 0;

    assert_done(li_wraps_list(f->repo, &everything, &wraps, &f->err), &f->err);
    for (size_t i = 0; i < wraps.name_count; i++)
        count += strcmp(wraps.name[i], name) == 0;
    for (size_t i = 0; i < wraps.count; i++)
        assert_true(wraps.object[i].names + wraps.object[i].unnamed > 0);
    li_wraps_free(&wraps);
    return count;
}

static void stopped_at_each_step(void **state)
{
    struct repo_fixture *f = *state;
    struct counting *from, *to, *other;
    struct keys keys;
    bool happened = true;
    unsigned steps = 0;

    make_keys(f, &keys);
    make_manifests(f, 4);
    from = &keys.one;
    to = &keys.two;
    for (unsigned n = 1; happened; n++, steps++) {
        int rc;

        li_fault_order(f->store, LI_FAULT_ANY, n, LI_FAULT_STOP, LI_ENETWORK);
        rc = rewrap(f, from, to, 1);
        happened = li_fault_happened(f->store);
        li_fault_order(f->store, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
        if (happened)
            assert_int_equal(rc, LI_ENETWORK);
        expect_open(f, from->inner, to->inner);
        assert_done(rewrap(f, from, to, 1), &f->err);
        expect_open(f, to->inner, NULL);
        assert_int_equal(count_wraps(f, from->kms.name), 0);
        other = from;
        from = to;
        to = other;
    }
    assert_true(steps > 12);
    free_keys(&keys);
}

/* By a seed, so that a failure can be made again. */
static void many_stopped_ten_times(void **state)
{
    struct repo_fixture *f = *state;
    unsigned count = getenv("SOAK") ? MANY_SOAK : MANY, stops = 0;
    uint32_t seed = 20260131;
    struct keys keys;

    make_keys(f, &keys);
    make_manifests(f, count);
    for (int i = 0; i < 10; i++) {
        seed = seed * 1664525 + 1013904223;
        li_fault_order(f->store, LI_FAULT_ANY, 3 + (seed >> 8) % (count / 4), LI_FAULT_STOP,
                       LI_ENETWORK);
        (void)rewrap(f, &keys.one, &keys.two, 4);
        stops += li_fault_happened(f->store);
        li_fault_order(f->store, LI_FAULT_ANY, 0, LI_FAULT_BEFORE, 0);
        expect_open(f, keys.one.inner, keys.two.inner);
    }
    assert_true(stops >= 5);
    assert_done(rewrap(f, &keys.one, &keys.two, 4), &f->err);
    expect_open(f, keys.two.inner, NULL);
    assert_int_equal(count_wraps(f, keys.one.kms.name), 0);
    assert_int_equal(count_wraps(f, keys.two.kms.name), count + 2);
    free_keys(&keys);
}

static void requests_are_few(void **state)
{
    struct repo_fixture *f = *state;
    uint64_t before;
    struct keys keys;

    make_keys(f, &keys);
    make_manifests(f, SOME);
    before = li_fault_count(f->store, LI_FAULT_ANY);
    assert_done(rewrap(f, &keys.one, &keys.two, 2), &f->err);
    /* Each manifest: its old wrap is read, its new one written. Then all old ones go at once. Of
     * the salt, the wrap without a name is tried before by both keys. The new key is tried for each
     * kind, before anything is written. Roots and objects are listed. */
    assert_true(li_fault_count(f->store, LI_FAULT_ANY) - before <= 2 * SOME + 16);
    assert_int_equal(li_fault_count(f->store, LI_FAULT_REMOVE), 1);
    assert_int_equal(keys.one.unwraps, SOME + 3);
    assert_int_equal(keys.one.wraps, 0);
    assert_int_equal(keys.two.wraps, SOME + 2 + 3);
    assert_int_equal(keys.two.unwraps, 1 + 3);

    /* Nothing is left to do, and nothing is asked. */
    before = li_fault_count(f->store, LI_FAULT_ANY);
    assert_done(rewrap(f, &keys.one, &keys.two, 2), &f->err);
    assert_true(li_fault_count(f->store, LI_FAULT_ANY) - before <= 8);
    assert_int_equal(keys.one.unwraps, SOME + 3);
    assert_int_equal(keys.two.wraps, SOME + 2 + 3);
    free_keys(&keys);
}

/* What is pushed for the old key after the plan was made. */
static void a_push_at_the_same_time_loses_nothing(void **state)
{
    struct repo_fixture *f = *state;
    struct keys keys;
    struct li_wraps_change change = {
        .to_count = 1, .remove_count = 1, .replace = true, .whole = true};
    struct li_wraps wraps = {0};

    make_keys(f, &keys);
    change.from = change.remove_key[0] = &keys.one.kms;
    change.to[0] = &keys.two.kms;
    change.remove[0] = keys.one.kms.name;
    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(li_wraps_list(f->repo, &everything, &wraps, &f->err), &f->err);
    assert_done(li_wraps_plan(f->repo, &change, &wraps, &f->err), &f->err);
    assert_done(push(f, "b:1", &small), &f->err);
    assert_done(li_wraps_apply(f->repo, &change, &wraps, 2, &f->err), &f->err);
    li_wraps_free(&wraps);
    expect_pushed(f, "b:1", &small);
    expect_open(f, keys.one.inner, keys.two.inner);
    assert_done(rewrap(f, &keys.one, &keys.two, 1), &f->err);
    expect_open(f, keys.two.inner, NULL);
    free_keys(&keys);
}

static void one_bad_object_does_not_stop_the_others(void **state)
{
    struct repo_fixture *f = *state;
    struct li_wraps wraps = {0};
    struct li_wrapped place;
    struct keys keys;

    make_keys(f, &keys);
    make_manifests(f, 5);
    assert_done(li_wraps_list(f->repo, &everything, &wraps, &f->err), &f->err);
    place = li_wrapped_manifest(wraps.object[2].root, wraps.object[2].id);
    overwrite(f, li_wrapped_at(&place, f->kms->name).text, "nonsense", 8);
    assert_fails(rewrap(f, &keys.one, &keys.two, 1), LI_ECORRUPT, "1 of the objects cannot",
                 &f->err);
    assert_int_equal(count_wraps(f, keys.one.kms.name), 1);
    assert_int_equal(count_wraps(f, keys.two.kms.name), 6);
    li_wraps_free(&wraps);
    free_keys(&keys);
}

/* ---- whoever may write the store ------------------------------------------------------------- */

static char *wrap_key(struct repo_fixture *f, const char *ref, const char *name)
{
    char rest[200], id[2 * LI_ID_SIZE + 1];
    struct li_manifest m = {0};

    assert_done(open_manifest(f, ref, &m), &f->err);
    li_hex_encode(m.id, LI_ID_SIZE, id);
    li_manifest_free(&m);
    snprintf(rest, sizeof(rest), "manifests/%s.wraps/%s", id, name);
    return root_key(f, ref, rest);
}

static void each_byte_of_a_wrap_counts(void **state)
{
    struct repo_fixture *f = *state;
    struct li_buffer wrap = {0};
    struct li_manifest m = {0};
    char *key;

    assert_done(push(f, "a:1", &small), &f->err);
    key = wrap_key(f, "a:1", f->kms->name);
    assert_done(li_store_get(f->directory, key, 4096, &wrap, &f->err), &f->err);
    for (size_t i = 0; i < wrap.len; i++) {
        wrap.data[i] ^= 0x10;
        overwrite(f, key, wrap.data, wrap.len);
        assert_true(open_manifest(f, "a:1", &m) < 0);
        assert_non_null(strstr(f->err.text, "cannot unwrap the key of its manifest: dir:"));
        assert_non_null(strstr(f->err.text, ".wraps/file-"));
        wrap.data[i] ^= 0x10;
        overwrite(f, key, wrap.data, i);
        assert_int_equal(open_manifest(f, "a:1", &m), LI_ECORRUPT);
    }
    overwrite(f, key, wrap.data, wrap.len);
    expect_pushed(f, "a:1", &small);
    li_buffer_free(&wrap);
    free(key);
}

/* A wrap for the manifest whose wrap is at KEY, in the repository that is open now. */
static void wrap_for_manifest_of(struct repo_fixture *f, const char *key, struct li_buffer *out)
{
    struct li_kms_context context = {.purpose = "manifest"};
    const char *id = strstr(key, "manifests/") + strlen("manifests/");
    struct li_secret secret = {{1}};
    char digits[2 * LI_ID_SIZE + 1] = "";

    memcpy(digits, id, sizeof(digits) - 1);
    memcpy(context.repository, li_repo_id(f->repo), LI_ID_SIZE);
    assert_int_equal(li_hex_decode(digits, context.object, LI_ID_SIZE), 0);
    assert_done(li_wrap_make(f->kms, &context, &secret, out, &f->err), &f->err);
}

static void wraps_that_were_moved_do_not_open(void **state)
{
    struct repo_fixture *f = *state;
    struct li_store *elsewhere = open_repo_directory(f, "elsewhere"), *own = f->store;
    struct li_buffer wrap = {0};
    struct li_manifest m = {0};
    char *a, *b;
    struct li_root root;

    assert_done(push(f, "a:1", &small), &f->err);
    assert_done(push(f, "b:1", &small), &f->err);
    a = wrap_key(f, "a:1", f->kms->name);
    b = wrap_key(f, "b:1", f->kms->name);
    /* Of another manifest. */
    put_from(f, f->directory, a, b);
    assert_fails(open_manifest(f, "b:1", &m), LI_EDENIED, "it was moved or changed", &f->err);
    /* Of a salt. */
    assert_done(li_root_active(f->repo, &root, &f->err), &f->err);
    put_from(f, f->directory, li_key_salt(root.salt).text, b);
    assert_fails(open_manifest(f, "b:1", &m), LI_EDENIED, "it was moved or changed", &f->err);
    /* Of the same manifest of another repository, which has the same key. */
    assert_done(li_repo_create(elsewhere, f->kms, &f->env, NULL, NULL, &f->err), &f->err);
    f->store = elsewhere;
    reopen(f);
    wrap_for_manifest_of(f, b, &wrap);
    f->store = own;
    reopen(f);
    overwrite(f, b, wrap.data, wrap.len);
    assert_fails(open_manifest(f, "b:1", &m), LI_EDENIED, "it was moved or changed", &f->err);
    expect_pushed(f, "a:1", &small);
    li_buffer_free(&wrap);
    li_store_free(elsewhere);
    free(a);
    free(b);
}

/* An attacker who has a key, and wraps a data key of their own for the right place: under the name
 * of our key, and under that of theirs. */
static void a_wrap_by_a_key_of_an_attackers(void **state)
{
    struct repo_fixture *f = *state;
    struct li_kms *theirs = make_kms(f, "theirs");
    struct li_secret mine = {{1}};
    struct li_kms_context context;
    struct li_buffer wrap = {0};
    struct li_manifest m = {0};
    char *ours, *other;

    assert_done(push(f, "a:1", &small), &f->err);
    ours = wrap_key(f, "a:1", f->kms->name);
    other = wrap_key(f, "a:1", theirs->name);
    context = li_wrap_context("manifest", li_repo_id(f->repo), f->result.manifest);
    assert_done(li_wrap_make(theirs, &context, &mine, &wrap, &f->err), &f->err);
    overwrite(f, other, wrap.data, wrap.len);
    expect_pushed(f, "a:1", &small);
    overwrite(f, ours, wrap.data, wrap.len);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "does not fit this key", &f->err);
    assert_done(li_store_remove(f->directory, ours, &f->err), &f->err);
    assert_fails(open_manifest(f, "a:1", &m), LI_EDENIED, "was not wrapped for this key", &f->err);
    li_buffer_free(&wrap);
    li_kms_free(theirs);
    free(ours);
    free(other);
}

#define WITH_REPO(test) cmocka_unit_test_setup_teardown(test, setup_repo, teardown_repo)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_REPO(stopped_at_each_step),
        WITH_REPO(many_stopped_ten_times),
        WITH_REPO(requests_are_few),
        WITH_REPO(a_push_at_the_same_time_loses_nothing),
        WITH_REPO(one_bad_object_does_not_stop_the_others),
        WITH_REPO(each_byte_of_a_wrap_counts),
        WITH_REPO(wraps_that_were_moved_do_not_open),
        WITH_REPO(a_wrap_by_a_key_of_an_attackers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
