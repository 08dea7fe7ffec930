/* SPDX-License-Identifier: Apache-2.0 */
/* A repository in a temporary directory with a key of its own, and made-up images to push. */
#ifndef LI_TESTS_REPO_FIXTURE_H
#define LI_TESTS_REPO_FIXTURE_H

#include "unit.h"

#include <pthread.h>

#include "base/hex.h"
#include "push/push.h"
#include "repo/repo.h"
#include "sealed/opener.h"
#include "store/fault.h"
#include "tree.h"

enum { IMAGE_MAX = 40 };

/* A chunk of each seed; seed 0 is all zeros. */
struct image {
    unsigned count;
    uint32_t seed[IMAGE_MAX];
};

struct repo_fixture {
    char dir[64];
    struct li_env env;
    struct li_store *directory;
    struct li_store *store; /* a fault store around it */
    struct li_kms *kms;
    struct li_repo *repo;
    struct li_push_result result;
    struct li_error err;
};

/* unit_random() is for one thread. */
static inline int repo_random(void *buf, size_t len, struct li_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    int rc;

    pthread_mutex_lock(&lock);
    rc = unit_random(buf, len, err);
    pthread_mutex_unlock(&lock);
    return rc;
}

static inline void fill_chunk(uint32_t seed, uint8_t *buf)
{
    uint32_t state = seed;

    memset(buf, 0, LI_CHUNK_SIZE);
    for (size_t i = 0; seed && i < 4096; i++) {
        state = state * 1664525 + 1013904223;
        buf[i * 100] = (uint8_t)(state >> 24);
    }
    memcpy(buf, &seed, sizeof(seed));
}

static inline int read_image(void *self, uint64_t index, uint8_t *buf, bool *zeros,
                             struct li_error *err)
{
    const struct image *image = self;

    (void)err;
    /* Half of the zeros are known to be such, half are read. */
    *zeros = !image->seed[index] && index % 2;
    if (!*zeros)
        fill_chunk(image->seed[index], buf);
    return 0;
}

static inline struct li_chunk_source image_source(const struct image *image)
{
    return (struct li_chunk_source){
        .self = (void *)(uintptr_t)image, .count = image->count, .read = read_image};
}

static inline struct li_reference reference(const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_reference ref;

    assert_done(li_reference_parse(text, &ref, &err), &err);
    return ref;
}

static inline struct li_push_options push_options(void)
{
    struct li_push_options options = {.seal = {LI_CODEC_ZSTD, 3, 0}};

    return options;
}

/* The same as li_push_image(), with all that an image needs made up. */
static inline int push_source(struct li_repo *repo, const char *ref,
                              const struct li_chunk_source *source,
                              const struct li_push_options *options, struct li_push_result *result,
                              struct li_error *err)
{
    static char config[] = "{\"os\":\"linux\"}", os[] = "linux", arch[] = "amd64", tool[] = "unit",
                libraries[] = "none";
    struct li_manifest about = {.os = os,
                                .architecture = arch,
                                .config = config,
                                .config_len = sizeof(config) - 1,
                                .size = source->count * LI_CHUNK_SIZE,
                                .layout = 1,
                                .tool = tool,
                                .libraries = libraries};
    uint8_t digest[LI_DIGEST_SIZE] = {0};
    struct li_reference to;
    struct li_push_image image = {&to, &about, source};
    int rc = li_reference_parse(ref, &to, err);

    if (rc == 0)
        rc = li_sha256(config, about.config_len, digest, err);
    strcpy(about.config_digest, "sha256:");
    li_hex_encode(digest, sizeof(digest), about.config_digest + 7);
    return rc < 0 ? rc : li_push_image(repo, &image, options, result, err);
}

static inline int push_with(struct li_repo *repo, const char *ref, const struct image *image,
                            const struct li_push_options *options, struct li_push_result *result,
                            struct li_error *err)
{
    struct li_chunk_source source = image_source(image);

    return push_source(repo, ref, &source, options, result, err);
}

static inline int push(struct repo_fixture *f, const char *ref, const struct image *image)
{
    struct li_push_options options = push_options();

    return push_with(f->repo, ref, image, &options, &f->result, &f->err);
}

static inline int open_image(struct repo_fixture *f, const char *ref, struct li_manifest *out)
{
    struct li_reference from = reference(ref);

    return li_repo_manifest(f->repo, &from, out, &f->err);
}

/* Fetches every chunk of REF through the public functions, and compares it with IMAGE. */
static inline void expect_image(struct repo_fixture *f, const char *ref, const struct image *image)
{
    uint8_t *want = malloc(LI_CHUNK_SIZE), *got = malloc(LI_CHUNK_SIZE);
    struct li_sealed *origin = NULL;
    struct li_opener *opener = NULL;
    struct li_manifest m = {0};
    size_t next = 0;

    assert_true(want && got);
    assert_done(li_sealed_origin_new(f->repo, &origin, &f->err), &f->err);
    assert_done(li_opener_new(origin, &opener, &f->err), &f->err);
    assert_done(open_image(f, ref, &m), &f->err);
    assert_int_equal(m.size, (uint64_t)image->count * LI_CHUNK_SIZE);
    for (unsigned i = 0; i < image->count; i++) {
        const struct li_manifest_chunk *chunk = &m.chunks[next];

        if (!image->seed[i])
            continue;
        assert_true(next++ < m.chunk_count);
        assert_int_equal(chunk->index, i);
        assert_done(li_opener_open(opener, m.root, chunk, got, &f->err), &f->err);
        fill_chunk(image->seed[i], want);
        assert_memory_equal(got, want, LI_CHUNK_SIZE);
    }
    assert_int_equal(next, m.chunk_count);
    li_manifest_free(&m);
    li_opener_free(opener);
    li_sealed_free(origin);
    free(want);
    free(got);
}

static inline void reopen(struct repo_fixture *f)
{
    li_repo_free(f->repo);
    f->repo = NULL;
    assert_done(li_repo_open(f->store, f->kms, &f->env, &f->repo, &f->err), &f->err);
}

static inline struct li_kms *make_kms(struct repo_fixture *f, const char *name)
{
    const struct li_kms_options options = {.env = &f->env};
    struct li_kms *kms = NULL;
    char spec[128];

    snprintf(spec, sizeof(spec), "file:%s/%s", f->dir, name);
    assert_done(li_kms_create(spec, &options, &f->err), &f->err);
    assert_done(li_kms_open(spec, &options, &kms, &f->err), &f->err);
    return kms;
}

static inline struct li_store *open_directory(struct repo_fixture *f, const char *name)
{
    struct li_store *store = NULL;
    char address[128];

    snprintf(address, sizeof(address), "dir:%s/%s", f->dir, name);
    assert_done(li_store_open(address, true, &f->env, &store, &f->err), &f->err);
    return store;
}

/* Without a repository yet. */
static inline int setup_store(void **state)
{
    struct repo_fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    tree_make(f->dir);
    f->env = unit_env;
    f->env.random = repo_random;
    f->kms = make_kms(f, "key");
    f->directory = open_directory(f, "repo");
    assert_done(li_fault_new(f->directory, &f->store, &f->err), &f->err);
    *state = f;
    return 0;
}

static inline int setup_repo(void **state)
{
    struct repo_fixture *f;

    setup_store(state);
    f = *state;
    assert_done(li_repo_create(f->store, f->kms, &f->env, &f->err), &f->err);
    reopen(f);
    return 0;
}

static inline int teardown_repo(void **state)
{
    struct repo_fixture *f = *state;

    li_repo_free(f->repo);
    li_store_free(f->store);
    li_store_free(f->directory);
    li_kms_free(f->kms);
    tree_remove(f->dir);
    free(f);
    return 0;
}

/* "roots/ID/REST" of the root that REF was pushed to; the caller frees it. */
static inline char *root_key(struct repo_fixture *f, const char *ref, const char *rest)
{
    char hex[2 * LI_ID_SIZE + 1];
    struct li_manifest m = {0};
    char *key;

    assert_done(open_image(f, ref, &m), &f->err);
    li_hex_encode(m.root, LI_ID_SIZE, hex);
    assert_true(asprintf(&key, "roots/%s/%s", hex, rest) > 0);
    li_manifest_free(&m);
    return key;
}

/* The key of REF's chunk at POSITION of its manifest. */
static inline char *chunk_key(struct repo_fixture *f, const char *ref, size_t position)
{
    char rest[80], hex[2 * LI_NAME_SIZE + 1];
    struct li_manifest m = {0};

    assert_done(open_image(f, ref, &m), &f->err);
    assert_true(position < m.chunk_count);
    li_hex_encode(m.chunks[position].name, LI_NAME_SIZE, hex);
    snprintf(rest, sizeof(rest), "chunks/%.2s/%s", hex, hex);
    li_manifest_free(&m);
    return root_key(f, ref, rest);
}

static inline void overwrite(struct repo_fixture *f, const char *key, const void *data, size_t len)
{
    assert_done(li_store_replace(f->directory, key, data, len, &f->err), &f->err);
}

/* Puts what lies at FROM over what lies at TO. */
static inline void swap_in(struct repo_fixture *f, const char *from, const char *to)
{
    struct li_buffer object = {0};

    assert_done(li_store_get(f->directory, from, LI_STORE_OBJECT_MAX, &object, &f->err), &f->err);
    overwrite(f, to, object.data, object.len);
    li_buffer_free(&object);
}

/* Writes the first root's description over with STATE, and one of a second root where ID is given.
 * Both have the salt of the first. */
static inline void write_roots(struct repo_fixture *f, const char *first, const char *state,
                               const char *second)
{
    struct li_buffer text = {0};
    char salt[2 * LI_ID_SIZE + 1], json[300], key[100];
    char *at;

    assert_done(li_store_get(f->directory, first, 4096, &text, &f->err), &f->err);
    assert_done(li_buffer_append(&text, "", 1, &f->err), &f->err);
    at = strstr((char *)text.data, "\"salt\":\"");
    assert_non_null(at);
    memcpy(salt, at + 8, sizeof(salt) - 1);
    salt[sizeof(salt) - 1] = '\0';
    snprintf(json, sizeof(json),
             "{\"created\":5,\"format\":1,\"generation\":1,\"salt\":\"%s\",\"state\":\"%s\"}", salt,
             state);
    overwrite(f, first, json, strlen(json));
    if (second) {
        snprintf(json, sizeof(json),
                 "{\"created\":4,\"format\":1,\"generation\":2,\"salt\":\"%s\",\"state\":"
                 "\"active\"}",
                 salt);
        snprintf(key, sizeof(key), "roots/%s/root.json", second);
        overwrite(f, key, json, strlen(json));
    }
    li_buffer_free(&text);
}

static const char second_root[] __attribute__((unused)) = "00112233445566778899aabbccddeeff";

#endif
