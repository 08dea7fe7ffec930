/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is under way in a store whose operations are system calls, which nobody can give up. The
 * functions of store.c count operations, and an implementation counts the steps within one. NULL is
 * allowed everywhere. Any thread.
 */
#ifndef LI_STORE_ACTIVITY_H
#define LI_STORE_ACTIVITY_H

#include <stdatomic.h>
#include <stddef.h>

struct li_store_activity {
    atomic_uint running;        /* operations */
    atomic_uint_fast64_t steps; /* that all operations have made so far */
};

static inline void li_activity_begin(struct li_store_activity *activity)
{
    if (activity)
        atomic_fetch_add(&activity->running, 1);
}

static inline void li_activity_step(struct li_store_activity *activity)
{
    if (activity)
        atomic_fetch_add(&activity->steps, 1);
}

static inline void li_activity_end(struct li_store_activity *activity)
{
    li_activity_step(activity);
    if (activity)
        atomic_fetch_sub(&activity->running, 1);
}

/* Within an operation: it waits for somebody who is not the store. Then li_activity_resume(). */
static inline void li_activity_pause(struct li_store_activity *activity)
{
    if (activity)
        atomic_fetch_sub(&activity->running, 1);
}

static inline void li_activity_resume(struct li_store_activity *activity)
{
    li_activity_step(activity);
    li_activity_begin(activity);
}

#endif
