/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/brokered.h"

static int run(const struct arguments *args, struct li_error *err)
{
    struct context context = {0};
    struct li_reference reference;
    int rc = parse_reference(args->operand[0], &reference, err);

    if (rc == 0)
        rc = open_brokered(args, &(struct brokerage){.key = KEY_IF_IT_OPENS, .writable = true},
                           &context, err);
    if (rc == 0)
        rc = li_repo_remove(context.repo, &reference, err);
    if (rc < 0)
        li_context(err, "cannot remove %s", args->operand[0]);
    else
        printf("removed %s:%s; its space returns only when the collector runs\n", reference.name,
               reference.tag);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_rm = {
    "rm", "REF", "remove the tag of an image", 1, 1, NULL, run,
};
