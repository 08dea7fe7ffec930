/* SPDX-License-Identifier: Apache-2.0 */
/* Writers: from a chunk's bytes to an object. A writer never puts into the queue: if all did,
 * nobody would take from it. */

#include "push/chunks.h"
#include "repo/keys.h"

/* ---- tools ----------------------------------------------------------------------------------- */

static int need_opener(const struct li_chunk_push *p, struct li_push_tools *tools,
                       struct li_error *err)
{
    return tools->opener ? 0 : li_opener_new(p->origin, &tools->opener, err);
}

int li_push_seal(struct li_chunk_push *p, struct li_push_tools *tools,
                 const struct li_push_item *item, const uint8_t *plain, struct li_buffer *out,
                 struct li_error *err)
{
    int rc = need_opener(p, tools, err);

    return rc < 0 ? rc
                  : li_seal_chunk(li_opener_sealer(tools->opener), &p->push->seal, &item->chunk.prk,
                                  plain, out, err);
}

void li_push_tools_free(struct li_push_tools *tools)
{
    li_opener_free(tools->opener);
    li_buffer_free(&tools->sealed);
}

/* ---- existing chunks ------------------------------------------------------------------------- */

static struct li_key key_of(const struct li_chunk_push *p, const struct li_push_item *item)
{
    return li_key_chunk_in(p->push->root.id, item->chunk.name);
}

/* Fetches and opens the stored chunk of ITEM. SOUND is the answer: the push continues if the chunk
 * is damaged, or was removed since. */
static int check_stored(struct li_chunk_push *p, struct li_push_tools *tools,
                        const struct li_push_item *item, bool *sound, struct li_error *err)
{
    struct li_sealed_finding finding = {.health = LI_SEALED_UNKNOWN};
    int rc = need_opener(p, tools, err);

    if (rc == 0)
        rc = li_opener_check(tools->opener, p->push->root.id, &item->chunk, &finding, err);
    *sound = rc == 0 && finding.health == LI_SEALED_SOUND;
    return rc;
}

/* ---- storing --------------------------------------------------------------------------------- */

/* An object existed already. If it is too short or too long to be a chunk, as an interrupted copy
 * of the repository may leave it, it counted as absent before, and fails every check. */
static int replace_unsound(struct li_chunk_push *p, const struct li_push_item *item,
                           const struct li_buffer *sealed, struct li_push_chunk *chunk,
                           struct li_error *err)
{
    struct li_store *store = li_repo_store(p->repo);
    struct li_key key = key_of(p, item);
    const char *text = key.text;
    bool sound = false;
    int rc = li_store_exists(store, &text, 1, LI_SEAL_MAX_SIZE, &sound, err);

    if (rc == 0 && !sound)
        rc = li_store_replace(store, text, sealed->data, sealed->len, err);
    chunk->fate = sound ? LI_PUSH_KNOWN : LI_PUSH_MENDED;
    chunk->sealed = sound ? 0 : sealed->len;
    return rc;
}

/* If ITEM is stored already, the stored object is damaged. */
static int store(struct li_chunk_push *p, const struct li_push_item *item,
                 const struct li_buffer *sealed, struct li_error *err)
{
    bool damaged = item->stored == LI_STORED_YES;
    struct li_push_chunk chunk = {.fate = damaged ? LI_PUSH_MENDED : LI_PUSH_NEW,
                                  .sealed = sealed->len};
    struct li_store *store = li_repo_store(p->repo);
    struct li_key key = key_of(p, item);
    int rc;

    if (p->push->options->dry_run)
        return li_tally_settle(&p->tally, item, chunk, err);
    rc = li_push_may_store(p->push, store, err);
    if (rc == 0 && damaged)
        rc = li_store_replace(store, key.text, sealed->data, sealed->len, err);
    else if (rc == 0)
        rc = li_store_put_if_absent(store, key.text, sealed->data, sealed->len, err);
    if (rc == LI_END)
        rc = replace_unsound(p, item, sealed, &chunk, err);
    return rc < 0 ? rc : li_tally_settle(&p->tally, item, chunk, err);
}

int li_push_settle(struct li_chunk_push *p, struct li_push_tools *tools, struct li_push_item *item,
                   const uint8_t *plain, struct li_error *err)
{
    struct li_push_chunk known = {.fate = LI_PUSH_KNOWN};
    bool sound = true;
    int rc = 0;

    if (item->stored == LI_STORED_UNKNOWN)
        rc = li_lookup_ask(p->lookup, &item, 1, err);
    if (rc == 0 && item->stored == LI_STORED_YES && p->push->options->check_existing)
        rc = check_stored(p, tools, item, &sound, err);
    if (rc == 0 && item->stored == LI_STORED_YES && sound)
        return li_tally_settle(&p->tally, item, known, err);
    if (rc == 0)
        rc = li_push_seal(p, tools, item, plain, &tools->sealed, err);
    return rc < 0 ? rc : store(p, item, &tools->sealed, err);
}

/* ---- a writer -------------------------------------------------------------------------------- */

static int write_job(struct li_chunk_push *p, struct li_push_tools *tools, struct li_job *job,
                     struct li_error *err)
{
    return job->sealed ? store(p, job->item, &job->bytes, err)
                       : li_push_settle(p, tools, job->item, job->bytes.data, err);
}

/* A writer that fails closes the queue, or the readers would wait for room in it for ever. It also
 * cancels what the other writers wait for: an answer that may take minutes, or the next attempt. */
int li_push_write(void *arg, unsigned index, struct li_workers *team, struct li_error *err)
{
    struct li_chunk_push *p = arg;
    struct li_push_tools tools = {.opener = NULL};
    struct li_job *job;
    int rc = 0;

    (void)index;
    while (rc == 0 && !li_workers_stopped(team) && li_jobs_take(&p->jobs, &job) == 0) {
        rc = write_job(p, &tools, job, err);
        li_job_free(&p->jobs, job);
    }
    if (rc < 0) {
        li_jobs_close(&p->jobs);
        li_repo_cancel(p->repo);
    }
    li_push_tools_free(&tools);
    return rc;
}
