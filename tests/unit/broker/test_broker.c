/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A broker over a directory: every operation of a store comes through, and somebody who has taken
 * over the parent gets no more than the parent.
 */
#include <signal.h>
#include <unistd.h>

#include "tests/fixtures/broker_fixture.h"

enum { PATIENCE = 60 /* seconds, after which a test that hangs is ended */ };

static void operations_come_through(void **state)
{
    static const char *const keys[] = {"a/b", "a/c", "none"};
    struct fixture *f = *state;
    struct parent p;
    struct li_store *store;
    bool present[3];

    begin(f, &p, true);
    store = p.opened.store;
    assert_string_equal(store->address, f->store->address);
    assert_int_equal(store->width, f->store->width);
    assert_done(li_store_put_if_absent(store, "a/b", "one", 3, &f->err), &f->err);
    assert_int_equal(li_store_put_if_absent(store, "a/b", "two", 3, &f->err), LI_END);
    expect(f, "a/b", "one");
    assert_done(li_store_get(store, "a/b", 9, &f->out, &f->err), &f->err);
    assert_int_equal(f->out.len, 3);
    assert_memory_equal(f->out.data, "one", 3);
    assert_fails(li_store_get(store, "a/b", 2, &f->out, &f->err), LI_ELIMIT, "a/b: ", &f->err);
    assert_fails(li_store_get(store, "a/x", 2, &f->out, &f->err), LI_ENOTFOUND, "a/x: ", &f->err);
    assert_done(li_store_get_range(store, "a/b", 1, 9, &f->out, &f->err), &f->err);
    assert_memory_equal(f->out.data, "ne", 2);
    assert_done(li_store_replace(store, "a/c", "", 0, &f->err), &f->err);
    assert_fails(li_store_replace_if(store, "a/b", unit_bytes("onE"), "x", 1, &f->err), LI_ECHANGED,
                 "a/b", &f->err);
    assert_done(li_store_replace_if(store, "a/b", unit_bytes("one"), "three", 5, &f->err), &f->err);
    expect(f, "a/b", "three");
    assert_done(li_store_exists(store, keys, 3, 9, present, &f->err), &f->err);
    assert_true(present[0] && !present[1] && !present[2]);
    assert_int_equal(li_store_copy(store, "a/b", "a/d", &f->err), 0);
    assert_int_equal(li_store_copy(store, "a/b", "a/d", &f->err), LI_END);
    expect(f, "a/d", "three");
    assert_int_equal(li_store_remove(store, "a/d", &f->err), 0);
    assert_int_equal(li_store_remove(store, "a/d", &f->err), LI_END);
    assert_done(li_store_remove_many(store, keys, 2, &f->err), &f->err);
    assert_done(li_store_flush(store, &f->err), &f->err);
    assert_fails(li_store_get(f->store, "a/b", 9, &f->out, &f->err), LI_ENOTFOUND, "", &f->err);
    end(&p);
}

static void long_objects_come_in_parts(void **state)
{
    enum { LONG = 3 * LI_BROKER_REGION + 5 };
    static const size_t sizes[] = {LI_BROKER_REGION - 1, LI_BROKER_REGION, LI_BROKER_REGION + 1,
                                   2 * LI_BROKER_REGION, LONG};
    struct fixture *f = *state;
    struct parent p;
    uint8_t *data = malloc(LONG);
    char key[16];

    assert_non_null(data);
    for (size_t i = 0; i < LONG; i++)
        data[i] = (uint8_t)(i * 31 + i / 4096);
    begin(f, &p, true);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        snprintf(key, sizeof(key), "long/%zu", i);
        assert_done(li_store_put_if_absent(p.opened.store, key, data, sizes[i], &f->err), &f->err);
        assert_done(li_store_get(p.opened.store, key, LONG, &f->out, &f->err), &f->err);
        assert_int_equal(f->out.len, sizes[i]);
        assert_memory_equal(f->out.data, data, sizes[i]);
        assert_done(li_store_get(f->store, key, LONG, &f->out, &f->err), &f->err);
        assert_int_equal(f->out.len, sizes[i]);
        assert_memory_equal(f->out.data, data, sizes[i]);
    }
    free(data);
    end(&p);
}

/* ---- listings -------------------------------------------------------------------------------- */

enum { LISTED = 1300, PART = 240 };

struct seen {
    size_t count, stop;
    struct li_broker *waits_for_us; /* whose store is not to be given up meanwhile */
};

static int see(void *arg, const char *key, uint64_t size, struct li_error *err)
{
    struct seen *seen = arg;

    assert_int_equal(size, 1);
    assert_true(strlen(key) > 2 * PART);
    if (seen->count == 0 && seen->waits_for_us)
        assert_done(li_broker_ask(seen->waits_for_us, 10, NULL, err), err);
    return ++seen->count == seen->stop ? li_fail(err, LI_EINVALID, "enough") : 0;
}

static void listings_come_in_parts(void **state)
{
    struct fixture *f = *state;
    struct seen all = {0}, some = {.stop = 3}, most = {.stop = LISTED - 1};
    char key[2 * PART + 32];
    struct parent p;

    memset(key, 'k', sizeof(key));
    key[PART] = '/';
    for (size_t i = 0; i < LISTED; i++) {
        snprintf(key + (size_t)2 * PART, 32, "%05zu", i);
        put(f, key, "x");
    }
    begin(f, &p, false);
    assert_true(LISTED * strlen(key) > LI_BROKER_REGION);
    all.waits_for_us = p.broker;
    assert_done(li_store_list(p.opened.store, "", see, &all, &f->err), &f->err);
    assert_int_equal(all.count, LISTED);
    assert_fails(li_store_list(p.opened.store, "", see, &some, &f->err), LI_EINVALID, "enough",
                 &f->err);
    assert_int_equal(some.count, 3);
    assert_fails(li_store_list(p.opened.store, "", see, &most, &f->err), LI_EINVALID, "enough",
                 &f->err);
    all.count = 0;
    assert_done(li_store_list(p.opened.store, "", see, &all, &f->err), &f->err);
    assert_int_equal(all.count, LISTED);
    end(&p);
}

/* ---- what the parent does not get ------------------------------------------------------------ */

static void nothing_is_written_by_who_reads(void **state)
{
    static const char *const keys[] = {"a"};
    struct fixture *f = *state;
    struct li_store *store;
    struct parent p;

    put(f, "a", "A");
    begin(f, &p, false);
    store = p.opened.store;
    assert_fails(li_store_put_if_absent(store, "b", "x", 1, &f->err), LI_EDENIED, "", &f->err);
    assert_fails(li_store_replace(store, "a", "x", 1, &f->err), LI_EDENIED, "", &f->err);
    assert_fails(li_store_replace_if(store, "a", unit_bytes("A"), "x", 1, &f->err), LI_EDENIED, "",
                 &f->err);
    assert_fails(li_store_remove(store, "a", &f->err), LI_EDENIED, "", &f->err);
    assert_fails(li_store_remove_many(store, keys, 1, &f->err), LI_EDENIED, "", &f->err);
    assert_fails(li_store_copy(store, "a", "b", &f->err), LI_EDENIED, "", &f->err);
    assert_fails(li_store_flush(store, &f->err), LI_EDENIED, "", &f->err);
    expect(f, "a", "A");
    assert_done(li_store_get(store, "a", 1, &f->out, &f->err), &f->err);
    end(&p);
}

static void hostile_keys_are_refused(void **state)
{
    static const char *const keys[] = {"../x", "/etc/passwd", "a/../../x", ".tmp-x", ""};
    struct fixture *f = *state;
    struct parent p;

    begin(f, &p, true);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct li_call call = {.request = {.limit = 100}};

        /* As somebody would who does not use the functions of a store. */
        assert_done(li_call_begin(&call, p.broker, LI_BROKER_GET, keys[i], &f->err), &f->err);
        assert_fails(li_call_send(&call, &f->err), LI_EINVALID, "not a valid key", &f->err);
        call.request.op = LI_BROKER_PUT_IF_ABSENT;
        assert_fails(li_call_send(&call, &f->err), LI_EINVALID, "not a valid key", &f->err);
        li_call_end(&call);
    }
    end(&p);
}

static void hostile_numbers_are_refused(void **state)
{
    static const struct {
        struct li_broker_request request;
        int code;
    } cases[] = {
        {{.op = LI_BROKER_EXISTS, .count = 1000, .len = 4}, LI_EINVALID},
        {{.op = LI_BROKER_EXISTS, .count = UINT32_MAX, .len = 4}, LI_ELIMIT},
        {{.op = LI_BROKER_EXISTS, .count = 1, .len = 0}, LI_EINVALID},
        {{.op = LI_BROKER_EXISTS, .count = 1, .len = UINT64_MAX}, LI_EINVALID},
        {{.op = LI_BROKER_REMOVE_MANY, .count = 9, .len = LI_BROKER_REGION + 1}, LI_EINVALID},
        {{.op = LI_BROKER_PUT_IF_ABSENT, .key = "k", .len = LI_BROKER_REGION + 1}, LI_EINVALID},
        {{.op = LI_BROKER_REPLACE_IF, .key = "k", .offset = 5, .len = 4}, LI_EINVALID},
        {{.op = LI_BROKER_REPLACE_IF, .key = "k", .offset = UINT64_MAX, .len = 4}, LI_EINVALID},
        {{.op = LI_BROKER_COPY, .key = "k", .len = 0}, LI_EINVALID},
        {{.op = LI_BROKER_PART, .len = LI_BROKER_REGION + 1}, LI_ELIMIT},
        {{.op = LI_BROKER_PART, .len = UINT64_MAX}, LI_ELIMIT},
        {{.op = LI_BROKER_WRAP, .key = "manifest", .len = 5}, LI_EINVALID},
        {{.op = LI_BROKER_UNWRAP, .key = "manifest", .len = UINT64_MAX}, LI_EINVALID},
        {{.op = LI_BROKER_UNWRAP, .key = "manifest", .count = 1}, LI_EDENIED},
        {{.op = LI_BROKER_REWRAP, .key = "manifest", .count = UINT32_MAX}, LI_EDENIED},
        {{.op = LI_BROKER_REWRAP, .key = "manifest", .handle = UINT32_MAX}, LI_EDENIED},
        {{.op = LI_BROKER_DESCRIBE, .count = 77}, LI_EDENIED},
        {{.op = LI_BROKER_NEXT}, LI_EINVALID},
        {{.op = LI_BROKER_CHANNEL}, LI_EINVALID},
        {{.op = 77}, LI_EINVALID},
        {{.op = LI_BROKER_GET, .handle = UINT32_MAX, .key = "none", .limit = UINT64_MAX},
         LI_ENOTFOUND},
    };
    struct fixture *f = *state;
    struct parent p;
    bool proven;

    begin(f, &p, true);
    assert_done(li_broker_identify(p.broker, broker_repository, &proven, &f->err), &f->err);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_call call = {.channel = NULL};

        assert_done(li_call_begin(&call, p.broker, cases[i].request.op, NULL, &f->err), &f->err);
        memset(call.channel->region, 'k', LI_BROKER_REGION);
        call.request = cases[i].request;
        memcpy(call.request.repository, broker_repository, LI_ID_SIZE);
        /* li_call_send() would send what lies in the region first. */
        assert_true(
            li_wire_send(call.channel->socket, &call.request, sizeof(call.request), NULL, 0));
        assert_true(
            li_wire_receive(call.channel->socket, &call.reply, sizeof(call.reply), NULL, 0));
        assert_int_equal(call.reply.error.code, cases[i].code);
        assert_int_equal(call.reply.len, 0);
        li_call_end(&call);
    }
    put(f, "still", "there");
    assert_done(li_store_get(p.opened.store, "still", 9, &f->out, &f->err), &f->err);
    end(&p);
}

static void channels_and_handles_are_limited(void **state)
{
    const struct li_broker_request channel = {.op = LI_BROKER_CHANNEL};
    const struct li_broker_request cancel = {.op = LI_BROKER_CANCEL, .handle = UINT32_MAX};
    const struct li_broker_request odd = {.op = LI_BROKER_GET, .key = "k"};
    struct fixture *f = *state;
    struct li_broker_reply reply;
    struct parent p;
    int fds[2];

    begin(f, &p, false);
    for (size_t i = 0; i < LI_BROKER_CHANNELS; i++) {
        assert_done(li_broker_exchange(p.broker, &channel, &reply, fds, 2, &f->err), &f->err);
        assert_int_equal(ftruncate(fds[1], 0), -1);
        close(fds[0]);
        close(fds[1]);
    }
    assert_fails(li_broker_exchange(p.broker, &channel, &reply, fds, 2, &f->err), LI_ELIMIT,
                 "channels", &f->err);
    assert_done(li_broker_exchange(p.broker, &cancel, &reply, NULL, 0, &f->err), &f->err);
    assert_fails(li_broker_exchange(p.broker, &odd, &reply, NULL, 0, &f->err), LI_EINVALID,
                 "no request", &f->err);
    end(&p);
}

/* ---- beginnings and ends --------------------------------------------------------------------- */

static void refusals_and_extras(void **state)
{
    struct fixture *f = *state;
    struct served refused = {.fixture = f, .refused = true};
    struct parent p;
    int fd = -1;

    assert_done(li_broker_start(broker_run, &refused, &p.broker, &f->err), &f->err);
    assert_fails(li_broker_await(p.broker, &p.opened, &f->err), LI_ENOTFOUND,
                 "there is no repository", &f->err);
    end(&p);

    begin(f, &p, false);
    assert_done(li_broker_ask(p.broker, 7, &fd, &f->err), &f->err);
    assert_true(fd > 2);
    close(fd);
    assert_done(li_broker_ask(p.broker, 9, &fd, &f->err), &f->err);
    assert_int_equal(fd, -1);
    assert_fails(li_broker_ask(p.broker, 8, NULL, &f->err), LI_EUNSUPPORTED, "8 cannot be had",
                 &f->err);
    end(&p);
}

static void note(void *arg)
{
    *(int *)arg += 1;
}

static void a_broker_that_is_killed_is_noticed(void **state)
{
    struct fixture *f = *state;
    struct parent p;
    int lost = 0;

    put(f, "a", "A");
    begin(f, &p, false);
    assert_done(li_store_get(p.opened.store, "a", 1, &f->out, &f->err), &f->err);
    li_broker_on_loss(p.broker, note, &lost);
    assert_int_equal(kill(li_broker_pid(p.broker), SIGKILL), 0);
    assert_fails(li_store_get(p.opened.store, "a", 1, &f->out, &f->err), LI_EIO, "has ended",
                 &f->err);
    assert_int_equal(lost, 1);
    assert_fails(li_broker_ask(p.broker, 9, NULL, &f->err), LI_EIO, "has ended", &f->err);
    end(&p);
}

/* A broker that has not opened its store yet ends with the parent, too. */
static void a_broker_that_opens_for_ever_ends(void **state)
{
    struct fixture *f = *state;
    struct served hanging = {.fixture = f, .hangs = true};
    struct parent p = {0};

    assert_done(li_broker_start(broker_run, &hanging, &p.broker, &f->err), &f->err);
    alarm(PATIENCE);
    li_broker_free(p.broker);
    alarm(0);
}

/* What is not a message ends the channel, and then nobody may wait for an answer. */
static void a_broken_channel_ends_the_broker(void **state)
{
    struct fixture *f = *state;
    struct li_call call = {.request = {.limit = 9}};
    struct parent p;
    int lost = 0;

    begin(f, &p, false);
    li_broker_on_loss(p.broker, note, &lost);
    alarm(PATIENCE);
    assert_done(li_call_begin(&call, p.broker, LI_BROKER_GET, "a", &f->err), &f->err);
    assert_int_equal(write(call.channel->socket, "?", 1), 1);
    assert_fails(li_call_send(&call, &f->err), LI_EIO, "has ended", &f->err);
    assert_int_equal(lost, 1);
    li_call_end(&call);
    assert_fails(li_broker_ask(p.broker, 9, NULL, &f->err), LI_EIO, "has ended", &f->err);
    end(&p);
    alarm(0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIRECTORY(operations_come_through),
        WITH_DIRECTORY(long_objects_come_in_parts),
        WITH_DIRECTORY(listings_come_in_parts),
        WITH_DIRECTORY(nothing_is_written_by_who_reads),
        WITH_DIRECTORY(hostile_keys_are_refused),
        WITH_DIRECTORY(hostile_numbers_are_refused),
        WITH_DIRECTORY(channels_and_handles_are_limited),
        WITH_DIRECTORY(refusals_and_extras),
        WITH_DIRECTORY(a_broker_that_is_killed_is_noticed),
        WITH_DIRECTORY(a_broker_that_opens_for_ever_ends),
        WITH_DIRECTORY(a_broken_channel_ends_the_broker),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
