/* SPDX-License-Identifier: Apache-2.0 */
/* Who can open what, as the store says it; no key is needed. */
#include "base/text.h"
#include "cmd/key/key.h"

static void print_object(const struct li_wraps *wraps, const struct li_wraps_object *object)
{
    char id[2 * LI_ID_SIZE + 1];

    printf("%-10s %s ", kind_text(object), id_text(object->id, id));
    if (object->unnamed)
        fputs(object->names ? "(the first key), " : "(the first key)", stdout);
    for (size_t i = 0; i < object->names; i++)
        printf("%s%s", i ? ", " : "", wraps->name[object->name + i]);
    fputs(object->names || object->unnamed ? "" : "nothing", stdout);
    puts(object->stray ? " (nothing refers to it)" : "");
}

static json_t *object_json(const struct li_wraps *wraps, const struct li_wraps_object *object)
{
    char id[2 * LI_ID_SIZE + 1], root[2 * LI_ID_SIZE + 1];
    json_t *names = json_array();

    for (size_t i = 0; i < object->names; i++)
        json_array_append_new(names, json_string(wraps->name[object->name + i]));
    id_text(object->id, id);
    id_text(object->root, root);
    return json_pack("{s:s, s:s, s:s*, s:o, s:b, s:b}", "kind", kind_text(object), "id", id, "root",
                     object->kind == LI_WRAPS_MANIFEST ? root : NULL, "wraps", names, "first_key",
                     object->unnamed, "stray", object->stray);
}

static int print_list(const struct arguments *args, const struct li_wraps *wraps,
                      struct li_error *err)
{
    json_t *json;

    if (flag(args, "json")) {
        json = json_array();
        for (size_t i = 0; i < wraps->count; i++)
            json_array_append_new(json, object_json(wraps, &wraps->object[i]));
        return print_json(json, err);
    }
    for (size_t i = 0; i < wraps->count; i++)
        print_object(wraps, &wraps->object[i]);
    return 0;
}

int key_list(const struct arguments *args, struct li_error *err)
{
    struct selected selected = {.selection = {.all = false}};
    struct context context = {0};
    struct li_wraps wraps = {0};
    int rc = 0;

    for (int i = 1; rc == 0 && i < args->count; i++)
        rc = select_image(&selected, args->operand[i], err);
    if (rc == 0)
        rc = select_options(args, &selected, err);
    if (rc == 0)
        rc = open_brokered(args, &(struct brokerage){.key = WITHOUT_KEY}, &context, err);
    if (rc == 0)
        rc = li_wraps_list(context.repo, &selected.selection, &wraps, err);
    if (rc == 0)
        rc = print_list(args, &wraps, err);
    else if (rc != CMD_EUSAGE)
        li_context(err, "cannot list the wraps");
    li_wraps_free(&wraps);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}
