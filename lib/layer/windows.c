/* SPDX-License-Identifier: Apache-2.0 */
/*
 * There are few windows, so a search looks at all of them. A thread that returns for the neighbour
 * of the bytes it has just copied nearly always finds its window again.
 */
#include "layer/windows.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/secret.h"

struct slot {
    struct li_window window; /* first, so that the pointers can be converted */
    bool busy;
    uint64_t used; /* when it was last taken; 0: it is empty */
};

struct li_windows {
    pthread_mutex_t lock;
    pthread_cond_t idle;
    uint64_t clock;
    size_t count;
    struct slot slot[];
};

int li_windows_new(size_t count, struct li_windows **out, struct li_error *err)
{
    struct li_windows *w = calloc(1, sizeof(*w) + count * sizeof(w->slot[0]));

    if (!w)
        return li_fail_memory(err);
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->idle, NULL);
    w->count = count;
    *out = w;
    return 0;
}

void li_windows_free(struct li_windows *windows)
{
    if (!windows)
        return;
    for (size_t i = 0; i < windows->count; i++)
        li_wipe_free(windows->slot[i].window.data);
    pthread_cond_destroy(&windows->idle);
    pthread_mutex_destroy(&windows->lock);
    free(windows);
}

static bool holds(const struct slot *slot, size_t layer, uint64_t offset)
{
    return slot->window.len > 0 && slot->window.layer == layer && slot->window.offset == offset;
}

/* The slot with that piece, else the one that was used longest ago; NULL if none is idle. */
static struct slot *choose(struct li_windows *w, size_t layer, uint64_t offset)
{
    struct slot *oldest = NULL;

    for (size_t i = 0; i < w->count; i++) {
        struct slot *slot = &w->slot[i];

        if (slot->busy)
            continue;
        if (holds(slot, layer, offset))
            return slot;
        if (!oldest || slot->used < oldest->used)
            oldest = slot;
    }
    return oldest;
}

int li_windows_take(struct li_windows *windows, size_t layer, uint64_t offset,
                    struct li_window **out, struct li_error *err)
{
    struct slot *slot;
    struct li_window *window;

    pthread_mutex_lock(&windows->lock);
    while (!(slot = choose(windows, layer, offset)))
        pthread_cond_wait(&windows->idle, &windows->lock);
    slot->busy = true;
    slot->used = ++windows->clock;
    pthread_mutex_unlock(&windows->lock);
    window = &slot->window;
    if (!holds(slot, layer, offset))
        *window = (struct li_window){layer, offset, 0, window->data};
    if (!window->data)
        window->data = malloc(LI_LAYER_PIECE);
    if (!window->data) {
        li_windows_give_back(windows, window);
        return li_fail_memory(err);
    }
    *out = window;
    return 0;
}

void li_windows_give_back(struct li_windows *windows, struct li_window *window)
{
    struct slot *slot = (struct slot *)window;

    pthread_mutex_lock(&windows->lock);
    slot->busy = false;
    if (window->len == 0)
        slot->used = 0;
    pthread_cond_signal(&windows->idle);
    pthread_mutex_unlock(&windows->lock);
}
