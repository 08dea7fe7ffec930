/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stored side is read like a mount reads it, with the ext4 reader. The other side is an image
 * that was just opened. So we compare what a mount would show.
 */
#include "compare/stored.h"

#include "layer/layout.h"
#include "stored/stored.h"

/* Bytes of chunks to keep, and seconds that a read may wait for one. */
enum { MEMORY = 64 << 20, DEADLINE = 120 };

/* Zero-initialised. */
struct sides {
    struct li_image *image;
    struct li_layers *layers;
    struct li_stored *stored;
};

static int open_original(const struct li_compare_stored *what, struct sides *out,
                         struct li_error *err)
{
    int rc = li_image_open(what->path, &what->image, what->env, &out->image, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; what->note && i < li_image_notes(out->image); i++)
        what->note(what->note_arg, li_image_note(out->image, i));
    return li_layers_open(out->image, what->env, &out->layers, err);
}

static int open_stored(const struct li_compare_stored *what, struct sides *out,
                       struct li_error *err)
{
    const struct li_stored_options options = {.reading = {MEMORY, what->env->threads, DEADLINE}};

    return li_stored_manifest(what->repo, what->manifest, &options, &out->stored, err);
}

int li_compare_stored(const struct li_compare_stored *what,
                      const struct li_compare_reports *reports, struct li_compare_result *out,
                      struct li_error *err)
{
    struct sides sides = {0};
    int rc = li_layout_check(what->manifest->layout, err);

    if (rc == 0)
        rc = open_original(what, &sides, err);
    if (rc == 0)
        rc = open_stored(what, &sides, err);
    if (rc == 0)
        rc = li_compare(&(struct li_compare_sides){li_stored_files(sides.stored), sides.layers,
                                                   what->manifest->layout},
                        reports, out, err);
    li_stored_free(sides.stored);
    li_layers_free(sides.layers);
    li_image_free(sides.image);
    return rc;
}
