/* SPDX-License-Identifier: Apache-2.0 */
/* Keys through a broker: those of one repository, as long as they are not forgotten. */
#include <string.h>

#include "tests/fixtures/broker_fixture.h"

static const struct li_secret secret = {"the key of a manifest, 32 bytes."};

static void keys_are_of_one_repository_and_end(void **state)
{
    struct li_kms_context context = {.purpose = "manifest"}, other = {.purpose = "manifest"};
    struct li_secret key = secret, got;
    bool proven = false;
    struct fixture *f = *state;
    struct parent p;

    memcpy(context.repository, broker_repository, LI_ID_SIZE);
    begin(f, &p, true);
    assert_string_equal(p.opened.kms->name, "toy");
    assert_fails(li_kms_wrap(p.opened.kms, &context, &key, &f->out, &f->err), LI_EDENIED, "",
                 &f->err);
    assert_fails(li_broker_prove(p.broker, key.bytes, &f->err), LI_EINVALID, "not identified",
                 &f->err);
    assert_done(li_broker_identify(p.broker, broker_repository, &proven, &f->err), &f->err);
    assert_fails(li_broker_prove(p.broker, NULL, &f->err), LI_ECORRUPT, "gone", &f->err);
    assert_fails(li_broker_prove(p.broker, key.bytes, &f->err), LI_ECORRUPT, "gone", &f->err);
    assert_done(li_broker_prove(p.broker, (const uint8_t *)"k0123456789abcde", &f->err), &f->err);
    assert_true(proven);
    assert_done(li_kms_wrap(p.opened.kms, &context, &key, &f->out, &f->err), &f->err);
    assert_done(li_kms_unwrap(p.opened.kms, &context, f->out.data, f->out.len, &got, &f->err),
                &f->err);
    assert_memory_equal(got.bytes, key.bytes, LI_SECRET_SIZE);
    assert_fails(li_kms_unwrap(p.opened.kms, &other, f->out.data, f->out.len, &got, &f->err),
                 LI_EDENIED, "not a key of the repository", &f->err);
    assert_fails(li_broker_identify(p.broker, other.repository, &proven, &f->err), LI_EINVALID,
                 "already", &f->err);
    assert_done(li_broker_forget_kms(p.broker, &f->err), &f->err);
    assert_fails(li_kms_unwrap(p.opened.kms, &context, f->out.data, f->out.len, &got, &f->err),
                 LI_EDENIED, "forgotten", &f->err);
    end(&p);

    begin(f, &p, true);
    assert_fails(li_broker_identify(p.broker, other.repository, &proven, &f->err), LI_EDENIED,
                 "another", &f->err);
    assert_fails(li_kms_wrap(p.opened.kms, &other, &key, &f->out, &f->err), LI_EDENIED, "",
                 &f->err);
    assert_fails(li_broker_prove(p.broker, (const uint8_t *)"k0123456789abcde", &f->err),
                 LI_EINVALID, "not identified", &f->err);
    end(&p);
}

static void who_only_reads_has_nothing_wrapped(void **state)
{
    struct li_kms_context context = {.purpose = "manifest"};
    struct fixture *f = *state;
    struct parent p;
    struct li_secret got;
    uint8_t blob[] = "toymanifestthe key of a manifest, 32 bytes.";
    struct li_kms_wrapped wrapped = {.context = &context, .blob = blob, .len = sizeof(blob) - 1};
    bool proven;

    memcpy(context.repository, broker_repository, LI_ID_SIZE);
    begin_with(&p, &(struct served){.fixture = f, .wraps_nothing = true});
    assert_done(li_broker_identify(p.broker, broker_repository, &proven, &f->err), &f->err);
    wrapped.by = p.opened.kms;
    assert_fails(li_kms_wrap(p.opened.kms, &context, &secret, &f->out, &f->err), LI_EDENIED,
                 "wraps nothing", &f->err);
    assert_fails(li_kms_rewrap(p.opened.kms, &wrapped, &f->out, &f->err), LI_EDENIED,
                 "wraps nothing", &f->err);
    assert_done(li_kms_unwrap(p.opened.kms, &context, blob, sizeof(blob) - 1, &got, &f->err),
                &f->err);
    assert_memory_equal(got.bytes, secret.bytes, LI_SECRET_SIZE);
    end(&p);
}

static void begin_set(struct fixture *f, struct parent *p)
{
    bool proven;

    begin_with(p, &(struct served){.fixture = f, .set = true});
    assert_done(li_broker_identify(p->broker, broker_repository, &proven, &f->err), &f->err);
}

static const char *member_name(const struct parent *p, const char *purpose, size_t index)
{
    const struct li_kms *member = li_kms_member(p->opened.kms, purpose, index);

    return member ? member->name : "none";
}

static void a_set_has_the_same_members(void **state)
{
    struct fixture *f = *state;
    struct parent p;

    begin_set(f, &p);
    assert_string_equal(p.opened.kms->name, "one");
    assert_string_equal(member_name(&p, "manifest", 0), "one");
    assert_string_equal(member_name(&p, "repository", 1), "");
    assert_string_equal(member_name(&p, "manifest", 2), "two");
    assert_string_equal(member_name(&p, "manifest", 3), "none");
    assert_string_equal(member_name(&p, "salt", 0), "salts");
    assert_string_equal(member_name(&p, "salt", 1), "none");
    assert_int_equal(p.opened.keys, 1);
    assert_string_equal(p.opened.key[0]->name, "further");
    assert_string_equal(li_kms_permission(p.opened.key[0], LI_KMS_WRAP), "toy:Wrap");
    assert_null(li_kms_permission(p.opened.key[0], LI_KMS_UNWRAP));
    end(&p);
}

static void each_member_answers_for_itself(void **state)
{
    struct li_kms_context context = {.purpose = "manifest"};
    struct fixture *f = *state;
    struct li_secret got;
    struct parent p;

    memcpy(context.repository, broker_repository, LI_ID_SIZE);
    begin_set(f, &p);
    assert_done(li_kms_wrap(li_kms_member(p.opened.kms, "manifest", 2), &context, &secret, &f->out,
                            &f->err),
                &f->err);
    assert_memory_equal(f->out.data, "twomanifest", 11);
    assert_fails(li_kms_unwrap(li_kms_member(p.opened.kms, "manifest", 0), &context, f->out.data,
                               f->out.len, &got, &f->err),
                 LI_EDENIED, "the context", &f->err);
    assert_fails(li_kms_unwrap(li_kms_member(p.opened.kms, "manifest", 1), &context, f->out.data,
                               f->out.len, &got, &f->err),
                 LI_ENOTFOUND, "there is no such key", &f->err);
    assert_done(li_kms_unwrap(p.opened.kms, &context, f->out.data, f->out.len, &got, &f->err),
                &f->err);
    assert_memory_equal(got.bytes, secret.bytes, LI_SECRET_SIZE);
    end(&p);
}

static void rewrapping_is_the_brokers(void **state)
{
    struct li_kms_context context = {.purpose = "salt"};
    struct li_kms_wrapped wrapped = {.context = &context};
    struct li_buffer blob = {0};
    struct fixture *f = *state;
    struct li_kms *salts;
    struct parent p;

    memcpy(context.repository, broker_repository, LI_ID_SIZE);
    begin_set(f, &p);
    salts = li_kms_member(p.opened.kms, "salt", 0);
    assert_done(li_kms_wrap(salts, &context, &secret, &blob, &f->err), &f->err);
    wrapped.blob = blob.data;
    wrapped.len = blob.len;
    wrapped.by = salts;
    assert_done(li_kms_rewrap(p.opened.key[0], &wrapped, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 21);
    assert_memory_equal(f->out.data, "from salts to further", 21);
    /* This toy cannot do it by itself. */
    assert_done(li_kms_rewrap(salts, &wrapped, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, blob.len);
    assert_memory_equal(f->out.data, blob.data, blob.len);
    memset(context.repository, 'x', LI_ID_SIZE);
    assert_fails(li_kms_rewrap(p.opened.key[0], &wrapped, &f->out, &f->err), LI_EDENIED,
                 "not a key of the repository", &f->err);
    li_buffer_free(&blob);
    end(&p);
}

static void keys_are_described(void **state)
{
    struct li_kms_description description;
    struct fixture *f = *state;
    struct parent p;

    begin_set(f, &p);
    assert_done(li_kms_describe(p.opened.key[0], &description, &f->err), &f->err);
    assert_string_equal(description.key, "arn:toy");
    assert_string_equal(description.state, "Enabled");
    assert_true(description.usable);
    assert_int_equal(
        li_kms_describe(li_kms_member(p.opened.kms, "manifest", 2), &description, &f->err), LI_END);
    assert_done(li_broker_forget_kms(p.broker, &f->err), &f->err);
    assert_fails(li_kms_describe(p.opened.key[0], &description, &f->err), LI_EDENIED, "forgotten",
                 &f->err);
    end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(keys_are_of_one_repository_and_end),
        WITH_DIRECTORY(who_only_reads_has_nothing_wrapped),
        WITH_DIRECTORY(a_set_has_the_same_members),
        WITH_DIRECTORY(each_member_answers_for_itself),
        WITH_DIRECTORY(rewrapping_is_the_brokers),
        WITH_DIRECTORY(keys_are_described),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
