/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front of all stores. Keys are checked here, once, so that no implementation ever sees a key
 * that leads out of its directory or that another implementation could not hold. Every error leaves
 * here with the address and the key in front, so that no implementation repeats them.
 */
#include "store/store.h"

#include <string.h>

#include "store/activity.h"
#include "store/directory.h"

static bool is_key_byte(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("._~:+=-", c));
}

static bool is_component(const char *s, size_t len)
{
    if (len == 0 || (len == 1 && s[0] == '.') || (len == 2 && s[0] == '.' && s[1] == '.'))
        return false;
    if (len >= 4 && memcmp(s, ".tmp", 4) == 0)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_key_byte(s[i]))
            return false;
    return true;
}

/* LEN bytes of KEY, without the '/' that ends a prefix. */
static bool is_key(const char *key, size_t len)
{
    const char *end = key + len;

    if (len > LI_STORE_KEY_MAX)
        return false;
    for (;;) {
        const char *slash = memchr(key, '/', (size_t)(end - key));

        if (!is_component(key, (size_t)((slash ? slash : end) - key)))
            return false;
        if (!slash)
            return true;
        key = slash + 1;
    }
}

static int check_key(const char *key, struct li_error *err)
{
    return is_key(key, strlen(key))
               ? 0
               : li_fail(err, LI_EINVALID, "this is not a valid key of an object");
}

static int check_prefix(const char *prefix, struct li_error *err)
{
    size_t len = strlen(prefix);

    if (len == 0 || (prefix[len - 1] == '/' && is_key(prefix, len - 1)))
        return 0;
    return li_fail(err, LI_EINVALID, "this is not a valid prefix of keys");
}

/* RC is the result of an operation whose only answer besides 0 is ANSWER (0: there is none). Every
 * other code that could be taken for an answer about the object is a failure here: an operation
 * that finds no directory to write to has not found that the object does not exist. */
static int settle(int rc, int answer, struct li_error *err)
{
    if (rc == answer || (rc < 0 && rc != LI_ENOTFOUND && rc != LI_EEXISTS && rc != LI_ECHANGED))
        return rc;
    rc = li_as_failure(rc, err);
    return rc == 0 ? 0 : (err->code = LI_EIO);
}

/* Around each operation. */
static const struct li_store_operations *begin(struct li_store *store)
{
    li_activity_begin(store->activity);
    return store->ops;
}

static int end(struct li_store *store, int rc)
{
    li_activity_end(store->activity);
    return rc;
}

/* A long key is cut, so that it leaves room for the reason. */
static int explain(int rc, const struct li_store *store, const char *key, struct li_error *err)
{
    return rc < 0 && !store->explains ? li_context(err, "%s/%.300s", store->address, key) : rc;
}

int li_store_open(const char *address, bool create, const struct li_env *env, struct li_store **out,
                  struct li_error *err)
{
    static const char directory[] = "dir:";
    size_t len = sizeof(directory) - 1;

    if (strncmp(address, directory, len) == 0 && address[len])
        return li_directory_open(address + len, create, env, out, err);
    return li_fail(err, LI_EINVALID,
                   "\"%s\" is not the address of a repository; give dir:PATH or s3://BUCKET/PREFIX",
                   address);
}

int li_store_get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
                 struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->get(store, key, limit, out, err));
    return explain(settle(rc, LI_ENOTFOUND, err), store, key, err);
}

int li_store_get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                       struct li_buffer *out, struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->get_range(store, key, offset, len, out, err));
    return explain(settle(rc, LI_ENOTFOUND, err), store, key, err);
}

int li_store_put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                           struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->put_if_absent(store, key, data, len, err));
    return explain(settle(rc, LI_END, err), store, key, err);
}

int li_store_replace(struct li_store *store, const char *key, const void *data, size_t len,
                     struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->replace(store, key, data, len, err));
    return explain(settle(rc, 0, err), store, key, err);
}

int li_store_replace_if(struct li_store *store, const char *key, const struct li_buffer *expected,
                        const void *data, size_t len, struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->replace_if(store, key, expected, data, len, err));
    return explain(settle(rc, LI_ECHANGED, err), store, key, err);
}

static int check_keys(const struct li_store *store, const char *const *keys, size_t count,
                      struct li_error *err)
{
    for (size_t i = 0; i < count; i++) {
        int rc = check_key(keys[i], err);

        if (rc < 0)
            return explain(rc, store, keys[i], err);
    }
    return 0;
}

int li_store_exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                    bool *present, struct li_error *err)
{
    int rc = check_keys(store, keys, count, err);

    if (rc < 0)
        return rc;
    rc = end(store, begin(store)->exists(store, keys, count, most, present, err));
    return explain(settle(rc, 0, err), store, count == 1 ? keys[0] : "", err);
}

int64_t li_store_time(int64_t seconds, int64_t nanoseconds)
{
    const int64_t second = 1000000000;

    if (seconds <= INT64_MIN / second + 1 || seconds >= INT64_MAX / second)
        return LI_STORE_NO_TIME;
    return seconds * second + nanoseconds;
}

static int list(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
                void *arg, struct li_error *err)
{
    int rc = check_prefix(prefix, err);

    if (rc == 0)
        rc = end(store, begin(store)->list(store, prefix, deep, visit, arg, err));
    return explain(settle(rc, 0, err), store, prefix, err);
}

struct plain_visit {
    li_store_visit *visit;
    void *arg;
};

static int visit_plainly(void *arg, const struct li_store_object *object, struct li_error *err)
{
    const struct plain_visit *plain = arg;

    return plain->visit(plain->arg, object->key, object->size, err);
}

int li_store_list(struct li_store *store, const char *prefix, li_store_visit *visit, void *arg,
                  struct li_error *err)
{
    struct plain_visit plain = {visit, arg};

    return list(store, prefix, true, visit_plainly, &plain, err);
}

int li_store_list_objects(struct li_store *store, const char *prefix, li_store_visit_object *visit,
                          void *arg, struct li_error *err)
{
    return list(store, prefix, true, visit, arg, err);
}

int li_store_list_shallow(struct li_store *store, const char *prefix, li_store_visit *visit,
                          void *arg, struct li_error *err)
{
    struct plain_visit plain = {visit, arg};

    return list(store, prefix, false, visit_plainly, &plain, err);
}

int li_store_remove(struct li_store *store, const char *key, struct li_error *err)
{
    int rc = check_key(key, err);

    if (rc == 0)
        rc = end(store, begin(store)->remove(store, key, err));
    return explain(settle(rc, LI_END, err), store, key, err);
}

/* The implementation names the key, because it may have asked about all at once. */
int li_store_remove_many(struct li_store *store, const char *const *keys, size_t count,
                         struct li_error *err)
{
    int rc = check_keys(store, keys, count, err);

    if (rc < 0)
        return rc;
    rc = settle(end(store, begin(store)->remove_many(store, keys, count, err)), 0, err);
    return rc < 0 && !store->explains ? li_context(err, "%s", store->address) : rc;
}

int li_store_copy(struct li_store *store, const char *from, const char *to, struct li_error *err)
{
    int rc = check_key(from, err);

    if (rc < 0)
        return explain(rc, store, from, err);
    rc = check_key(to, err);
    if (rc == 0)
        rc = end(store, begin(store)->copy(store, from, to, err));
    return explain(settle(rc, rc == LI_ENOTFOUND ? rc : LI_END, err), store, to, err);
}

int li_store_flush(struct li_store *store, struct li_error *err)
{
    int rc = settle(end(store, begin(store)->flush(store, err)), 0, err);

    return rc < 0 && !store->explains ? li_context(err, "%s", store->address) : rc;
}

int li_store_fork(struct li_store *store, struct li_store **out, struct li_error *err)
{
    *out = NULL;
    return store->ops->fork ? store->ops->fork(store, out, err) : 0;
}

void li_store_cancel(struct li_store *fork)
{
    if (fork)
        fork->ops->cancel(fork);
}

void li_store_stats(struct li_store *store, struct li_store_stats *out)
{
    *out = (struct li_store_stats){.requests = {0}};
    if (store->ops->stats)
        store->ops->stats(store, out);
}

unsigned li_store_lacks(struct li_store *store)
{
    return store->ops->lacks ? store->ops->lacks(store) : 0;
}

void li_store_expect(struct li_store *store, unsigned lacks)
{
    if (store->ops->expect)
        store->ops->expect(store, lacks);
}

void li_store_activity(struct li_store *store, uint64_t *running, uint64_t *steps)
{
    *running = store->activity ? atomic_load(&store->activity->running) : 0;
    *steps = store->activity ? atomic_load(&store->activity->steps) : 0;
}

void li_store_free(struct li_store *store)
{
    if (store)
        store->ops->free(store);
}
