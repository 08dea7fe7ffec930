/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/key/key.h"

#include <string.h>

static const struct option_row options[] = {
    {"all", 0, NULL, "all manifests of the repository, also those without a tag"},
    {"salts", 0, NULL, "the salts of the repository, too"},
    {"wrap", 0, "NAME", "remove: wraps of this name, whose key is not at hand; may be repeated"},
    {"dry-run", 'n', NULL, "show what would change, and change nothing"},
    {"yes", 'y', NULL, "do not ask before the change"},
    {"force", 0, NULL,
     "remove the last wrap of an object, which nobody can open any more; rotate: even if a key "
     "does not open the salt in use"},
    {"unproven", 0, NULL, "add: a key that refuses to unwrap here, as one for emergencies does"},
    {"salt-kms", 0, "KMS",
     "a key for the salt, if it is another than that of --kms (environment: LAMBDAIMG_SALT_KMS)"},
    {"json", 0, NULL, "print the result as JSON"},
    {NULL, 0, NULL, NULL},
};

static const struct operation {
    const char *name;
    int least, most; /* operands after the name */
    int (*run)(const struct arguments *args, struct li_error *err);
} operations[] = {
    {"whoami", 0, 0, key_whoami},
    {"new", 1, 1, key_new},
    {"check", 0, 0, key_check},
    {"list", 0, OPERANDS_MAX - 1, key_list},
    {"add", 1, OPERANDS_MAX - 1, key_add},
    {"remove", 0, OPERANDS_MAX - 1, key_remove},
    {"rewrap", 2, OPERANDS_MAX - 1, key_rewrap},
    {"rotate", 0, 0, key_rotate},
};

enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static int run(const struct arguments *args, struct li_error *err)
{
    const char *name = args->operand[0];

    for (size_t i = 0; i < OPERATIONS; i++) {
        const struct operation *o = &operations[i];

        if (strcmp(o->name, name) != 0)
            continue;
        if (args->count - 1 < o->least || args->count - 1 > o->most)
            return li_fail(err, CMD_EUSAGE,
                           "key %s: got %d operands after it; lambdaimg-key(1) shows how", name,
                           args->count - 1);
        return o->run(args, err);
    }
    return li_fail(
        err, CMD_EUSAGE,
        "key: \"%.100s\" is not whoami, new, check, list, add, remove, rewrap or rotate; "
        "lambdaimg-key(1) shows how",
        name);
}

const struct command command_key = {
    "key",
    "OPERATION [KMS] [REF]",
    "show, check and change the keys that open a repository",
    1,
    OPERANDS_MAX,
    options,
    run,
};
