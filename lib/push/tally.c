/* SPDX-License-Identifier: Apache-2.0 */
#include "push/tally.h"

void li_tally_init(struct li_tally *tally, const struct li_push_item *items,
                   const struct li_push_options *options, struct li_push_result *result)
{
    *tally = (struct li_tally){.options = options, .result = result, .names = {.item = items}};
    pthread_mutex_init(&tally->lock, NULL);
}

void li_tally_free(struct li_tally *tally)
{
    li_names_free(&tally->names);
    pthread_mutex_destroy(&tally->lock);
}

int li_tally_meet(struct li_tally *tally, const struct li_push_item *item, struct li_error *err)
{
    int rc;

    pthread_mutex_lock(&tally->lock);
    rc = li_names_add(&tally->names, item->chunk.index, err);
    pthread_mutex_unlock(&tally->lock);
    return rc;
}

static void count_way(struct li_push_ways *ways, enum li_push_way way)
{
    ways->manifest += way == LI_PUSH_MANIFEST;
    ways->kept += way == LI_PUSH_KEPT;
    ways->listing += way == LI_PUSH_LISTING;
    ways->asked += way == LI_PUSH_ASKED;
}

static void count(struct li_push_result *result, const struct li_push_chunk *chunk)
{
    bool is_new = chunk->fate == LI_PUSH_NEW;

    result->chunks++;
    result->new_chunks += is_new;
    result->new_bytes += is_new ? chunk->sealed : 0;
    result->known_chunks += !is_new;
    result->mended += chunk->fate == LI_PUSH_MENDED;
    result->memo_chunks += chunk->recalled;
    count_way(&result->ways, chunk->way);
}

int li_tally_settle(struct li_tally *tally, const struct li_push_item *item,
                    struct li_push_chunk chunk, struct li_error *err)
{
    const struct li_push_options *options = tally->options;
    int rc = 0;

    chunk.index = item->chunk.index;
    chunk.name = item->chunk.name;
    chunk.way = item->way;
    pthread_mutex_lock(&tally->lock);
    count(tally->result, &chunk);
    if (options->report)
        rc = options->report(options->report_arg, &chunk, err);
    pthread_mutex_unlock(&tally->lock);
    return rc < 0 ? rc : 0;
}
