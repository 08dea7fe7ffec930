/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this host has found a repository's server to lack, kept in the memo from push to push, so
 * that not every push must find it out again.
 *
 * It is stored beside the names of chunks, in a file of the same kind: a row for each missing
 * feature, whose name is its flag and zeros. The file belongs to the repository and to the
 * identity of its store, because another server may have what this one lacks. After
 * LI_SERVER_LIFETIME a row is ignored, and the server is tried again, because it may have been
 * replaced.
 *
 * If a row is wrong, a push is still correct: it does without the feature, with more requests.
 */
#include "push/server.h"

#include <string.h>

#include "base/bytes.h"
#include "store/store.h"

static const unsigned flags[LI_SERVER_FLAGS] = {LI_STORE_LACKS_IF_ABSENT, LI_STORE_LACKS_IF_MATCH};

static int set_of(const struct li_repo *repo, uint8_t set[LI_SHA256_SIZE], struct li_error *err)
{
    static const char label[] = "lambdaimg server";
    struct li_buffer text = {0};
    int rc = li_buffer_append(&text, label, sizeof(label), err);

    if (rc == 0)
        rc = li_buffer_append(&text, li_repo_id(repo), LI_ID_SIZE, err);
    if (rc == 0)
        rc = li_buffer_append(&text, li_repo_store(repo)->identity,
                              strlen(li_repo_store(repo)->identity), err);
    if (rc == 0)
        rc = li_sha256(text.data, text.len, set, err);
    li_buffer_free(&text);
    return rc;
}

static void put_name(unsigned flag, uint8_t name[LI_SHA256_SIZE])
{
    memset(name, 0, LI_SHA256_SIZE);
    name[0] = (uint8_t)flag;
}

/* A time in the future was written by another clock. */
static void take_row(const uint8_t *row, int64_t now, struct li_server_known *known)
{
    int64_t found = (int64_t)li_get_le64(row + LI_SHA256_SIZE);
    uint8_t name[LI_SHA256_SIZE];

    for (size_t i = 0; i < LI_SERVER_FLAGS; i++) {
        put_name(flags[i], name);
        if (memcmp(row, name, sizeof(name)) != 0 || found > now ||
            found <= now - LI_SERVER_LIFETIME)
            continue;
        known->lacks |= flags[i];
        known->found[i] = found;
    }
}

int li_server_recall(struct li_repo *repo, const struct li_memo *memo, struct li_server_known *out,
                     struct li_error *err)
{
    uint8_t set[LI_SHA256_SIZE];
    struct li_buffer rows = {0};
    int rc;

    *out = (struct li_server_known){.lacks = 0};
    if (!memo || !li_repo_store(repo)->identity)
        return 0;
    rc = set_of(repo, set, err);
    if (rc == 0)
        rc = li_memo_read_names(memo, set, &rows, err);
    for (size_t at = 0; at < rows.len && rc == 0; at += LI_MEMO_NAME_ROW)
        take_row(rows.data + at, li_repo_env(repo)->now(), out);
    li_buffer_free(&rows);
    li_store_expect(li_repo_store(repo), out->lacks);
    return rc < 0 ? rc : 0;
}

int li_server_keep(struct li_repo *repo, const struct li_memo *memo,
                   const struct li_server_known *known, struct li_error *err)
{
    unsigned lacks = li_store_lacks(li_repo_store(repo));
    uint8_t set[LI_SHA256_SIZE], row[LI_MEMO_NAME_ROW];
    struct li_buffer rows = {0};
    int rc = 0;

    if (!memo || !li_repo_store(repo)->identity || (lacks & ~known->lacks) == 0)
        return 0;
    for (size_t i = 0; i < LI_SERVER_FLAGS && rc == 0; i++) {
        if (!(lacks & flags[i]))
            continue;
        put_name(flags[i], row);
        li_put_le64(
            row + LI_SHA256_SIZE,
            (uint64_t)(known->lacks & flags[i] ? known->found[i] : li_repo_env(repo)->now()));
        rc = li_buffer_append(&rows, row, sizeof(row), err);
    }
    if (rc == 0)
        rc = set_of(repo, set, err);
    if (rc == 0)
        rc = li_memo_write_names(memo, set, &rows, err);
    li_buffer_free(&rows);
    return rc;
}
