/* SPDX-License-Identifier: Apache-2.0 */
#include "base/input.h"

#include <string.h>

int li_input_fill(struct li_input *in, size_t want, struct li_error *err)
{
    int rc = 0;

    if (li_input_left(in) >= want || in->ended)
        return 0;
    memmove(in->data, in->data + in->at, li_input_left(in));
    in->end -= in->at;
    in->at = 0;
    while (rc == 0 && in->end < want && !in->ended) {
        size_t got = 0;

        rc = in->source(in->arg, in->data + in->end, sizeof(in->data) - in->end, &got, err);
        in->end += rc == 0 ? got : 0;
        in->ended = got == 0;
    }
    return rc;
}
