/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image as a source of chunks, for reading all of it once: no cache, no deadline, no threads of
 * its own. The threads of the walk call it without saying which of them calls. So each call borrows
 * an opener, and there are as many openers as calls at once.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "reader/map.h"
#include "reader/reader.h"
#include "sealed/opener.h"

struct li_fetcher {
    struct li_reader_map map;
    pthread_mutex_t lock;
    pthread_cond_t returned;
    unsigned count;
    struct li_opener **openers;
    unsigned idle;           /* under lock, like the fields below */
    struct li_opener **free; /* a stack of idle openers */
};

static int new_openers(struct li_fetcher *fetcher, struct li_sealed *source, struct li_error *err)
{
    int rc = li_openers_new(source, fetcher->count, &fetcher->openers, err);

    if (rc < 0)
        return rc;
    fetcher->free = calloc(fetcher->count, sizeof(fetcher->free[0]));
    if (!fetcher->free)
        return li_fail_memory(err);
    memcpy(fetcher->free, fetcher->openers, fetcher->count * sizeof(fetcher->free[0]));
    fetcher->idle = fetcher->count;
    return 0;
}

int li_fetcher_new(struct li_sealed *source, const struct li_manifest *manifest, unsigned workers,
                   struct li_fetcher **out, struct li_error *err)
{
    struct li_fetcher *fetcher = calloc(1, sizeof(*fetcher));
    int rc;

    if (!fetcher)
        return li_fail_memory(err);
    fetcher->count = workers;
    pthread_mutex_init(&fetcher->lock, NULL);
    pthread_cond_init(&fetcher->returned, NULL);
    rc = li_reader_map_new(manifest, &fetcher->map, err);
    if (rc == 0)
        rc = new_openers(fetcher, source, err);
    if (rc < 0)
        li_fetcher_free(fetcher);
    else
        *out = fetcher;
    return rc;
}

void li_fetcher_free(struct li_fetcher *fetcher)
{
    if (!fetcher)
        return;
    li_openers_free(fetcher->openers, fetcher->count);
    li_reader_map_free(&fetcher->map);
    pthread_cond_destroy(&fetcher->returned);
    pthread_mutex_destroy(&fetcher->lock);
    free(fetcher->free);
    free(fetcher);
}

static struct li_opener *borrow(struct li_fetcher *fetcher)
{
    struct li_opener *opener;

    pthread_mutex_lock(&fetcher->lock);
    while (fetcher->idle == 0)
        pthread_cond_wait(&fetcher->returned, &fetcher->lock);
    opener = fetcher->free[--fetcher->idle];
    pthread_mutex_unlock(&fetcher->lock);
    return opener;
}

static void give_back(struct li_fetcher *fetcher, struct li_opener *opener)
{
    pthread_mutex_lock(&fetcher->lock);
    fetcher->free[fetcher->idle++] = opener;
    pthread_cond_signal(&fetcher->returned);
    pthread_mutex_unlock(&fetcher->lock);
}

static int read_chunk(void *self, uint64_t index, uint8_t *buf, bool *zeros, struct li_error *err)
{
    struct li_fetcher *fetcher = self;
    const struct li_manifest_chunk *chunk = li_reader_map_get(&fetcher->map, index);
    struct li_opener *opener;
    int rc;

    *zeros = !chunk;
    if (*zeros)
        return 0;
    opener = borrow(fetcher);
    rc = li_opener_open(opener, fetcher->map.manifest->root, chunk, buf, err);
    give_back(fetcher, opener);
    return rc;
}

struct li_chunk_source li_fetcher_source(struct li_fetcher *fetcher)
{
    return (struct li_chunk_source){
        .self = fetcher, .count = fetcher->map.count, .read = read_chunk};
}
