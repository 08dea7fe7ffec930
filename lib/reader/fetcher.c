/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as a source of chunks, for reading all of it once: no cache, no deadline, no threads of
 * its own. The walk over the source brings the threads and does not say which of them calls, so
 * each call borrows one of as many openers as there may be calls.
 */
#include <pthread.h>
#include <stdlib.h>

#include "reader/chunks.h"
#include "reader/reader.h"

struct li_fetcher {
    struct li_chunk_map map;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    unsigned count;
    unsigned idle; /* under lock: of the openers below, the first so many are */
    struct li_chunk_opener **opener;
    struct li_chunk_opener openers[];
};

int li_fetcher_new(struct li_repo *repo, const struct li_manifest *manifest, unsigned workers,
                   struct li_fetcher **out, struct li_error *err)
{
    struct li_fetcher *fetcher =
        calloc(1, sizeof(*fetcher) + workers * sizeof(fetcher->openers[0]));
    int rc;

    if (!fetcher)
        return li_fail_memory(err);
    fetcher->count = workers;
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_cond_init(&fetcher->returned, NULL);
    fetcher->opener = calloc(workers, sizeof(struct li_chunk_opener *));
    rc = fetcher->opener ? 0 : li_fail_memory(err);
    if (rc == 0)
        rc = li_chunk_map_new(repo, manifest, &fetcher->map, err);
    for (unsigned i = 0; i < workers && rc == 0; i++) {
        rc = li_sealer_new(&fetcher->openers[i].sealer, err);
        fetcher->opener[fetcher->idle++] = &fetcher->openers[i];
    }
    if (rc < 0) {
        li_fetcher_free(fetcher);
        return rc;
    }
    *out = fetcher;
    return 0;
}

void li_fetcher_free(struct li_fetcher *fetcher)
{
    if (!fetcher)
        return;
    for (unsigned i = 0; i < fetcher->count; i++)
        li_chunk_opener_free(&fetcher->openers[i]);
    li_chunk_map_free(&fetcher->map);
    pthread_cond_destroy(&fetcher->returned);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher->opener);
    free(fetcher);
}

static struct li_chunk_opener *borrow(struct li_fetcher *fetcher)
{
    struct li_chunk_opener *opener;

    pthread_mutex_lock(&fetcher->lock);
    while (fetcher->idle == 0)
        pthread_cond_wait(&fetcher->returned, &fetcher->lock);
    opener = fetcher->opener[--fetcher->idle];
    pthread_mutex_unlock(&fetcher->lock);
    return opener;
}

static void give_back(struct li_fetcher *fetcher, struct li_chunk_opener *opener)
{
    pthread_mutex_lock(&fetcher->lock);
    fetcher->opener[fetcher->idle++] = opener;
    pthread_cond_signal(&fetcher->returned);
    pthread_mutex_unlock(&fetcher->lock);
}

static int read_chunk(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    struct li_fetcher *fetcher = self;
    struct li_chunk_opener *opener;
    int rc;

    *zeros = !li_chunk_map_get(&fetcher->map, index);
    if (*zeros)
        return 0;
    opener = borrow(fetcher);
    rc = li_chunk_open(&fetcher->map, opener, index, buf, err);
    give_back(fetcher, opener);
    return rc;
}

struct li_chunk_source li_fetcher_source(struct li_fetcher *fetcher)
{
    return (struct li_chunk_source){
        .self = fetcher, .count = fetcher->map.count, .read = read_chunk};
}
