/* SPDX-License-Identifier: Apache-2.0 */
#include "reader/ahead.h"

#include <string.h>

void li_ahead_init(struct li_ahead *ahead)
{
    memset(ahead->stream, 0, sizeof(ahead->stream));
    pthread_mutex_init(&ahead->lock, NULL);
}

void li_ahead_free(struct li_ahead *ahead)
{
    pthread_mutex_destroy(&ahead->lock);
}

/* Makes stream I, with what it is now, the most recently used one, and returns it. */
static struct li_ahead_stream *use(struct li_ahead *ahead, unsigned i)
{
    struct li_ahead_stream used = ahead->stream[i];

    memmove(ahead->stream + 1, ahead->stream, i * sizeof(ahead->stream[0]));
    ahead->stream[0] = used;
    return ahead->stream;
}

/* The stream that chunk INDEX belongs to. If it belongs to none, the stream that was not used for
 * longest begins there. */
static struct li_ahead_stream *find(struct li_ahead *ahead, uint64_t index)
{
    struct li_ahead_stream *stream;

    for (unsigned i = 0; i < LI_AHEAD_STREAMS; i++) {
        uint64_t next = ahead->stream[i].next;

        if (next == index + 1)
            return use(ahead, i);
        if (next != index || index == 0)
            continue;
        stream = use(ahead, i);
        stream->next++;
        stream->steps++;
        return stream;
    }
    stream = use(ahead, LI_AHEAD_STREAMS - 1);
    *stream = (struct li_ahead_stream){.next = index + 1};
    return stream;
}

uint64_t li_ahead_read(struct li_ahead *ahead, uint64_t index, uint64_t last)
{
    uint64_t steps, window;

    pthread_mutex_lock(&ahead->lock);
    steps = find(ahead, index)->steps;
    pthread_mutex_unlock(&ahead->lock);
    window = steps < LI_AHEAD_WINDOW ? steps : LI_AHEAD_WINDOW;
    if (steps <= LI_AHEAD_GUESS && last < index + window)
        return last;
    return index + window;
}
