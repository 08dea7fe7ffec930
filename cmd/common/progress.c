/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "cmd/common/context.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* If another thread draws, this one has nothing to add. */
static void report(void *arg, uint64_t done, uint64_t total)
{
    struct progress_bar *bar = arg;
    double t;

    if (!bar->enabled || total == 0 || pthread_mutex_trylock(&lock) != 0)
        return;
    t = now();
    if (t - bar->started > 1 && t - bar->shown > 0.2) {
        char a[SIZE_TEXT], b[SIZE_TEXT];

        fprintf(stderr, "\r%s: %3d %% of %s, %s/s \033[K", bar->what, (int)(100 * done / total),
                size_text(total, a), size_text((uint64_t)((double)done / (t - bar->started)), b));
        bar->shown = t;
        bar->drawn = true;
    }
    pthread_mutex_unlock(&lock);
}

struct li_progress begin_progress(struct progress_bar *bar, const char *what)
{
    *bar = (struct progress_bar){.what = what, .started = now(), .enabled = isatty(2)};
    return (struct li_progress){report, bar};
}

void end_progress(struct progress_bar *bar)
{
    if (bar->drawn)
        fprintf(stderr, "\r\033[K");
}
