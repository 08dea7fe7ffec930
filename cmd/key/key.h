/* SPDX-License-Identifier: Apache-2.0 */
/* The operations of lambdaimg key, each a file or two. */
#ifndef LI_CMD_KEY_H
#define LI_CMD_KEY_H

#include "cmd/common/brokered.h"
#include "wraps/wraps.h"

/* Each returns an exit code, or enum li_err. Their operands begin at 1. */
int key_whoami(const struct arguments *args, struct li_error *err);
int key_new(const struct arguments *args, struct li_error *err);
int key_check(const struct arguments *args, struct li_error *err);
int key_list(const struct arguments *args, struct li_error *err);
int key_add(const struct arguments *args, struct li_error *err);
int key_remove(const struct arguments *args, struct li_error *err);
int key_rewrap(const struct arguments *args, struct li_error *err);
int key_rotate(const struct arguments *args, struct li_error *err);

/* select.c: which objects the operands and options mean. Zero-initialise it. */
struct selected {
    struct li_wraps_selection selection; /* of what follows */
    struct li_reference reference[OPERANDS_MAX];
    bool whole[OPERANDS_MAX];
};

/* Adds the operand TEXT, an image or a name. CMD_EUSAGE. */
int select_image(struct selected *selected, const char *text, struct li_error *err);

/* Adds --all and --salts. CMD_EUSAGE if nothing is selected then, or both all and some. */
int select_options(const struct arguments *args, struct selected *selected, struct li_error *err);

/* Sets *AGREED to whether the user agrees to what was shown: by --yes, or when they are asked.
 * CMD_EUSAGE if nobody can be asked. */
int ask(const struct arguments *args, bool *agreed, struct li_error *err);

/* "manifest", "salt" or "repository". */
const char *kind_text(const struct li_wraps_object *object);

#endif
