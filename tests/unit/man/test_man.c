/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of section 5: what the pages print is read from them as a reader of the pages
 * would, and must be what the library reads and computes.
 */
#include "tests/fixtures/golden.h"
#include "tests/fixtures/page.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "crypto/ctr.h"
#include "crypto/seal.h"
#include "manifest/manifest_json.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/salt.h"
#include "sealed/sealed.h"
#include "tests/fixtures/tree.h"

static const struct li_kms_options kms_options = {.env = &unit_env};

enum {
    REPOSITORY_BYTE = 0xc3,
    KEY_BYTE = 0xe5,
    PAD = 4096,
    SALT_BYTE = 0xd4,
    MANIFEST_BYTE = 0xa1,
    ROOT_BYTE = 0xb2
};

/* The three pages as text, and what is on them. */
static struct {
    struct li_buffer chunk, manifest, repository;
    struct li_buffer dump; /* the last one read */
    char dir[64];          /* scratch */
    struct li_error err;
} t;

static void the_chunk(uint8_t *plain)
{
    for (size_t i = 0; i < LI_CHUNK_SIZE; i++)
        plain[i] = (uint8_t) "lambdaimg\n"[i % 10];
}

/* Keys and name of the chunk's example, from what it is made of. */
static void chunk_keys(void **state)
{
    uint8_t bytes[32], actual[32], *plain = malloc(LI_CHUNK_SIZE);
    struct li_secret salt, prk, key;

    (void)state;
    assert_non_null(plain);
    the_chunk(plain);
    page_hex(&t.chunk, "salt", salt.bytes, 32);
    page_hex(&t.chunk, "digest", bytes, 32);
    assert_done(li_sha256(plain, LI_CHUNK_SIZE, actual, &t.err), &t.err);
    assert_memory_equal(bytes, actual, 32);
    assert_done(li_crypto_prk(&salt, bytes, &prk, &t.err), &t.err);
    page_hex(&t.chunk, "PRK", bytes, 32);
    assert_memory_equal(bytes, prk.bytes, 32);
    page_hex(&t.chunk, "encryption key", bytes, 32);
    assert_done(li_crypto_expand(&prk, "lambdaimg chunk encryption", &key, &t.err), &t.err);
    assert_memory_equal(bytes, key.bytes, 32);
    page_hex(&t.chunk, "MAC key", bytes, 32);
    assert_done(li_crypto_expand(&prk, "lambdaimg chunk mac", &key, &t.err), &t.err);
    assert_memory_equal(bytes, key.bytes, 32);
    page_hex(&t.chunk, "name", bytes, 32);
    assert_done(li_crypto_name(&prk, actual, &t.err), &t.err);
    assert_memory_equal(bytes, actual, 32);
    free(plain);
}

static void open_chunk(const struct li_buffer *sealed)
{
    uint8_t *plain = malloc(LI_CHUNK_SIZE), *opened = malloc(LI_CHUNK_SIZE), digest[32];
    struct li_sealer *sealer = NULL;
    struct li_secret prk;

    assert_true(plain && opened);
    the_chunk(plain);
    page_hex(&t.chunk, "PRK", prk.bytes, 32);
    page_hex(&t.chunk, "digest", digest, 32);
    assert_done(li_sealer_new(&sealer, &t.err), &t.err);
    assert_done(li_seal_open(sealer, &prk, digest, sealed, opened, &t.err), &t.err);
    assert_memory_equal(opened, plain, LI_CHUNK_SIZE);
    li_sealer_free(sealer);
    free(plain);
    free(opened);
}

static void chunk_object(void **state)
{
    struct li_buffer sealed = {0};
    struct li_secret key;
    uint8_t payload[256];

    (void)state;
    page_dump(&t.chunk, "this object:", &t.dump);
    open_chunk(&t.dump);
    assert_int_equal(t.dump.data[10], LI_CODEC_ZSTD);
    page_says(&t.chunk, "its payload has %zu bytes", t.dump.len - 64);
    assert_done(li_buffer_append(&sealed, t.dump.data, t.dump.len, &t.err), &t.err);
    page_dump(&t.chunk, "they are the frame", &t.dump);
    assert_int_equal(t.dump.len, sealed.len - 64);
    assert_true(t.dump.len <= sizeof(payload));
    page_hex(&t.chunk, "encryption key", key.bytes, 32);
    assert_done(
        li_crypto_ctr(&key, sealed.data + 32, sealed.data + 64, t.dump.len, payload, &t.err),
        &t.err);
    assert_memory_equal(payload, t.dump.data, t.dump.len);
    li_buffer_free(&sealed);
}

static void manifest_object(void **state)
{
    struct li_buffer printed = {0}, json = {0}, golden = {0};
    struct li_manifest_chunk chunks[3];
    struct li_manifest m = golden_manifest(chunks);
    struct li_secret key;
    uint8_t bytes[32];
    char label[32];

    (void)state;
    page_hex(&t.manifest, "data key", key.bytes, 32);
    page_dump(&t.manifest, "", &t.dump);
    assert_done(li_manifest_encode(&m, &key, t.dump.data + 48, &golden, &t.err), &t.err);
    assert_int_equal(t.dump.len, golden.len);
    assert_memory_equal(t.dump.data, golden.data, golden.len);
    assert_done(li_manifest_decode(t.dump.data, t.dump.len, &key, &m, &t.err), &t.err);
    page_says(&t.manifest, "begins at byte %zu and has %zu bytes", 64 + 36 * m.chunk_count,
              t.dump.len - 64 - 36 * m.chunk_count - 16);
    page_document(&t.manifest, "line breaks that it does not have", "", &printed);
    assert_done(li_manifest_json_encode(&m, &json, &t.err), &t.err);
    page_says(&t.manifest, "the number %zu, the header", json.len);
    assert_int_equal(printed.len, json.len);
    assert_memory_equal(printed.data, json.data, json.len);
    assert_int_equal(m.size, 8 * LI_CHUNK_SIZE);
    assert_int_equal(m.chunk_count, 3);
    for (size_t i = 0; i < m.chunk_count; i++) {
        snprintf(label, sizeof(label), "PRK %u", m.chunks[i].index);
        page_hex(&t.manifest, label, bytes, 32);
        assert_memory_equal(bytes, m.chunks[i].prk.bytes, 32);
        snprintf(label, sizeof(label), "digest %u", m.chunks[i].index);
        page_hex(&t.manifest, label, bytes, 32);
        assert_memory_equal(bytes, m.chunks[i].digest, 32);
    }
    li_manifest_free(&m);
    li_buffer_free(&printed);
    li_buffer_free(&json);
    li_buffer_free(&golden);
}

static void put_file(const char *name, const void *data, size_t len)
{
    char path[256], directory[256];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", t.dir, name);
    snprintf(directory, sizeof(directory), "%s", path);
    *strrchr(directory, '/') = '\0';
    assert_done(li_make_directories(directory, &t.err), &t.err);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_done(li_pwrite_all(fd, data, len, 0, &t.err), &t.err);
    close(fd);
}

/* The KMS of the key file that is on the page. */
static struct li_kms *open_key(void)
{
    char spec[128];
    struct li_buffer text = {0};
    struct li_kms *kms = NULL;

    page_document(&t.manifest, "The key file\n", "\n", &text);
    put_file("key", text.data, text.len);
    snprintf(spec, sizeof(spec), "file:%s/key", t.dir);
    assert_done(li_kms_open(spec, &kms_options, &kms, &t.err), &t.err);
    li_buffer_free(&text);
    return kms;
}

static void unwrap(struct li_kms *kms, const char *purpose, int object, struct li_secret *secret)
{
    struct li_kms_context context = {.purpose = purpose};
    const uint8_t *blob;
    size_t len;

    memset(context.repository, REPOSITORY_BYTE, LI_ID_SIZE);
    memset(context.object, object, LI_ID_SIZE);
    assert_done(li_wrap_decode(t.dump.data, t.dump.len, &blob, &len, &t.err), &t.err);
    assert_done(li_kms_unwrap(kms, &context, blob, len, secret, &t.err), &t.err);
}

static void wrap_object(void **state)
{
    struct li_secret file_key, wrapping, data_key, opened;
    struct li_kms *kms = open_key();
    char name[128], digits[65] = "";

    (void)state;
    memcpy(digits, page_find(&t.manifest, "", "lambdaimg-key-1 "), 64);
    assert_int_equal(li_hex_decode(digits, file_key.bytes, 32), 0);
    assert_done(li_crypto_expand(&file_key, "lambdaimg kms file wrap", &wrapping, &t.err), &t.err);
    page_hex(&t.manifest, "wrapping key", opened.bytes, 32);
    assert_memory_equal(opened.bytes, wrapping.bytes, 32);
    snprintf(name, sizeof(name), "name          %s\n", kms->name);
    page_find(&t.manifest, "", name);
    page_dump(&t.manifest, "this wrap of the data key", &t.dump);
    unwrap(kms, "manifest", MANIFEST_BYTE, &opened);
    page_hex(&t.manifest, "data key", data_key.bytes, 32);
    assert_memory_equal(opened.bytes, data_key.bytes, 32);
    li_kms_free(kms);
}

/* A document of the page becomes the file that it is said to be. */
static void put_document(const char *name)
{
    char where[128];
    struct li_buffer text = {0};

    snprintf(where, sizeof(where), "\n.Pa %s ", name);
    page_document(&t.repository, where, "\n", &text);
    put_file(name, text.data, text.len);
    li_buffer_free(&text);
}

/* The last dump becomes the file in the second root whose name begins with START. */
static void put_in_root(const char *root, const char *start)
{
    const char *name = page_find(&t.repository, "In the second root", start);
    char path[256];

    snprintf(path, sizeof(path), "%s%s%.*s", root, start, (int)strcspn(name, "\n"), name);
    put_file(path, t.dump.data, t.dump.len);
}

/* The dump behind the name of an object becomes that object. */
static void put_dump(const char *name)
{
    char where[256];

    snprintf(where, sizeof(where), "\n.Pa %s ", name);
    page_dump(&t.repository, where, &t.dump);
    put_file(name, t.dump.data, t.dump.len);
}

static void put_identity(void)
{
    put_dump("identities/c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3");
    put_dump("keys/e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5.wraps/file-19d5ae83d4803787");
    put_dump("roots/b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2/proofs/e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5");
}

static void put_repository(void)
{
    static const char root[] = "roots/b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2/";
    static const char id[] = "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1";
    char name[64];

    put_document("lambdaimg.json");
    put_document("roots/d6983b90979d4b47304dcdb6e3113c01/root.json");
    put_document("roots/b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2/root.json");
    put_document("images/team~app/1.0");
    put_identity();
    page_dump(&t.repository, "\n.Pa salts/d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4 ", &t.dump);
    put_file("salts/d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4", t.dump.data, t.dump.len);
    page_dump(&t.chunk, "this object:", &t.dump);
    put_in_root(root, "chunks/");
    page_dump(&t.manifest, "", &t.dump);
    snprintf(name, sizeof(name), "manifests/%s\n", id);
    page_find(&t.repository, "In the second root", name);
    name[strlen(name) - 1] = '\0';
    put_in_root(root, name);
    page_dump(&t.manifest, "this wrap of the data key", &t.dump);
    snprintf(name, sizeof(name), "manifests/%s.wraps/", id);
    put_in_root(root, name);
}

static int note_image(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    (void)err;
    ++*(int *)arg;
    assert_string_equal(image->name, "team/app");
    assert_string_equal(image->tag, "1.0");
    return 0;
}

/* What the pages print is put together and is a repository. */
static void repository(void **state)
{
    struct li_sealed_chunk chunk;
    uint8_t salt_id[LI_ID_SIZE];
    struct li_repo *repo = NULL;
    struct li_store *store = NULL;
    struct li_kms *kms = open_key();
    struct li_reference reference;
    struct li_sealed_object object = {0};
    struct li_sealed *origin = NULL;
    struct li_manifest manifest;
    struct li_secret salt;
    struct li_root root;
    char address[128];
    int images = 0;

    (void)state;
    put_repository();
    snprintf(address, sizeof(address), "dir:%s", t.dir);
    assert_done(li_store_open(address, false, &unit_env, &store, &t.err), &t.err);
    assert_done(li_repo_open(store, kms, &unit_env, &repo, &t.err), &t.err);
    assert_done(li_repo_each_image(repo, note_image, &images, &t.err), &t.err);
    assert_int_equal(images, 1);
    assert_done(li_reference_parse("team/app:1.0", &reference, &t.err), &t.err);
    assert_done(li_repo_manifest(repo, &reference, &manifest, &t.err), &t.err);
    page_hex(&t.chunk, "name", chunk.name, LI_NAME_SIZE);
    memcpy(chunk.root, manifest.root, LI_ID_SIZE);
    assert_done(li_sealed_origin_new(repo, &origin, &t.err), &t.err);
    assert_done(li_sealed_get(origin, &chunk, &object, &t.err), &t.err);
    open_chunk(&object.bytes);
    assert_done(li_root_active(repo, &root, &t.err), &t.err);
    assert_int_equal(root.id[0], ROOT_BYTE);
    memset(salt_id, SALT_BYTE, LI_ID_SIZE);
    assert_memory_equal(root.salt, salt_id, LI_ID_SIZE);
    assert_done(li_salt_open(repo, salt_id, &salt, &t.err), &t.err);
    page_hex(&t.chunk, "salt", object.bytes.data, 32);
    assert_memory_equal(salt.bytes, object.bytes.data, 32);
    li_manifest_free(&manifest);
    li_buffer_free(&object.bytes);
    li_sealed_free(origin);
    li_repo_free(repo);
    li_store_free(store);
    li_kms_free(kms);
}

/* The same repository: what it proves, and the MAC as the page computes it. */
static void identity(void **state)
{
    struct li_repo_identity identity = {.there = false};
    struct li_kms *kms = open_key();
    struct li_repo *repo = NULL;
    struct li_store *store = NULL;
    struct li_secret key, mac_key;
    uint8_t mac[LI_MAC_SIZE], message[512];
    char address[128];

    (void)state;
    put_repository();
    snprintf(address, sizeof(address), "dir:%s", t.dir);
    assert_done(li_store_open(address, false, &unit_env, &store, &t.err), &t.err);
    assert_done(li_repo_open(store, kms, &unit_env, &repo, &t.err), &t.err);
    assert_done(li_repo_identity(repo, &identity, &t.err), &t.err);
    assert_true(identity.there);
    assert_int_equal(identity.key[0], KEY_BYTE);
    assert_int_equal(identity.policy.pad, PAD);
    page_dump(&t.repository, "which holds the bytes 64 to 95", &t.dump);
    unwrap(kms, "repository", KEY_BYTE, &key);
    for (int i = 0; i < LI_SECRET_SIZE; i++)
        assert_int_equal(key.bytes[i], 64 + i);
    assert_done(li_crypto_expand(&key, "lambdaimg identity", &mac_key, &t.err), &t.err);
    page_dump(&t.repository, "\n.Pa identities/c3", &t.dump);
    assert_in_range(t.dump.len, 65, sizeof(message));
    memcpy(message, t.dump.data, 32);
    memcpy(message + 32, t.dump.data + 64, t.dump.len - 64);
    assert_done(li_crypto_mac(&mac_key, message, t.dump.len - 32, mac, &t.err), &t.err);
    assert_memory_equal(mac, t.dump.data + 32, sizeof(mac));
    li_repo_free(repo);
    li_store_free(store);
    li_kms_free(kms);
}

static void first_root(void **state)
{
    static const char label[] = "lambdaimg first root";
    uint8_t input[sizeof(label) - 1 + LI_ID_SIZE], digest[LI_DIGEST_SIZE];
    char line[128], id[LI_HEX_ID_SIZE];

    (void)state;
    memcpy(input, label, sizeof(label) - 1);
    memset(input + sizeof(label) - 1, REPOSITORY_BYTE, LI_ID_SIZE);
    assert_done(li_sha256(input, sizeof(input), digest, &t.err), &t.err);
    li_hex_encode(digest, LI_ID_SIZE, id);
    snprintf(line, sizeof(line), ".Pa roots/%s/root.json ,\nthe first root:\n", id);
    page_find(&t.repository, "", line);
}

static int set_up(void **state)
{
    (void)state;
    page_load("man/lambdaimg-chunk.5.in", &t.chunk);
    page_load("man/lambdaimg-manifest.5.in", &t.manifest);
    page_load("man/lambdaimg-repository.5.in", &t.repository);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    li_buffer_free(&t.chunk);
    li_buffer_free(&t.manifest);
    li_buffer_free(&t.repository);
    li_buffer_free(&t.dump);
    return 0;
}

static int make_scratch(void **state)
{
    (void)state;
    tree_make(t.dir);
    return 0;
}

static int remove_scratch(void **state)
{
    (void)state;
    tree_remove(t.dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunk_keys),
        cmocka_unit_test(chunk_object),
        cmocka_unit_test(manifest_object),
        cmocka_unit_test_setup_teardown(wrap_object, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(repository, make_scratch, remove_scratch),
        cmocka_unit_test_setup_teardown(identity, make_scratch, remove_scratch),
        cmocka_unit_test(first_root),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
