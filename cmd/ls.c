/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cmd/common/brokered.h"

static const struct option_row options[] = {
    {"json", 0, NULL, "print the list as JSON"},
    {NULL, 0, NULL, NULL},
};

struct listing {
    struct li_repo *repo;
    bool with_key;
    json_t *json; /* NULL: print a table */
    size_t count;
    struct li_error keyless; /* the reason, if no key fits */
    struct li_error first;   /* images that cannot be read although there is a key */
    bool silent;             /* the store does not answer: no more manifests are asked for */
    size_t unreadable;
};

static void print_row(struct listing *l, const char *name, const struct li_repo_image *image,
                      const struct li_manifest *m)
{
    char id[2 * LI_ID_SIZE + 1], size[SIZE_TEXT], when[SIZE_TEXT];

    if (l->count == 0)
        printf("%-32s %-32s %10s %8s  %s\n", "IMAGE", "MANIFEST", "SIZE", "CHUNKS", "PUSHED");
    if (m)
        printf("%-32s %-32s %10s %8zu  %s\n", name, id_text(image->manifest, id),
               size_text(m->size, size), m->chunk_count, time_text(m->created, when));
    else
        printf("%-32s %-32s %10s %8s  %s\n", name, id_text(image->manifest, id), "-", "-", "-");
}

static int add_json(struct listing *l, const char *name, const struct li_repo_image *image,
                    const struct li_manifest *m, struct li_error *err)
{
    char id[2 * LI_ID_SIZE + 1], root[2 * LI_ID_SIZE + 1];
    json_t *row = json_pack("{s:s, s:s, s:s}", "reference", name, "manifest",
                            id_text(image->manifest, id), "root", id_text(image->root, root));

    if (row && m &&
        (json_object_set_new(row, "size", json_integer((json_int_t)m->size)) != 0 ||
         json_object_set_new(row, "chunks", json_integer((json_int_t)m->chunk_count)) != 0 ||
         json_object_set_new(row, "created", json_integer(m->created)) != 0)) {
        json_decref(row);
        row = NULL;
    }
    return row && json_array_append_new(l->json, row) == 0 ? 0 : li_fail_memory(err);
}

/* An image that cannot be read is listed, too, and reported at the end. */
static int visit(void *arg, const struct li_repo_image *image, struct li_error *err)
{
    struct listing *l = arg;
    char name[LI_REFERENCE_NAME_MAX + LI_REFERENCE_TAG_MAX + 2];
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct li_error why = LI_ERROR_INIT;
    bool readable;
    int rc = 0;

    snprintf(name, sizeof(name), "%s:%s", image->name, image->tag);
    readable = !l->silent && li_reference_parse(name, &reference, &why) == 0 && l->with_key &&
               li_repo_manifest(l->repo, &reference, &manifest, &why) == 0;
    l->silent |= why.code == LI_ENETWORK;
    if (!readable && (why.code == LI_EDENIED || !l->with_key))
        l->keyless = l->keyless.code ? l->keyless : why;
    else if (!readable && l->unreadable++ == 0) {
        l->first = why;
        li_context(&l->first, "%s", name);
    }
    if (l->json)
        rc = add_json(l, name, image, readable ? &manifest : NULL, err);
    else
        print_row(l, name, image, readable ? &manifest : NULL);
    l->count++;
    li_manifest_free(&manifest);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    /* Names and IDs are stored in the clear. Only the rest needs a key. */
    const struct brokerage brokerage = {.key = KEY_IF_IT_OPENS};
    struct context context = {0};
    struct listing l = {0};
    int rc = open_brokered(args, &brokerage, &context, err);

    if (rc == 0 && flag(args, "json") && !(l.json = json_array()))
        rc = li_fail_memory(err);
    l.repo = context.repo;
    l.with_key = context.kms != NULL;
    l.keyless = context.keyless;
    if (rc == 0)
        rc = li_repo_each_image(context.repo, visit, &l, err);
    forget_key(&context);
    if (rc == 0 && l.json) {
        rc = print_json(l.json, err);
        l.json = NULL;
    }
    if (rc == 0 && l.unreadable > 0) {
        *err = l.first;
        rc = li_context(err, "%zu of %zu image%s cannot be read", l.unreadable, l.count,
                        li_text_s(l.count));
    }
    if (rc == 0 && l.keyless.code != 0)
        fprintf(stderr, "lambdaimg: sizes are missing where no key fits: %s\n", l.keyless.text);
    json_decref(l.json);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_ls = {
    "ls", "", "list the images in a repository", 0, 0, options, run,
};
