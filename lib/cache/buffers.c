/* SPDX-License-Identifier: Apache-2.0 */
#include "cache/buffers.h"

#include <stdlib.h>

#include "base/secret.h"
#include "chunk/chunk.h"

int li_cache_buffers_init(struct li_cache_buffers *buffers, uint64_t max, struct li_error *err)
{
    *buffers = (struct li_cache_buffers){.max = max};
    buffers->spare = calloc(max, sizeof(buffers->spare[0]));
    return buffers->spare ? 0 : li_fail_memory(err);
}

void li_cache_buffers_free(struct li_cache_buffers *buffers)
{
    while (buffers->spares > 0)
        li_wipe_free(buffers->spare[--buffers->spares]);
    free(buffers->spare);
    buffers->spare = NULL;
}

uint8_t *li_cache_buffers_take(struct li_cache_buffers *buffers)
{
    uint8_t *buffer;

    if (buffers->spares > 0)
        return buffers->spare[--buffers->spares];
    if (buffers->count == buffers->max)
        return NULL;
    buffer = malloc(LI_CHUNK_SIZE);
    buffers->count += buffer != NULL;
    return buffer;
}

void li_cache_buffers_give(struct li_cache_buffers *buffers, uint8_t *buffer)
{
    buffers->spare[buffers->spares++] = buffer;
}
