/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "cmd/common/brokered.h"
#include "image/json.h"

static const struct option_row options[] = {
    {"json", 0, NULL, "print the manifest as JSON, with the OCI config of the image"},
    {NULL, 0, NULL, NULL},
};

/* Whoever holds the key may have written any text into a manifest. */
static void print_field(const char *before, const char *text)
{
    fputs(before, stdout);
    print_escaped(stdout, text);
}

/* What the image is shown with: the policy of its repository. */
struct shown {
    struct li_manifest manifest;
    struct li_repo_identity identity;
    bool known; /* IDENTITY is set: the key opens it */
};

static void print_padding(const struct shown *shown)
{
    char text[PADDING_TEXT];

    if (shown->known)
        printf("padding    sizes of stored chunks are %s\n",
               padding_text(shown->identity.policy.pad, text));
}

static void print_text(const struct shown *shown)
{
    char id[2 * LI_ID_SIZE + 1], root[2 * LI_ID_SIZE + 1], size[SIZE_TEXT], when[SIZE_TEXT];
    const struct li_manifest *m = &shown->manifest;

    printf("image      %s\n", m->reference);
    printf("manifest   %s\n", id_text(m->id, id));
    printf("root       %s\n", id_text(m->root, root));
    printf("pushed     %s\n", time_text(m->created, when));
    print_field("platform   ", m->os);
    print_field("/", m->architecture);
    putchar('\n');
    printf("size       %s, %zu chunk%s of 512 KiB that %s not all zeros\n",
           size_text(m->size, size), m->chunk_count, li_text_s(m->chunk_count),
           m->chunk_count == 1 ? "is" : "are");
    print_padding(shown);
    printf("config     %s\n", m->config_digest);
    for (size_t i = 0; i < m->layer_count; i++)
        printf("layer %-4zu diff ID %s\n", i, m->layers[i].diff_id);
    printf("layout     %u", (unsigned)m->layout);
    print_field(", by ", m->tool);
    print_field(" (", m->libraries);
    puts(")");
}

static json_t *layers_json(const struct li_manifest *m)
{
    json_t *layers = json_array();

    for (size_t i = 0; layers && i < m->layer_count; i++) {
        json_t *row =
            json_pack("{s:s, s:s}", "digest", m->layers[i].digest, "diff_id", m->layers[i].diff_id);

        if (!row || json_array_append_new(layers, row) != 0) {
            json_decref(layers);
            return NULL;
        }
    }
    return layers;
}

/* The config, with values replaced that Jansson cannot hold; null if it is not JSON. */
static int load_config(const struct li_manifest *m, json_t **out, struct li_error *err)
{
    struct li_buffer text = {.wiped = true};
    int rc = li_image_json_lenient(m->config, m->config_len, false, &text, err);

    if (rc == 0)
        *out = json_loadb((const char *)text.data, text.len, JSON_ALLOW_NUL, NULL);
    if (rc == 0 && !*out)
        *out = json_null();
    li_buffer_wipe_free(&text);
    return rc;
}

/* Null if the key does not open it. */
static json_t *pad_json(const struct shown *shown)
{
    return shown->known ? json_integer(shown->identity.policy.pad) : json_null();
}

static int print_manifest(const struct shown *shown, struct li_error *err)
{
    const struct li_manifest *m = &shown->manifest;
    char id[2 * LI_ID_SIZE + 1], root[2 * LI_ID_SIZE + 1];
    json_t *config = NULL;
    int rc = load_config(m, &config, err);

    if (rc < 0)
        return rc;
    return print_json(
        json_pack("{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:i, s:s, s:o, s:o, s:i, s:s, s:s, s:o}",
                  "reference", m->reference, "manifest", id_text(m->id, id), "root",
                  id_text(m->root, root), "created", (json_int_t)m->created, "os", m->os,
                  "architecture", m->architecture, "size", (json_int_t)m->size, "chunks",
                  (int)m->chunk_count, "config_digest", m->config_digest, "config", config,
                  "layers", layers_json(m), "layout", (int)m->layout, "tool", m->tool, "libraries",
                  m->libraries, "pad", pad_json(shown)),
        err);
}

/* Who has a key for some images only is not shown the policy. */
static int open_shown(struct context *context, const struct li_reference *reference,
                      struct shown *out, struct li_error *err)
{
    int rc = check_identity(context, err);

    if (rc == 0)
        rc = li_repo_identity(context->repo, &out->identity, err);
    out->known = rc == 0;
    if (rc == LI_EDENIED) {
        li_error_clear(err);
        rc = 0;
    }
    if (rc == 0)
        rc = li_repo_manifest(context->repo, reference, &out->manifest, err);
    forget_key(context);
    return rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct shown shown = {.known = false};
    struct li_reference reference;
    struct context context = {0};
    int rc = parse_reference(args->operand[0], &reference, err);

    if (rc == 0)
        rc = open_brokered(args, &(struct brokerage){.key = WITH_KEY}, &context, err);
    if (rc == 0)
        rc = open_shown(&context, &reference, &shown, err);
    if (rc < 0)
        li_context(err, "cannot inspect %s", args->operand[0]);
    else if (flag(args, "json"))
        rc = print_manifest(&shown, err);
    else
        print_text(&shown);
    li_manifest_free(&shown.manifest);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_inspect = {
    "inspect", "REF", "show what an image is made of", 1, 1, options, run,
};
