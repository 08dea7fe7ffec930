/* SPDX-License-Identifier: Apache-2.0 */
/* An image that is compared: in the repository, or one that could be pushed. */
#include "cmd/common/image.h"
#include "cmd/diff/diff.h"
#include "cmd/report/report.h"

/* Bytes of chunks to keep. */
enum { MEMORY = 64 << 20 };

int diff_operand_parse(const struct arguments *args, const char *text, struct diff_operand *out,
                       struct li_error *err)
{
    out->text = text;
    out->flattens = is_image(text);
    if (out->flattens)
        return image_options(args, text, &out->making, err);
    return parse_reference(text, &out->reference, err);
}

int diff_operand_manifest(struct context *context, struct diff_operand *o, struct li_error *err)
{
    int rc = 0;

    if (!o->flattens)
        rc = li_repo_manifest(context->repo, &o->reference, &o->manifest, err);
    li_manifest_forget_config(&o->manifest);
    return rc;
}

static int flatten(struct context *context, struct diff_operand *o,
                   const struct li_view_options *options, struct li_error *err)
{
    struct li_view_options viewing = *options;
    struct li_chunk_source source;
    struct progress_bar bar;
    struct li_progress progress;
    int rc = li_flatten(&o->making, &context->env, &o->flattened, err);

    if (rc < 0)
        return rc;
    print_notes(o->flattened);
    source = li_flattened_source(o->flattened);
    progress = begin_progress(&bar, "reading");
    viewing.progress = &progress;
    viewing.workers = context->env.threads;
    rc = li_view_source(&source, &viewing, &o->view, err);
    end_progress(&bar);
    return rc < 0 ? rc : li_flattened_confirm(o->flattened, err);
}

int diff_operand_open(const struct arguments *args, struct context *context, struct diff_operand *o,
                      struct li_error *err)
{
    struct li_view_options viewing = {.memory = MEMORY};
    int rc = store_timeout(args, &viewing.deadline, err);

    if (rc == 0 && o->flattens)
        rc = flatten(context, o, &viewing, err);
    if (rc == 0 && !o->flattens) {
        viewing.workers = fetching_threads(context);
        rc = li_view_stored(context->repo, &o->manifest, &viewing, &o->view, err);
    }
    return rc < 0 ? li_context(err, "%s", image_text(o->text)) : 0;
}

void diff_operand_close(struct diff_operand *o)
{
    li_view_free(o->view);
    li_flattened_free(o->flattened);
    li_manifest_free(&o->manifest);
}
