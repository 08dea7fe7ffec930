/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sources of sealed chunks and the opener, over a source in memory that can lose, damage and refuse
 * what it has, and that keeps what it is told.
 */
#include "tests/fixtures/unit.h"

#include <errno.h>

#include "chunk/chunk.h"
#include "sealed/opener.h"

enum { CHUNKS = 3, TOLD_MAX = 16 };

static const uint8_t birth[LI_ID_SIZE] = {1}, newer[LI_ID_SIZE] = {2};

struct memory {
    struct li_sealed sealed;
    struct li_buffer object[CHUNKS];
    int code; /* what get() returns, if not 0 */
    int sys;  /* and its errno */
    bool there;
    size_t wanted; /* chunks, of all calls */
    unsigned gets, told_count;
    struct li_sealed_finding told[TOLD_MAX];
};

static struct {
    struct memory memory;
    struct li_manifest_chunk chunk[CHUNKS];
    struct li_opener *opener;
    struct li_sealed *counted;
    uint8_t *want, *got;
} t;

static size_t position(const struct li_sealed_chunk *chunk)
{
    assert_memory_equal(chunk->root, birth, LI_ID_SIZE);
    return chunk->name[0];
}

static int memory_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                      struct li_sealed_object *out, struct li_error *err)
{
    struct memory *memory = (struct memory *)sealed;
    const struct li_buffer *object = &memory->object[position(chunk)];

    memory->gets++;
    assert_false(out->there);
    assert_int_equal(out->bytes.len, 0);
    out->there = memory->there;
    memcpy(out->root, newer, LI_ID_SIZE);
    if (memory->code) {
        li_fail(err, memory->code, "the memory fails");
        err->sys = memory->sys;
        return memory->code;
    }
    return out->there ? li_buffer_append(&out->bytes, object->data, object->len, err) : 0;
}

static void memory_want(struct li_sealed *sealed, const struct li_sealed_chunk *chunks,
                        size_t count)
{
    struct memory *memory = (struct memory *)sealed;

    for (size_t i = 0; i < count; i++)
        assert_in_range(position(&chunks[i]), 0, CHUNKS - 1);
    memory->wanted += count;
}

static void memory_used(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                        const struct li_sealed_object *object,
                        const struct li_sealed_finding *finding)
{
    struct memory *memory = (struct memory *)sealed;

    (void)object;
    assert_in_range(position(chunk), 0, CHUNKS - 1);
    assert_true(memory->told_count < TOLD_MAX);
    memory->told[memory->told_count++] = *finding;
}

static void memory_free(struct li_sealed *sealed)
{
    (void)sealed;
}

static const struct li_sealed_operations all = {memory_get, memory_want, memory_used, memory_free};
static const struct li_sealed_operations least = {.get = memory_get, .free = memory_free};

static void fill(uint8_t *plain, size_t i)
{
    for (size_t at = 0; at < LI_CHUNK_SIZE; at++)
        plain[at] = (uint8_t)(at * (i + 3) >> 7);
}

static int set_up(void **state)
{
    struct li_seal_policy policy = {LI_CODEC_ZSTD, 1, 0};
    struct li_error err = LI_ERROR_INIT;
    struct li_sealer *sealer = NULL;

    (void)state;
    memset(&t, 0, sizeof(t));
    t.memory.sealed = (struct li_sealed){&all, "memory"};
    t.memory.there = true;
    t.want = malloc(LI_CHUNK_SIZE);
    t.got = malloc(LI_CHUNK_SIZE);
    assert_true(t.want && t.got);
    assert_done(li_sealer_new(&sealer, &err), &err);
    for (size_t i = 0; i < CHUNKS; i++) {
        struct li_manifest_chunk *chunk = &t.chunk[i];

        fill(t.want, i);
        chunk->index = (uint32_t)(10 + i);
        chunk->name[0] = (uint8_t)i;
        memset(chunk->prk.bytes, (int)i + 1, sizeof(chunk->prk.bytes));
        assert_done(li_sha256(t.want, LI_CHUNK_SIZE, chunk->digest, &err), &err);
        assert_done(li_seal_chunk(sealer, &policy, &chunk->prk, t.want, &t.memory.object[i], &err),
                    &err);
    }
    li_sealer_free(sealer);
    assert_done(li_sealed_counted_new(&t.memory.sealed, &t.counted, &err), &err);
    assert_done(li_opener_new(t.counted, &t.opener, &err), &err);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    li_opener_free(t.opener);
    li_sealed_free(t.counted);
    for (size_t i = 0; i < CHUNKS; i++)
        li_buffer_free(&t.memory.object[i]);
    free(t.want);
    free(t.got);
    return 0;
}

static void expect_told(enum li_sealed_health health, size_t bytes)
{
    const struct li_sealed_finding *last = &t.memory.told[t.memory.told_count - 1];

    assert_int_equal(t.memory.told_count, t.memory.gets);
    assert_int_equal(last->health, health);
    assert_int_equal(last->bytes, bytes);
}

static void a_sound_chunk_is_opened(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_sealed_finding finding;

    (void)state;
    for (size_t i = 0; i < CHUNKS; i++) {
        fill(t.want, i);
        assert_done(li_opener_open(t.opener, birth, &t.chunk[i], t.got, &err), &err);
        assert_memory_equal(t.got, t.want, LI_CHUNK_SIZE);
        expect_told(LI_SEALED_SOUND, t.memory.object[i].len);
        assert_done(li_opener_check(t.opener, birth, &t.chunk[i], &finding, &err), &err);
        assert_int_equal(finding.health, LI_SEALED_SOUND);
        assert_memory_equal(finding.root, newer, LI_ID_SIZE);
        expect_told(LI_SEALED_SOUND, t.memory.object[i].len);
    }
}

/* Each check in turn: the MAC, the digest, and the length. */
static void nothing_is_released_of_a_damaged_chunk(void **state)
{
    struct li_manifest_chunk chunk = t.chunk[1];
    struct li_sealed_finding finding;
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer *object = &t.memory.object[1];

    (void)state;
    memset(t.want, 0, LI_CHUNK_SIZE);
    for (int round = 0; round < 3; round++) {
        if (round == 0)
            object->data[object->len / 2] ^= 1;
        else if (round == 1)
            chunk.digest[5] ^= 1;
        else
            object->len--;
        memset(t.got, 0xee, LI_CHUNK_SIZE);
        assert_fails(li_opener_open(t.opener, birth, &chunk, t.got, &err), LI_ECORRUPT,
                     "chunk 11: ", &err);
        assert_memory_equal(t.got, t.want, LI_CHUNK_SIZE);
        expect_told(LI_SEALED_DAMAGED, object->len);
        assert_done(li_opener_check(t.opener, birth, &chunk, &finding, &err), &err);
        assert_int_equal(finding.health, LI_SEALED_DAMAGED);
        assert_memory_equal(finding.root, newer, LI_ID_SIZE);
        if (round == 0)
            object->data[object->len / 2] ^= 1;
        chunk = t.chunk[1];
    }
}

static void a_missing_chunk_is_an_answer_to_a_check_only(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_sealed_finding finding;

    (void)state;
    t.memory.there = false;
    assert_fails(li_opener_open(t.opener, birth, &t.chunk[2], t.got, &err), LI_ECORRUPT,
                 "chunk 12: no root of memory has chunks/02/0200", &err);
    expect_told(LI_SEALED_MISSING, 0);
    assert_done(li_opener_check(t.opener, birth, &t.chunk[2], &finding, &err), &err);
    assert_int_equal(finding.health, LI_SEALED_MISSING);
    expect_told(LI_SEALED_MISSING, 0);
}

/* Only a failure that is the object's says something about it, and only where there is one. */
static void what_a_failure_says_of_a_chunk(void **state)
{
    static const struct {
        int code, sys;
        bool there;
        enum li_sealed_health health;
        int opens; /* with this code */
    } cases[] = {
        {LI_ENETWORK, 0, true, LI_SEALED_UNKNOWN, LI_ENETWORK},
        {LI_ENETWORK, ETIMEDOUT, false, LI_SEALED_UNKNOWN, LI_ENETWORK},
        {LI_EDENIED, EACCES, true, LI_SEALED_UNKNOWN, LI_EDENIED},
        {LI_ENOTFOUND, 0, false, LI_SEALED_UNKNOWN, LI_ECORRUPT},
        {LI_ECORRUPT, 0, false, LI_SEALED_UNKNOWN, LI_ECORRUPT},
        {LI_EIO, EIO, true, LI_SEALED_DAMAGED, LI_EIO},
        {LI_EIO, ENOSPC, true, LI_SEALED_UNKNOWN, LI_EIO},
        {LI_ELIMIT, 0, true, LI_SEALED_DAMAGED, LI_ECORRUPT},
        {LI_END, 0, true, LI_SEALED_UNKNOWN, LI_EIO},
        {LI_ECANCELLED, 0, true, LI_SEALED_UNKNOWN, LI_ECANCELLED},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct li_error err = LI_ERROR_INIT;
        struct li_sealed_finding finding;
        int rc;

        t.memory.code = cases[i].code;
        t.memory.sys = cases[i].sys;
        t.memory.there = cases[i].there;
        assert_fails(li_opener_open(t.opener, birth, &t.chunk[0], t.got, &err), cases[i].opens,
                     "chunk 10: ", &err);
        expect_told(cases[i].health, 0);
        rc = li_opener_check(t.opener, birth, &t.chunk[0], &finding, &err);
        assert_int_equal(finding.health, cases[i].health);
        assert_true(rc < 0 || finding.health == LI_SEALED_DAMAGED);
        t.memory.told_count = t.memory.gets = 0;
    }
}

static void what_passes_by_is_counted(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_sealed_counts counts;
    struct li_sealed_finding finding;
    uint64_t bytes = t.memory.object[0].len + 2 * t.memory.object[1].len;

    (void)state;
    assert_done(li_opener_open(t.opener, birth, &t.chunk[0], t.got, &err), &err);
    assert_done(li_opener_open(t.opener, birth, &t.chunk[1], t.got, &err), &err);
    assert_done(li_opener_check(t.opener, birth, &t.chunk[1], &finding, &err), &err);
    t.memory.there = false;
    assert_done(li_opener_check(t.opener, birth, &t.chunk[1], &finding, &err), &err);
    t.memory.code = LI_ENETWORK;
    assert_int_equal(li_opener_open(t.opener, birth, &t.chunk[1], t.got, &err), LI_ENETWORK);
    li_sealed_counts(t.counted, &counts);
    assert_int_equal(counts.sound, 3);
    assert_int_equal(counts.bytes, bytes);
    assert_int_equal(counts.failures, 2);
}

static void what_is_wanted_reaches_who_can_begin(void **state)
{
    struct li_sealed_chunk chunks[CHUNKS] = {{.fresh = false}};

    (void)state;
    for (size_t i = 0; i < CHUNKS; i++) {
        memcpy(chunks[i].root, birth, LI_ID_SIZE);
        chunks[i].name[0] = (uint8_t)i;
    }
    li_sealed_want(t.counted, chunks, CHUNKS);
    assert_int_equal(t.memory.wanted, CHUNKS);
    assert_int_equal(t.memory.gets, 0);
    /* And who can't need not know of it. */
    t.memory.sealed.ops = &least;
    li_sealed_want(t.counted, chunks, CHUNKS);
    assert_int_equal(t.memory.wanted, CHUNKS);
}

static void a_source_need_not_be_told(void **state)
{
    struct li_error err = LI_ERROR_INIT;

    (void)state;
    t.memory.sealed.ops = &least;
    assert_done(li_opener_open(t.opener, birth, &t.chunk[0], t.got, &err), &err);
    assert_int_equal(t.memory.told_count, 0);
}

/* What the opener opens with seals, too, and what it sealed opens. */
static void the_sealer_is_there_to_mend(void **state)
{
    struct li_seal_policy policy = {LI_CODEC_NONE, 0, 0};
    struct li_error err = LI_ERROR_INIT;
    struct li_sealed_finding finding;

    (void)state;
    t.memory.object[1].data[70] ^= 1;
    assert_done(li_opener_check(t.opener, birth, &t.chunk[1], &finding, &err), &err);
    assert_int_equal(finding.health, LI_SEALED_DAMAGED);
    fill(t.want, 1);
    assert_done(li_seal_chunk(li_opener_sealer(t.opener), &policy, &t.chunk[1].prk, t.want,
                              &t.memory.object[1], &err),
                &err);
    assert_done(li_opener_open(t.opener, birth, &t.chunk[1], t.got, &err), &err);
    assert_memory_equal(t.got, t.want, LI_CHUNK_SIZE);
}

#define WITH_A_SOURCE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        WITH_A_SOURCE(a_sound_chunk_is_opened),
        WITH_A_SOURCE(nothing_is_released_of_a_damaged_chunk),
        WITH_A_SOURCE(a_missing_chunk_is_an_answer_to_a_check_only),
        WITH_A_SOURCE(what_a_failure_says_of_a_chunk),
        WITH_A_SOURCE(what_passes_by_is_counted),
        WITH_A_SOURCE(what_is_wanted_reaches_who_can_begin),
        WITH_A_SOURCE(a_source_need_not_be_told),
        WITH_A_SOURCE(the_sealer_is_there_to_mend),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
