/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record is "LENGTH KEY=VALUE\n". If a key appears twice, the last value counts. Most headers
 * have a handful of records, which are compared with each other. If there are more, which an
 * attacker may send, the keys are sorted.
 */
#include "tar/pax.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "tar/number.h"

enum { FEW = 16, SHORTEST = 5 };

#define KEY(text)                                                                                  \
    {                                                                                              \
        text, sizeof(text) - 1                                                                     \
    }

static const struct {
    const char *text;
    size_t length;
} keys[LI_TAR_PAX_KEYS] = {
    [LI_TAR_PAX_PATH] = KEY("path"),
    [LI_TAR_PAX_LINKPATH] = KEY("linkpath"),
    [LI_TAR_PAX_UNAME] = KEY("uname"),
    [LI_TAR_PAX_GNAME] = KEY("gname"),
    [LI_TAR_PAX_SPARSE_NAME] = KEY("GNU.sparse.name"),
    [LI_TAR_PAX_UID] = KEY("uid"),
    [LI_TAR_PAX_GID] = KEY("gid"),
    [LI_TAR_PAX_SIZE] = KEY("size"),
    [LI_TAR_PAX_MTIME] = KEY("mtime"),
    [LI_TAR_PAX_ATIME] = KEY("atime"),
    [LI_TAR_PAX_CTIME] = KEY("ctime"),
    [LI_TAR_PAX_SPARSE_MAJOR] = KEY("GNU.sparse.major"),
    [LI_TAR_PAX_SPARSE_MINOR] = KEY("GNU.sparse.minor"),
    [LI_TAR_PAX_SPARSE_SIZE] = KEY("GNU.sparse.size"),
    [LI_TAR_PAX_SPARSE_REALSIZE] = KEY("GNU.sparse.realsize"),
    [LI_TAR_PAX_SPARSE_NUMBLOCKS] = KEY("GNU.sparse.numblocks"),
    [LI_TAR_PAX_SPARSE_MAP] = KEY("GNU.sparse.map"),
    [LI_TAR_PAX_SPARSE_OFFSET] = KEY("GNU.sparse.offset"),
    [LI_TAR_PAX_SPARSE_NUMBYTES] = KEY("GNU.sparse.numbytes"),
};

/* LI_TAR_PAX_KEYS for a key that the reader does not use. */
static size_t key_of(const struct li_tar_record *r)
{
    size_t key = 0;

    while (key < LI_TAR_PAX_KEYS && (keys[key].length != r->key_length ||
                                     memcmp(keys[key].text, r->key, r->key_length) != 0))
        key++;
    return key;
}

/* Cuts off the first record, and puts a NUL after its value; false if there is none. */
static bool cut_record(char **text, size_t *left, struct li_tar_record *out)
{
    char *space = memchr(*text, ' ', *left), *end, *equals;
    int64_t length;

    if (!space || !li_tar_decimal(*text, (size_t)(space - *text), &length) || length < SHORTEST ||
        (uint64_t)length > *left || length <= space + 1 - *text)
        return false;
    end = *text + length - 1;
    equals = memchr(space + 1, '=', (size_t)(end - space - 1));
    if (*end != '\n' || !equals || equals == space + 1)
        return false;
    *end = '\0';
    *out = (struct li_tar_record){space + 1, equals + 1, (size_t)(equals - space - 1),
                                  (size_t)(end - equals - 1)};
    *text += length;
    *left -= (size_t)length;
    return true;
}

static int append(struct li_tar_records *to, const struct li_tar_record *r, struct li_error *err)
{
    int rc = li_array_reserve(&to->list, &to->cap, to->count + 1, sizeof(*to->list), err);

    if (rc == 0)
        to->list[to->count++] = *r;
    return rc;
}

/* ---- repeated keys ---- */

static int compare_keys(const struct li_tar_record *x, const struct li_tar_record *y)
{
    size_t least = x->key_length < y->key_length ? x->key_length : y->key_length;
    int order = memcmp(x->key, y->key, least);

    return order ? order : (x->key_length > y->key_length) - (x->key_length < y->key_length);
}

/* By key; records with one key stay in the order of the tar. */
static int compare_records(const void *a, const void *b)
{
    const struct li_tar_record *x = a, *y = b;
    int order = compare_keys(x, y);

    return order ? order : (x->key > y->key) - (x->key < y->key);
}

static int compare_order(const void *a, const void *b)
{
    const struct li_tar_record *x = a, *y = b;

    return (x->key > y->key) - (x->key < y->key);
}

static struct li_tar_record *find_same(struct li_tar_records *in, const struct li_tar_record *r)
{
    for (size_t i = 0; i < in->count; i++)
        if (compare_keys(&in->list[i], r) == 0)
            return &in->list[i];
    return NULL;
}

static int put_record(struct li_tar_records *to, const struct li_tar_record *r,
                      struct li_error *err)
{
    struct li_tar_record *same = to->count < FEW ? find_same(to, r) : NULL;

    if (!same)
        return append(to, r, err);
    *same = *r;
    return 0;
}

/* Keeps the last record of each key, and restores the order of the tar. */
static void drop_repeated(struct li_tar_records *all)
{
    size_t kept = 0;

    qsort(all->list, all->count, sizeof(*all->list), compare_records);
    for (size_t i = 0; i < all->count; i++)
        if (i + 1 == all->count || compare_keys(&all->list[i], &all->list[i + 1]) != 0)
            all->list[kept++] = all->list[i];
    all->count = kept;
    qsort(all->list, all->count, sizeof(*all->list), compare_order);
}

/* ---- records that the reader uses ---- */

static int check_nul(const struct li_tar_record *r, size_t key, struct li_error *err)
{
    if (key < LI_TAR_PAX_NAMES && memchr(r->value, '\0', r->value_length))
        return li_fail(err, LI_ECORRUPT, "its PAX record \"%s\" has a NUL, which no name can have",
                       keys[key].text);
    if (memchr(r->key, '\0', r->key_length))
        return li_fail(err, LI_ECORRUPT, "a keyword of its PAX records has a NUL");
    return 0;
}

/* A run's offset comes before its length (GNU tar, "PAX Format, Versions 0.0 and 0.1"). */
static int put_pair(struct li_tar_pax *pax, const struct li_tar_record *r, size_t key,
                    struct li_error *err)
{
    bool offset = pax->pairs.count % 2 == 0;

    if (offset != (key == LI_TAR_PAX_SPARSE_OFFSET) || memchr(r->value, ',', r->value_length))
        return li_fail(err, LI_ECORRUPT, "its PAX records have a sparse map that is out of order");
    return append(&pax->pairs, r, err);
}

static int read_records(struct li_tar_pax *pax, char *text, size_t left, struct li_error *err)
{
    int rc = 0;

    while (rc == 0 && left > 0) {
        struct li_tar_record r;
        size_t key;

        if (!cut_record(&text, &left, &r))
            return li_fail(err, LI_ECORRUPT, "its PAX records are broken");
        key = key_of(&r);
        rc = check_nul(&r, key, err);
        if (rc < 0)
            break;
        rc = key == LI_TAR_PAX_SPARSE_OFFSET || key == LI_TAR_PAX_SPARSE_NUMBYTES
                 ? put_pair(pax, &r, key, err)
                 : put_record(&pax->records, &r, err);
    }
    return rc;
}

static void find_known(struct li_tar_pax *pax)
{
    for (size_t i = 0; i < pax->records.count; i++) {
        const struct li_tar_record *r = &pax->records.list[i];
        size_t key = key_of(r);

        if (key < LI_TAR_PAX_KEYS && r->value_length > 0)
            pax->known[key] = r;
    }
}

/* Go makes a map of the pairs, in place of a record with one. A lone offset without a value gives
 * an empty map, like no record. */
static void replace_map(struct li_tar_pax *pax)
{
    if (pax->pairs.count > 0)
        pax->known[LI_TAR_PAX_SPARSE_MAP] = NULL;
    if (pax->pairs.count == 1 && pax->pairs.list[0].value_length == 0)
        pax->pairs.count = 0;
}

int li_tar_pax_read(struct li_tar_pax *pax, const uint8_t *data, size_t len, struct li_error *err)
{
    int rc;

    li_tar_pax_clear(pax);
    rc = li_buffer_append(&pax->bytes, data, len, err);
    if (rc == 0)
        rc = read_records(pax, (char *)pax->bytes.data, len, err);
    if (rc == 0 && pax->records.count > FEW)
        drop_repeated(&pax->records);
    if (rc < 0)
        return rc;
    find_known(pax);
    replace_map(pax);
    return 0;
}

void li_tar_pax_clear(struct li_tar_pax *pax)
{
    pax->bytes.len = 0;
    pax->records.count = 0;
    pax->pairs.count = 0;
    memset(pax->known, 0, sizeof(pax->known));
}

void li_tar_pax_free(struct li_tar_pax *pax)
{
    li_buffer_free(&pax->bytes);
    free(pax->records.list);
    free(pax->pairs.list);
    *pax = (struct li_tar_pax){0};
}
