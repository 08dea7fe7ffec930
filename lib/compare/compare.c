/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three passes: the layers' tree is made, both trees are walked together, and contents are compared
 * layer by layer. The check of the layers' digests comes last, because they are computed meanwhile.
 *
 * libarchive returns names unchanged only in a locale in which it cannot convert them.
 */
#include "compare/compare.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "compare/internal.h"

/* Since this layout, an image has exactly the attributes that Linux allows on a file. */
enum { STRICT_LAYOUT = 3 };

/* Entries of a layer that is the same as a lower one allow no more steps. */
static int charge_entries(struct li_comparison *c, size_t layer, const struct li_changes *changes,
                          struct li_error *err)
{
    int rc = 0;

    if (!li_layers_repeats(c->layers, layer)) {
        c->account.entries += changes->count;
        return 0;
    }
    for (size_t i = 0; rc == 0 && i < changes->count; i++)
        rc = li_account_repeat(&c->account, strlen(changes->list[i].path), err);
    return rc;
}

/* Charges layer INDEX, before it is read, if it is the same as a lower one. */
static int charge_layer(struct li_comparison *c, size_t index, struct li_error *err)
{
    uint64_t length = 0;
    int rc;

    if (!li_layers_repeats(c->layers, index))
        return 0;
    rc = li_layers_ready(c->layers, index, &length, err);
    return rc < 0 ? rc : li_account_repeat_layer(&c->account, length, err);
}

static int make_tree(struct li_comparison *c, struct li_error *err)
{
    struct li_changes changes = {0};
    int rc = 0;

    c->root = li_object_directory();
    if (!c->root)
        return li_fail_memory(err);
    c->root->parent = c->root;
    c->root->names = 1;
    for (size_t i = 0; rc == 0 && i < li_layers_count(c->layers); i++) {
        if (!li_layers_repeats(c->layers, i))
            rc = li_compare_readers(c, i, err);
        if (rc == 0)
            rc = charge_layer(c, i, err);
        if (rc == 0)
            rc = li_changes_read(c, i, &changes, err);
        if (rc == 0)
            rc = charge_entries(c, i, &changes, err);
        if (rc == 0) {
            rc = li_changes_apply(c->root, &changes, (uint32_t)i, &c->account, err);
            if (rc < 0)
                li_context(err, "layer %s", li_layers_name(c->layers, i));
        }
        li_changes_free(&changes, &c->account);
    }
    return rc;
}

/* The result of a misreading may break any rule of layers. */
static bool is_misreading(const struct li_comparison *c, int rc)
{
    return c->result.disagreements > 0 &&
           (rc == LI_ECORRUPT || rc == LI_EINVALID || rc == LI_EUNSUPPORTED || rc == LI_ELIMIT);
}

static int compare(struct li_comparison *c, struct li_error *err)
{
    int rc = make_tree(c, err);

    if (is_misreading(c, rc))
        li_context(err, "the two readers of the layers disagree, and as libarchive reads them "
                        "nothing can be compared");
    if (rc == 0)
        rc = li_compare_trees(c, err);
    if (rc == 0)
        rc = li_compare_contents(c, err);
    return rc < 0 ? rc : li_layers_verified(c->layers, err);
}

int li_compare(const struct li_compare_sides *sides, const struct li_compare_reports *reports,
               struct li_compare_result *out, struct li_error *err)
{
    struct li_comparison c = {.files = sides->files,
                              .layers = sides->layers,
                              .strict = sides->layout >= STRICT_LAYOUT,
                              .reports = reports};
    locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0), before;
    int rc;

    if (plain == (locale_t)0)
        return li_fail_memory(err);
    before = uselocale(plain);
    rc = compare(&c, err);
    uselocale(before);
    freelocale(plain);
    if (c.root)
        li_object_release(c.root);
    li_attribute_lists_free(c.attributes);
    free(c.regular);
    if (rc < 0) {
        li_layers_blame(c.layers, err);
        return err->code;
    }
    *out = c.result;
    return 0;
}
