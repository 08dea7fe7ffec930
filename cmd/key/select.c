/* SPDX-License-Identifier: Apache-2.0 */
/* Which objects an operation of lambdaimg key is about, and whether the user agrees to it. */
#include <string.h>
#include <unistd.h>

#include "cmd/key/key.h"

/* A name without a tag or an ID. A port in front of a name is not a tag. */
static bool is_whole(const char *text)
{
    const char *slash = strrchr(text, '/');

    return !strchr(slash ? slash : text, ':') && !strchr(text, '@');
}

int select_image(struct selected *selected, const char *text, struct li_error *err)
{
    struct li_wraps_selection *selection = &selected->selection;
    int rc = parse_reference(text, &selected->reference[selection->count], err);

    if (rc == 0)
        selected->whole[selection->count++] = is_whole(text);
    selection->reference = selected->reference;
    selection->whole = selected->whole;
    return rc;
}

int select_options(const struct arguments *args, struct selected *selected, struct li_error *err)
{
    struct li_wraps_selection *selection = &selected->selection;

    selection->all = flag(args, "all");
    selection->salts = flag(args, "salts");
    if (selection->all && selection->count)
        return li_fail(err, CMD_EUSAGE, "key %s: give either --all or images", args->operand[0]);
    if (!selection->all && !selection->salts && !selection->count)
        return li_fail(err, CMD_EUSAGE,
                       "key %s: of which images? Name some, or give --all or --salts",
                       args->operand[0]);
    return 0;
}

const char *kind_text(const struct li_wraps_object *object)
{
    static const char *const texts[] = {[LI_WRAPS_MANIFEST] = "manifest",
                                        [LI_WRAPS_SALT] = "salt",
                                        [LI_WRAPS_REPOSITORY] = "repository"};

    return texts[object->kind];
}

int ask(const struct arguments *args, bool *agreed, struct li_error *err)
{
    char answer[16];

    *agreed = flag(args, "yes");
    if (*agreed)
        return 0;
    if (!isatty(STDIN_FILENO) || flag(args, "json"))
        return li_fail(err, CMD_EUSAGE,
                       "key %s: nobody can be asked whether this is right; give --yes or --dry-run",
                       args->operand[0]);
    fputs("go on? [y/N] ", stderr);
    *agreed = fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
    return 0;
}
