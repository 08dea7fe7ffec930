/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each operation asks decide() what to do: continue, fail, or do it and then fail. In the last case
 * the operation happened although its caller was told otherwise. A network does this to conditional
 * writes, and callers must survive it.
 */
#include "store/fault.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct fault {
    struct li_store store; /* first, so that the pointers can be converted */
    struct li_store *inner;
    pthread_mutex_t lock; /* guards all fields below */
    uint64_t count[LI_FAULT_KINDS];
    enum li_fault_kind kind;
    uint64_t at; /* the count at which to fail; 0: never */
    enum li_fault_how how;
    int code;
    bool happened;
    bool stopped;
};

enum verdict { GO_ON, FAIL, FAIL_AFTER };

static bool is_write(enum li_fault_kind kind)
{
    return kind == LI_FAULT_PUT || kind == LI_FAULT_REPLACE || kind == LI_FAULT_REPLACE_IF ||
           kind == LI_FAULT_REMOVE || kind == LI_FAULT_COPY;
}

static enum verdict decide(struct fault *f, enum li_fault_kind kind)
{
    enum verdict verdict = GO_ON;

    pthread_mutex_lock(&f->lock);
    f->count[kind]++;
    f->count[LI_FAULT_ANY]++;
    if (is_write(kind))
        f->count[LI_FAULT_WRITE]++;
    if (f->stopped) {
        verdict = FAIL;
    } else if (f->at && !f->happened && f->count[f->kind] == f->at) {
        f->happened = true;
        f->stopped = f->how == LI_FAULT_STOP;
        verdict = f->how == LI_FAULT_AFTER ? FAIL_AFTER : FAIL;
    }
    pthread_mutex_unlock(&f->lock);
    return verdict;
}

static int answer(const struct fault *f, enum verdict verdict, int rc, struct li_error *err)
{
    return verdict == GO_ON ? rc : li_fail(err, f->code, "a fault that was ordered");
}

static int get(struct li_store *store, const char *key, size_t limit, struct li_buffer *out,
               struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_GET);
    int rc = v == FAIL ? 0 : f->inner->ops->get(f->inner, key, limit, out, err);

    return answer(f, v, rc, err);
}

static int get_range(struct li_store *store, const char *key, uint64_t offset, size_t len,
                     struct li_buffer *out, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_GET);
    int rc = v == FAIL ? 0 : f->inner->ops->get_range(f->inner, key, offset, len, out, err);

    return answer(f, v, rc, err);
}

static int put_if_absent(struct li_store *store, const char *key, const void *data, size_t len,
                         struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_PUT);
    int rc = v == FAIL ? 0 : f->inner->ops->put_if_absent(f->inner, key, data, len, err);

    return answer(f, v, rc, err);
}

static int replace(struct li_store *store, const char *key, const void *data, size_t len,
                   struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_REPLACE);
    int rc = v == FAIL ? 0 : f->inner->ops->replace(f->inner, key, data, len, err);

    return answer(f, v, rc, err);
}

static int replace_if(struct li_store *store, const char *key, const struct li_buffer *expected,
                      const void *data, size_t len, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_REPLACE_IF);
    int rc = v == FAIL ? 0 : f->inner->ops->replace_if(f->inner, key, expected, data, len, err);

    return answer(f, v, rc, err);
}

static int exists(struct li_store *store, const char *const *keys, size_t count, uint64_t most,
                  bool *present, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_EXISTS);
    int rc = v == FAIL ? 0 : f->inner->ops->exists(f->inner, keys, count, most, present, err);

    return answer(f, v, rc, err);
}

static int list(struct li_store *store, const char *prefix, bool deep, li_store_visit_object *visit,
                void *arg, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_LIST);
    int rc = v == FAIL ? 0 : f->inner->ops->list(f->inner, prefix, deep, visit, arg, err);

    return answer(f, v, rc, err);
}

static int remove_key(struct li_store *store, const char *key, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_REMOVE);
    int rc = v == FAIL ? 0 : f->inner->ops->remove(f->inner, key, err);

    return answer(f, v, rc, err);
}

static int remove_many(struct li_store *store, const char *const *keys, size_t count,
                       struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_REMOVE);
    int rc = v == FAIL ? 0 : f->inner->ops->remove_many(f->inner, keys, count, err);

    return answer(f, v, rc, err);
}

static int copy(struct li_store *store, const char *from, const char *to, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_COPY);
    int rc = v == FAIL ? 0 : f->inner->ops->copy(f->inner, from, to, err);

    return answer(f, v, rc, err);
}

static int flush(struct li_store *store, struct li_error *err)
{
    struct fault *f = (struct fault *)store;
    enum verdict v = decide(f, LI_FAULT_FLUSH);
    int rc = v == FAIL ? 0 : f->inner->ops->flush(f->inner, err);

    return answer(f, v, rc, err);
}

static void stats(struct li_store *store, struct li_store_stats *out)
{
    li_store_stats(((struct fault *)store)->inner, out);
}

static void fault_free(struct li_store *store)
{
    struct fault *f = (struct fault *)store;

    pthread_mutex_destroy(&f->lock);
    free(f->store.address);
    free(f->store.identity);
    free(f);
}

static const struct li_store_operations operations = {
    .get = get,
    .get_range = get_range,
    .put_if_absent = put_if_absent,
    .replace = replace,
    .replace_if = replace_if,
    .exists = exists,
    .list = list,
    .remove = remove_key,
    .remove_many = remove_many,
    .copy = copy,
    .flush = flush,
    .stats = stats,
    .free = fault_free,
};

int li_fault_new(struct li_store *inner, struct li_store **out, struct li_error *err)
{
    struct fault *f = calloc(1, sizeof(*f));

    if (!f)
        return li_fail_memory(err);
    f->store.ops = &operations;
    f->store.width = inner->width;
    f->store.remote = inner->remote;
    f->store.address = strdup(inner->address);
    f->store.identity = inner->identity ? strdup(inner->identity) : NULL;
    if (!f->store.address || (inner->identity && !f->store.identity)) {
        free(f->store.address);
        free(f->store.identity);
        free(f);
        return li_fail_memory(err);
    }
    f->inner = inner;
    pthread_mutex_init(&f->lock, NULL);
    *out = &f->store;
    return 0;
}

void li_fault_order(struct li_store *store, enum li_fault_kind kind, uint64_t n,
                    enum li_fault_how how, int code)
{
    struct fault *f = (struct fault *)store;

    pthread_mutex_lock(&f->lock);
    f->kind = kind;
    f->at = n ? f->count[kind] + n : 0;
    f->how = how;
    f->code = code;
    f->happened = false;
    f->stopped = false;
    pthread_mutex_unlock(&f->lock);
}

bool li_fault_happened(struct li_store *store)
{
    struct fault *f = (struct fault *)store;
    bool happened;

    pthread_mutex_lock(&f->lock);
    happened = f->happened;
    pthread_mutex_unlock(&f->lock);
    return happened;
}

uint64_t li_fault_count(struct li_store *store, enum li_fault_kind kind)
{
    struct fault *f = (struct fault *)store;
    uint64_t count;

    pthread_mutex_lock(&f->lock);
    count = f->count[kind];
    pthread_mutex_unlock(&f->lock);
    return count;
}
