/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout VERSION IMAGE FILE, layout VERSION IMAGE NAME:TAG [STATED]: converts an image, or pushes
 * it to the repository of LAMBDAIMG_REPO, by the layout of that version, as a lambdaimg did when
 * that was the latest. The manifest states that version, or STATED. The program itself makes new
 * images by the latest only.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/common/context.h"
#include "flatten/flatten.h"
#include "push/push.h"

const struct command *const commands[] = {NULL};

/* Each option has its default. */
const struct option_row common_options[] = {{NULL, 0, NULL, NULL}};
static const struct command command = {.name = "layout"};

static int push(const struct arguments *args, struct li_flattened *flattened, char **operands,
                struct li_error *err)
{
    struct li_push_options options = {.seal = {.codec = LI_CODEC_ZSTD, .level = 3},
                                      .confirm = li_flattened_confirm,
                                      .confirm_arg = flattened};
    struct li_chunk_source source = li_flattened_source(flattened);
    struct li_push_result result;
    struct li_reference reference;
    struct li_manifest about = {0};
    struct li_push_image image = {&reference, &about, &source};
    struct context context = {0};
    int rc = parse_reference(operands[0], &reference, err);

    if (rc == 0)
        rc = open_connections(args, true, &context, err);
    if (rc == 0)
        rc = li_repo_open(context.store, context.kms, &context.env, &context.repo, err);
    if (rc == 0)
        rc = li_flattened_describe(flattened, &about, err);
    if (rc == 0 && operands[1])
        about.layout = (uint32_t)strtoul(operands[1], NULL, 10);
    if (rc == 0)
        rc = li_push_image(context.repo, &image, &options, &result, err);
    li_manifest_free(&about);
    close_context(&context);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments args = {.command = &command};
    struct li_flatten_options options = {.path = NULL};
    struct li_flattened *flattened = NULL;
    struct li_error err = LI_ERROR_INIT;
    struct li_env env;
    int rc;

    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: layout VERSION IMAGE FILE|NAME:TAG [STATED]\n");
        return 2;
    }
    options.path = argv[2];
    options.layout = (uint32_t)strtoul(argv[1], NULL, 10);
    rc = make_env(&args, &env, &err);
    if (rc == 0)
        rc = li_flatten(&options, &env, &flattened, &err);
    if (rc == 0 && strchr(argv[3], ':'))
        rc = push(&args, flattened, argv + 3, &err);
    else if (rc == 0)
        rc = li_flattened_write(flattened, argv[3], NULL, &err);
    if (rc < 0)
        fprintf(stderr, "layout: %s\n", err.text);
    li_flattened_free(flattened);
    return rc < 0;
}
