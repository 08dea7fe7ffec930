/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include <pthread.h>
#include <stdlib.h>

struct li_budget {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t left;          /* under lock */
    uint64_t next, serving; /* under lock: numbers of those that wait, in their order */
};

int li_budget_new(uint64_t total, struct li_budget **out, struct li_error *err)
{
    struct li_budget *budget = calloc(1, sizeof(*budget));

    if (!budget)
        return li_fail_memory(err);
    pthread_mutex_init(&budget->lock, NULL);
    pthread_cond_init(&budget->changed, NULL);
    budget->left = total;
    *out = budget;
    return 0;
}

void li_budget_take(struct li_budget *budget, uint64_t bytes)
{
    uint64_t number;

    if (!budget)
        return;
    pthread_mutex_lock(&budget->lock);
    number = budget->next++;
    while (budget->serving != number || budget->left < bytes)
        pthread_cond_wait(&budget->changed, &budget->lock);
    budget->left -= bytes;
    budget->serving++;
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->lock);
}

void li_budget_give(struct li_budget *budget, uint64_t bytes)
{
    if (!budget)
        return;
    pthread_mutex_lock(&budget->lock);
    budget->left += bytes;
    pthread_cond_broadcast(&budget->changed);
    pthread_mutex_unlock(&budget->lock);
}

void li_budget_free(struct li_budget *budget)
{
    if (!budget)
        return;
    pthread_cond_destroy(&budget->changed);
    pthread_mutex_destroy(&budget->lock);
    free(budget);
}
