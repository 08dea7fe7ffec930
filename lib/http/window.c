/* SPDX-License-Identifier: Apache-2.0 */
#include "http/window.h"

void li_window_init(struct li_window *window, unsigned most)
{
    *window = (struct li_window){.most = most, .thousandths = most * UINT64_C(1000)};
}

bool li_window_open(const struct li_window *window, uint64_t now)
{
    return window->running < window->thousandths / 1000 && now >= window->resume;
}

void li_window_begin(struct li_window *window)
{
    window->running++;
}

static void narrow(struct li_window *window, uint64_t retry_after, uint64_t now)
{
    uint64_t pause = retry_after ? retry_after : LI_WINDOW_PAUSE;

    if (pause > LI_WINDOW_PAUSE_MAX)
        pause = LI_WINDOW_PAUSE_MAX;
    if (now + pause > window->resume)
        window->resume = now + pause;
    if (window->halved && now - window->halved < LI_WINDOW_HALVING)
        return;
    window->halved = now ? now : 1;
    window->thousandths /= 2;
    if (window->thousandths < 1000)
        window->thousandths = 1000;
}

void li_window_end(struct li_window *window, bool failed, bool too_many, uint64_t retry_after,
                   uint64_t now)
{
    window->running--;
    if (too_many) {
        narrow(window, retry_after, now);
    } else if (!failed) {
        window->thousandths += UINT64_C(1000000) / window->thousandths;
        if (window->thousandths > window->most * UINT64_C(1000))
            window->thousandths = window->most * UINT64_C(1000);
    }
}
