/* SPDX-License-Identifier: Apache-2.0 */
/* Each operand is an image that is in the repository, or one that could be pushed. */
#include "cmd/diff/diff.h"

#include <string.h>

#include "cmd/common/brokered.h"
#include "cmd/common/image.h"

static const struct option_row options[] = {
    {"exit-code", 0, NULL, "end with 3 if the images differ, and with 0 only if they do not"},
    {"json", 0, NULL, "print the differences as JSON"},
    {"image", 0, "TAG", "which image to use, if an IMAGE has several: a tag or a digest"},
    {"platform", 0, "OS/ARCH",
     "which platform to use, if an IMAGE has several (default: this host's)"},
    {NULL, 0, NULL, NULL},
};

/* It must not move. */
struct diff {
    const struct arguments *args;
    struct diff_operand operand[2]; /* the old one, and the new one */
    struct context context;         /* its repository is open if an operand is in it */
};

static int parse(struct diff *d, struct li_error *err)
{
    int rc = diff_operand_parse(d->args, d->args->operand[0], &d->operand[0], err);

    if (rc == 0)
        rc = diff_operand_parse(d->args, d->args->operand[1], &d->operand[1], err);
    if (rc == 0 && strcmp(d->operand[0].text, "-") == 0 && strcmp(d->operand[1].text, "-") == 0)
        rc = li_fail(err, CMD_EUSAGE, "standard input can be read only once");
    return rc;
}

/* Opens the repository if an operand is in it. Images that are not are read, and layers spooled. */
static int open_or_confine(struct diff *d, struct li_error *err)
{
    struct brokerage brokerage = {.key = WITH_KEY};
    int rc = make_env(d->args, &d->context.env, err);

    if (rc == 0)
        rc = allow(&brokerage.allowed, d->context.env.tmpdir, true, err);
    for (int i = 0; i < 2 && rc == 0; i++)
        if (d->operand[i].flattens)
            rc = allow(&brokerage.allowed, d->operand[i].text, false, err);
    if (rc == 0 && d->operand[0].flattens && d->operand[1].flattens)
        rc = confine(d->args, &brokerage.allowed, err);
    else if (rc == 0)
        rc = open_brokered(d->args, &brokerage, &d->context, err);
    free_allowed(&brokerage.allowed);
    return rc;
}

/* Opens the manifests of operands that are in the repository, and forgets the key before anything
 * else is read. */
static int open_manifests(struct diff *d, struct li_error *err)
{
    int rc = open_or_confine(d, err);

    if (!d->context.repo)
        return rc;
    if (rc == 0)
        rc = learn_identity(&d->context, err);
    for (int i = 0; i < 2 && rc == 0; i++)
        rc = diff_operand_manifest(&d->context, &d->operand[i], err);
    forget_key(&d->context);
    return rc;
}

static int compare(struct diff *d, struct li_diff_result *result, struct li_error *err)
{
    struct diff_output output = {.old = image_text(d->operand[0].text),
                                 .new = image_text(d->operand[1].text),
                                 .as_json = flag(d->args, "json")};
    int rc = diff_operand_open(d->args, &d->context, &d->operand[0], err);

    if (rc == 0)
        rc = diff_operand_open(d->args, &d->context, &d->operand[1], err);
    if (rc == 0)
        rc = diff_begin(&output, err);
    if (rc == 0)
        rc = li_diff(d->operand[0].view, d->operand[1].view, diff_entry, &output, result, err);
    return rc == 0 ? diff_end(&output, result, err) : rc;
}

static void close_diff(struct diff *d)
{
    for (int i = 0; i < 2; i++)
        diff_operand_close(&d->operand[i]);
    close_context(&d->context);
}

/* Returns an exit code. */
static int conclude(const struct arguments *args, const struct li_diff_result *result)
{
    struct li_error said = LI_ERROR_INIT;

    if (!flag(args, "exit-code") || !diff_found(result))
        return EXIT_DONE;
    li_fail(&said, LI_ECHANGED, "%s and %s differ", image_text(args->operand[0]),
            image_text(args->operand[1]));
    fflush(stdout);
    fprintf(stderr, "lambdaimg: %s\n", said.text);
    return EXIT_SAID_NO;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct diff d = {.args = args};
    struct li_diff_result result = {.paths = 0};
    int rc = parse(&d, err);

    if (rc == 0)
        rc = open_manifests(&d, err);
    if (rc == 0)
        rc = compare(&d, &result, err);
    close_diff(&d);
    if (rc < 0)
        return li_context(err, "cannot compare %s with %s", image_text(args->operand[0]),
                          image_text(args->operand[1]));
    return conclude(args, &result);
}

const struct command command_diff = {
    "diff",  "OLD NEW", "show which files differ between two images, and what they cost", 2, 2,
    options, run,
};
