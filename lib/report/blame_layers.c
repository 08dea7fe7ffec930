/* SPDX-License-Identifier: Apache-2.0 */
/* The layers of an image, with the command that made each, if the config has a history. */
#include <stdlib.h>
#include <string.h>

#include "image/json.h"
#include "report/blame_internal.h"

/* Whether an entry of the history stands for a layer: unless its "empty_layer" is true. */
static bool makes_layer(const struct li_image_json *entry)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_image_json empty;

    return li_image_json_get(entry, "empty_layer", JSON_TRUE, &empty, &ignored) != 0;
}

/* Takes the lines of the layers, and counts the entries that stand for one. */
static int take_history(const struct li_image_json *history, struct li_blame *blame, size_t *count,
                        struct li_error *err)
{
    int rc = 0;

    *count = 0;
    for (size_t i = 0; i < li_image_json_length(history) && rc == 0; i++) {
        struct li_image_json entry;
        const char *line = "";

        rc = li_image_json_item(history, i, JSON_OBJECT, &entry, err);
        if (rc == 0)
            rc = li_image_json_string(&entry, "created_by", &line, err);
        if (rc < 0 || !makes_layer(&entry) || (*count)++ >= blame->layers || !*line)
            continue;
        blame->layer[*count - 1].created_by = strdup(line);
        if (!blame->layer[*count - 1].created_by)
            rc = li_fail_memory(err);
    }
    return rc;
}

static void forget_lines(struct li_blame *blame)
{
    for (size_t i = 0; i < blame->layers; i++) {
        free(blame->layer[i].created_by);
        blame->layer[i].created_by = NULL;
    }
}

/* No engine checks a history, so one that is broken, or does not fit the layers, is ignored. */
static int read_history(const struct li_image *image, struct li_blame *blame, struct li_error *err)
{
    struct li_image_json config = {.value = NULL}, history;
    size_t len = 0, count = 0;
    const char *text = li_image_config(image, &len);
    int rc = li_image_json_parse("config", text, len, JSON_OBJECT, &config, err);

    if (rc == 0)
        rc = li_image_json_get(&config, "history", JSON_ARRAY, &history, err);
    if (rc == 0)
        rc = take_history(&history, blame, &count, err);
    li_image_json_free(&config);
    if (rc != 0 || count != blame->layers)
        forget_lines(blame);
    if (rc == LI_ENOMEM)
        return rc;
    li_error_clear(err);
    return 0;
}

int li_blame_layers(const struct li_flattened *flattened, struct li_blame *blame,
                    struct li_error *err)
{
    const struct li_layers *layers = li_tree_layers(li_flattened_tree(flattened));
    size_t count = li_layers_count(layers);

    blame->layer = calloc(count + 1, sizeof(*blame->layer));
    if (!blame->layer)
        return li_fail_memory(err);
    blame->layers = count;
    for (size_t i = 0; i < count; i++)
        memcpy(blame->layer[i].diff_id, li_layers_diff_id(layers, i), LI_DIGEST_SIZE);
    return read_history(li_flattened_image(flattened), blame, err);
}
