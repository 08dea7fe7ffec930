/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository whose store is hostile: its description, identity, roots with their proofs,
 * pointers, wraps and manifests. An input is the store: rows of a byte that says which key, two
 * bytes of length, and so many bytes. Keys are those that the reader asks for, and some that only a
 * listing shows.
 */
#include "fuzz.h"

#include "base/bytes.h"
#include "repo/keys.h"
#include "repo/repo.h"
#include "repo/roots.h"
#include "store/store.h"

const size_t fuzz_memory = 24;

enum { ROOTS = 4, ROWS_MAX = 64, PLAIN_KEYS = 5, KEYS_OF_ROOT = 6 };

struct row {
    char key[LI_STORE_KEY_MAX];
    const uint8_t *data;
    size_t len;
};

static struct {
    struct row rows[ROWS_MAX];
    size_t count;
} objects;

/* ---- keys ---- */

static const char *root_part(unsigned number)
{
    static const char id[] = "00000000000000000000000000000007";
    static const char manifest[] = "manifests/00000000000000000000000000000007";
    static struct li_key wrap;

    switch (number % KEYS_OF_ROOT) {
    case 0:
        return "root.json";
    case 1:
        return manifest;
    case 2:
        wrap = li_key_wrap((const uint8_t[LI_ID_SIZE]){[LI_ID_SIZE - 1] = 7}, "fuzz");
        return wrap.text;
    case 3:
        return id;
    case 4:
        return "proofs/00000000000000000000000000000005";
    default:
        return "chunks/x";
    }
}

static void make_key(unsigned number, char key[LI_STORE_KEY_MAX])
{
    static const char *const plain[PLAIN_KEYS] = {
        "lambdaimg.json", "images/a/1", "images/b/2", "identities/00000000000000000000000000000009",
        "keys/00000000000000000000000000000005.wraps/fuzz"};

    if (number < PLAIN_KEYS) {
        snprintf(key, LI_STORE_KEY_MAX, "%s", plain[number]);
        return;
    }
    number -= PLAIN_KEYS;
    if (number < ROOTS * KEYS_OF_ROOT)
        snprintf(key, LI_STORE_KEY_MAX, "roots/%032x/%s", number / KEYS_OF_ROOT, root_part(number));
    else
        snprintf(key, LI_STORE_KEY_MAX, "images/%u/%u", number, number % 3);
}

static void read_rows(const uint8_t *data, size_t size)
{
    struct li_cursor c = li_cursor(data, size);

    for (objects.count = 0; c.left > 0 && objects.count < ROWS_MAX; objects.count++) {
        struct row *row = &objects.rows[objects.count];
        unsigned number = li_cursor_u8(&c);
        size_t len = li_cursor_le16(&c);

        make_key(number, row->key);
        row->len = len < c.left ? len : c.left;
        row->data = li_cursor_take(&c, row->len);
    }
}

/* The last row of a key counts. */
static const struct row *find(const char *key)
{
    for (size_t i = objects.count; i > 0; i--)
        if (strcmp(objects.rows[i - 1].key, key) == 0)
            return &objects.rows[i - 1];
    return NULL;
}

/* ---- the store ---- */

static int give(const char *key, uint64_t offset, size_t len, struct li_buffer *out,
                struct li_error *err)
{
    const struct row *row = find(key);

    out->len = 0;
    if (!row)
        return li_fail(err, LI_ENOTFOUND, "there is no such object");
    if (offset >= row->len || len == 0)
        return 0;
    if (len > row->len - offset)
        len = (size_t)(row->len - offset);
    return li_buffer_append(out, row->data + offset, len, err);
}

static int get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
               struct li_error *err)
{
    const struct row *row = find(key);

    (void)store;
    if (row && row->len > limit)
        return li_fail(err, LI_ELIMIT, "it has more than %zu bytes", limit);
    return give(key, 0, SIZE_MAX, out, err);
}

static int get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err)
{
    (void)store;
    return give(key, offset, len, out, err);
}

static int list(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
                void *arg, struct li_error *err)
{
    int rc = 0;

    (void)store;
    for (size_t i = 0; rc >= 0 && i < objects.count; i++) {
        const struct row *row = &objects.rows[i];
        const char *slash;
        char key[LI_STORE_KEY_MAX];

        if (strncmp(row->key, prefix, strlen(prefix)) != 0)
            continue;
        slash = deep ? NULL : strchr(row->key + strlen(prefix), '/');
        snprintf(key, sizeof(key), "%.*s", slash ? (int)(slash + 1 - row->key) : LI_STORE_KEY_MAX,
                 row->key);
        rc = visit(arg, &(struct li_store_object){key, slash ? 0 : row->len, 1}, err);
    }
    return rc;
}

/* ---- the KMS: whatever is wrapped is one key ---- */

static int unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err)
{
    (void)kms, (void)context;
    if (len == 0 || blob[0] > 200)
        return li_fail(err, LI_ECORRUPT, "it cannot be unwrapped");
    *key = (struct li_secret){{1}};
    return 0;
}

static int visit_image(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    size_t *sum = arg;

    (void)err;
    *sum += strlen(image->name) + strlen(image->tag);
    return 0;
}

/* What a push asks for before all else: the identity, and the root that accepts it. */
static void find_root(struct li_repo *repo)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_repo_identity identity;
    struct li_root root;

    fuzz_check_error(li_repo_identity(repo, &identity, &err), &err);
    err = (struct li_error)LI_ERROR_INIT;
    fuzz_check_error(li_root_active(repo, &root, &err), &err);
}

static void open_image(struct li_repo *repo, const char *text)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_reference reference;
    struct li_manifest manifest = {0};
    int rc;

    assert_done(li_reference_parse(text, &reference, &err), &err);
    rc = li_repo_manifest(repo, &reference, &manifest, &err);
    fuzz_check_error(rc, &err);
    if (rc == 0)
        li_manifest_free(&manifest);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct li_store_operations store_operations = {
        .get = get, .get_range = get_range, .list = list};
    static const struct li_kms_operations kms_operations = {.unwrap = unwrap};
    static char address[] = "dir:fuzz";
    struct li_store store = {.ops = &store_operations, .address = address, .width = 1};
    struct li_kms kms = {.ops = &kms_operations, .name = "fuzz"};
    struct li_repo *repo = NULL;
    struct li_error err = LI_ERROR_INIT;
    size_t sum = 0;
    int rc;

    read_rows(data, size);
    rc = li_repo_open(&store, &kms, &fuzz_env, &repo, &err);
    fuzz_check_error(rc, &err);
    if (rc == 0) {
        fuzz_check_error(li_repo_each_image(repo, visit_image, &sum, &err), &err);
        find_root(repo);
        open_image(repo, "a:1");
        open_image(repo, "b@00000000000000000000000000000007");
    }
    li_repo_free(repo);
    return 0;
}
