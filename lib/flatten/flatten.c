/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each part refers to the one before it, so they are opened in this order and freed in the opposite
 * order. The memo owns its records. It gets the image before the layers are opened, because it
 * decides which layers are read at all.
 */
#include "flatten/flatten.h"

#include <stdlib.h>

#include "layer/layer.h"

struct li_flattened {
    const struct li_env *env;
    struct li_image *image;
    struct li_layers *layers;
    struct li_tree *tree;
    struct li_ext4 *plan;
};

static int put_together(const struct li_flatten_options *options, struct li_flattened *out,
                        struct li_error *err)
{
    struct li_record *records = NULL;
    int rc = li_image_open(options->path, &options->image, out->env, &out->image, err);

    if (rc == 0 && options->memo)
        rc = li_memo_recall(options->memo, out->image, &records, err);
    if (rc == 0)
        rc = li_layers_open_known(out->image, out->env, records, &out->layers, err);
    if (rc == 0)
        rc = li_tree_build(out->layers, options->layout, &out->tree, err);
    if (rc == 0)
        rc = li_ext4_plan(out->tree, &options->room, &out->plan, err);
    return rc;
}

/* *MERGED, which may be NULL, says whether the tree was built; a failure is then the plan's. */
static int flatten(const struct li_flatten_options *options, const struct li_env *env,
                   struct li_flattened **out, bool *merged, struct li_error *err)
{
    struct li_flattened *flattened = calloc(1, sizeof(*flattened));
    int rc;

    if (!flattened)
        return li_fail_memory(err);
    flattened->env = env;
    rc = put_together(options, flattened, err);
    if (merged)
        *merged = flattened->tree != NULL;
    if (rc < 0) {
        li_flattened_free(flattened);
        return rc;
    }
    *out = flattened;
    return 0;
}

int li_flatten(const struct li_flatten_options *options, const struct li_env *env,
               struct li_flattened **out, struct li_error *err)
{
    return flatten(options, env, out, NULL, err);
}

int li_flatten_again(const struct li_flatten_options *options, const struct li_manifest *manifest,
                     const struct li_env *env, struct li_flattened **out, struct li_error *err)
{
    struct li_flatten_options again = *options;
    bool merged = false;
    int rc;

    again.layout = manifest->layout;
    /* One size gives one image, whatever led to it. */
    again.room = (struct li_ext4_room){LI_EXT4_ROOM_SIZE, manifest->size};
    rc = flatten(&again, env, out, &merged, err);
    if (rc == LI_EINVALID && merged)
        rc = li_fail(
            err, LI_EINVALID,
            "it is not the image that was pushed: its files do not fit in that image's %llu "
            "bytes",
            (unsigned long long)manifest->size);
    return rc;
}

void li_flattened_free(struct li_flattened *flattened)
{
    if (!flattened)
        return;
    li_ext4_free(flattened->plan);
    li_tree_free(flattened->tree);
    li_layers_free(flattened->layers);
    li_image_free(flattened->image);
    free(flattened);
}

struct li_chunk_source li_flattened_source(const struct li_flattened *flattened)
{
    return li_ext4_source(flattened->plan);
}

int li_flattened_confirm(void *arg, struct li_error *err)
{
    const struct li_flattened *flattened = arg;

    return li_layers_verified(flattened->layers, err);
}

int li_flattened_write(struct li_flattened *flattened, const char *path,
                       const struct li_progress *progress, struct li_error *err)
{
    struct li_chunk_source source = li_ext4_source(flattened->plan);
    const struct li_chunk_file file = {path, flattened->env->threads, li_flattened_confirm,
                                       flattened, progress};

    return li_chunk_write_file(&source, &file, err);
}

const struct li_image *li_flattened_image(const struct li_flattened *flattened)
{
    return flattened->image;
}

const struct li_tree *li_flattened_tree(const struct li_flattened *flattened)
{
    return flattened->tree;
}

const struct li_ext4 *li_flattened_plan(const struct li_flattened *flattened)
{
    return flattened->plan;
}
