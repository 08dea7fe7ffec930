/* SPDX-License-Identifier: Apache-2.0 */
#include "http/answers.h"

/* FNV-1a, of 64 bits. */
static uint64_t hash(const char *text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return h;
}

bool li_answers_repeat(struct li_answers *answers, const char *id, bool alone)
{
    uint64_t h = hash(id);

    for (unsigned i = 0; i < answers->count; i++)
        if (answers->seen[i] == h) {
            answers->meaningless |= alone;
            return !answers->meaningless;
        }
    answers->seen[answers->next] = h;
    answers->next = (answers->next + 1) % LI_ANSWERS_KEPT;
    if (answers->count < LI_ANSWERS_KEPT)
        answers->count++;
    return false;
}
