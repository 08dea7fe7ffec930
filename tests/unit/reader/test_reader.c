/* SPDX-License-Identifier: Apache-2.0 */
/* The reader and the fetcher on a repository in a directory, with and without faults. */
#include "tests/fixtures/unit.h"

#include <limits.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/workers.h"
#include "push/push.h"
#include "reader/reader.h"
#include "store/fault.h"
#include "tests/fixtures/tree.h"

static const struct li_kms_options kms_options = {.env = &unit_env};

enum { CHUNKS = 12 };

static struct {
    char dir[64];
    struct li_store *store; /* the directory */
    struct li_store *fault; /* in front of it */
    struct li_kms *kms;
    struct li_repo *repo;
    struct li_sealed *origin;
    struct li_manifest manifest;
} t;

static bool is_zero(uint64_t index)
{
    return index == 3 || index == 7 || index == CHUNKS - 1;
}

/* Chunk INDEX of the test's image: noise that differs from place to place, or zeros. */
static uint8_t byte_at(uint64_t offset)
{
    uint64_t index = offset / LI_CHUNK_SIZE;

    return is_zero(index) ? 0 : (uint8_t)(offset * 2654435761u >> 13 ^ index);
}

static int source_read(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    (void)self, (void)err;
    *zeros = is_zero(index);
    for (uint64_t i = 0; !*zeros && i < LI_CHUNK_SIZE; i++)
        buf[i] = byte_at(index * LI_CHUNK_SIZE + i);
    return 0;
}

static void push(void)
{
    static char os[] = "linux", architecture[] = "amd64", config[] = "{}", tool[] = "test",
                libraries[] = "none";
    struct li_manifest about = {.os = os,
                                .architecture = architecture,
                                .config = config,
                                .config_len = 2,
                                .size = (uint64_t)CHUNKS * LI_CHUNK_SIZE,
                                .layout = 1,
                                .tool = tool,
                                .libraries = libraries};
    struct li_chunk_source source = {.count = CHUNKS, .read = source_read};
    struct li_push_options options = {.seal = {LI_CODEC_ZSTD, 1, 0}};
    struct li_error err = LI_ERROR_INIT;
    struct li_push_result result;
    struct li_reference reference;
    struct li_push_image image = {&reference, &about, &source};

    /* Of "{}". */
    strcpy(about.config_digest, "sha256:44136fa355b3678a1146ad16f7e8649e"
                                "94fb4fc21fe77e8310c060f61caaff8a");
    assert_done(li_reference_parse("image:tag", &reference, &err), &err);
    assert_done(li_push_image(t.repo, &image, &options, &result, &err), &err);
    assert_done(li_repo_manifest(t.repo, &reference, &t.manifest, &err), &err);
    assert_int_equal(t.manifest.chunk_count, CHUNKS - 3);
}

static int set_up(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    char address[128];

    (void)state;
    tree_make(t.dir);
    snprintf(address, sizeof(address), "file:%s/key", t.dir);
    assert_done(li_kms_create(address, &kms_options, &err), &err);
    assert_done(li_kms_open(address, &kms_options, &t.kms, &err), &err);
    snprintf(address, sizeof(address), "dir:%s/repo", t.dir);
    assert_done(li_store_open(address, true, &unit_env, &t.store, &err), &err);
    assert_done(li_fault_new(t.store, &t.fault, &err), &err);
    assert_done(li_repo_create(t.fault, t.kms, &unit_env, NULL, NULL, &err), &err);
    assert_done(li_repo_open(t.fault, t.kms, &unit_env, &t.repo, &err), &err);
    assert_done(li_sealed_origin_new(t.repo, &t.origin, &err), &err);
    push();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    li_manifest_free(&t.manifest);
    li_sealed_free(t.origin);
    li_repo_free(t.repo);
    li_store_free(t.fault);
    li_store_free(t.store);
    li_kms_free(t.kms);
    tree_remove(t.dir);
    return 0;
}

static struct li_reader *open_reader(void)
{
    struct li_reader_options options = {.memory = 6 * LI_CHUNK_SIZE, .workers = 3, .deadline = 10};
    struct li_error err = LI_ERROR_INIT;
    struct li_reader *reader = NULL;

    assert_done(li_reader_open(t.origin, &t.manifest, &options, &reader, &err), &err);
    return reader;
}

static void check_read(struct li_reader *reader, uint64_t offset, size_t len)
{
    struct li_error err = LI_ERROR_INIT;
    uint8_t *buf = malloc(len + 1);

    assert_non_null(buf);
    buf[len] = 0xa5;
    assert_done(li_reader_read(reader, offset, len, buf, &err), &err);
    for (size_t i = 0; i < len; i++)
        if (buf[i] != byte_at(offset + i))
            fail_msg("byte %zu is %u", (size_t)offset + i, buf[i]);
    assert_int_equal(buf[len], 0xa5);
    free(buf);
}

static void only_what_is_read_is_fetched(void **state)
{
    struct li_reader *reader = open_reader();
    struct li_reader_stats stats;

    (void)state;
    check_read(reader, 100, 5000);
    check_read(reader, 3 * LI_CHUNK_SIZE, 2000);
    check_read(reader, 2 * LI_CHUNK_SIZE - 10, 20);
    check_read(reader, 200, 6000);
    li_reader_stats(reader, &stats);
    assert_int_equal(stats.chunks_total, CHUNKS - 3);
    assert_int_equal(stats.chunks_fetched, 3);
    assert_int_equal(stats.failures, 0);
    assert_int_equal(stats.bytes_image, CHUNKS * LI_CHUNK_SIZE);
    assert_in_range(stats.bytes_fetched, 3, 3 * LI_SEAL_MAX_SIZE);
    check_read(reader, 0, (size_t)CHUNKS * LI_CHUNK_SIZE);
    li_reader_free(reader);
}

static void reads_stay_within_the_image(void **state)
{
    struct li_reader *reader = open_reader();
    struct li_error err = LI_ERROR_INIT;
    uint64_t size = li_reader_size(reader);
    uint8_t buf[8];

    (void)state;
    check_read(reader, size, 0);
    assert_fails(li_reader_read(reader, size - 4, 8, buf, &err), LI_ECORRUPT, "of an image", &err);
    assert_fails(li_reader_read(reader, UINT64_MAX - 3, 8, buf, &err), LI_ECORRUPT, "of an image",
                 &err);
    li_reader_free(reader);
}

static void what_is_cached_is_read_while_the_store_is_down(void **state)
{
    struct li_reader *reader = open_reader();
    struct li_error err = LI_ERROR_INIT;
    struct li_reader_stats stats;
    uint8_t byte;

    (void)state;
    check_read(reader, 5 * LI_CHUNK_SIZE, 10);
    li_fault_order(t.fault, LI_FAULT_GET, 1, LI_FAULT_STOP, LI_ENETWORK);
    check_read(reader, 5 * LI_CHUNK_SIZE + 400000, 1000);
    assert_fails(li_reader_read(reader, 0, 1, &byte, &err), LI_ENETWORK, "chunk 0", &err);
    li_reader_stats(reader, &stats);
    assert_int_equal(stats.failures, 1);
    assert_int_equal(stats.chunks_fetched, 1);
    li_fault_order(t.fault, LI_FAULT_GET, 0, LI_FAULT_BEFORE, 0);
    check_read(reader, 0, 1);
    li_reader_free(reader);
}

/* Turns one bit of chunk INDEX as it lies in the store, and back when called again. */
static void spoil(size_t index, size_t at)
{
    char root[33], name[65], path[PATH_MAX];
    FILE *f;
    int c;

    for (size_t i = 0; i < LI_ID_SIZE; i++)
        snprintf(root + 2 * i, 3, "%02x", t.manifest.root[i]);
    for (size_t i = 0; i < LI_NAME_SIZE; i++)
        snprintf(name + 2 * i, 3, "%02x", t.manifest.chunks[index].name[i]);
    snprintf(path, sizeof(path), "%s/repo/roots/%s/chunks/%.2s/%s", t.dir, root, name, name);
    chmod(path, 0600);
    f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    c = getc(f);
    assert_true(c != EOF);
    assert_int_equal(fseek(f, (long)at, SEEK_SET), 0);
    assert_int_equal(putc(c ^ 4, f), c ^ 4);
    assert_int_equal(fclose(f), 0);
}

static void spoilt_bytes_are_never_returned(void **state)
{
    static const size_t places[] = {0, 9, 13, 33, 64, 5000};
    struct li_reader *reader = open_reader();
    struct li_error err = LI_ERROR_INIT;
    uint8_t buf[16], untouched[16];

    (void)state;
    memset(buf, 0x5a, sizeof(buf));
    memcpy(untouched, buf, sizeof(buf));
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        spoil(1, places[i]);
        assert_fails(li_reader_read(reader, LI_CHUNK_SIZE, sizeof(buf), buf, &err), LI_ECORRUPT,
                     "chunk 1", &err);
        assert_memory_equal(buf, untouched, sizeof(buf));
        spoil(1, places[i]);
    }
    check_read(reader, LI_CHUNK_SIZE, 16);
    li_reader_free(reader);
}

static int compare_chunk(void *arg, unsigned worker, uint64_t index, uint8_t *buf,
                         struct li_error *err)
{
    atomic_int *chunks = arg;

    (void)worker;
    for (uint64_t i = 0; i < LI_CHUNK_SIZE; i++)
        if (buf[i] != byte_at(index * LI_CHUNK_SIZE + i))
            return li_fail(err, LI_ECORRUPT, "chunk %d differs", (int)index);
    atomic_fetch_add(chunks, 1);
    return 0;
}

static void the_fetcher_gives_the_image_back(void **state)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_fetcher *fetcher = NULL;
    struct li_chunk_source source;
    atomic_int chunks = 0;
    bool zeros = false;
    uint8_t byte;

    (void)state;
    /* Fewer openers than readers: they take turns. */
    assert_done(li_fetcher_new(t.origin, &t.manifest, 2, &fetcher, &err), &err);
    source = li_fetcher_source(fetcher);
    assert_int_equal(source.count, CHUNKS);
    assert_done(li_chunk_read(&source, 3, &byte, &zeros, &err), &err);
    assert_true(zeros);
    assert_done(li_chunk_walk(&source, 4, compare_chunk, &chunks, NULL, &err), &err);
    assert_int_equal(chunks, CHUNKS - 3);
    spoil(0, 100);
    assert_fails(li_chunk_walk(&source, 4, compare_chunk, &chunks, NULL, &err), LI_ECORRUPT,
                 "chunk 0", &err);
    spoil(0, 100);
    li_fetcher_free(fetcher);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_is_read_is_fetched),
        cmocka_unit_test(reads_stay_within_the_image),
        cmocka_unit_test(what_is_cached_is_read_while_the_store_is_down),
        cmocka_unit_test(spoilt_bytes_are_never_returned),
        cmocka_unit_test(the_fetcher_gives_the_image_back),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
