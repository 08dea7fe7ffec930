/* SPDX-License-Identifier: Apache-2.0 */
#include "push/push.h"

#include <stdlib.h>

#include "base/text.h"
#include "cmd/common/brokered.h"
#include "cmd/common/image.h"

static const struct option_row options[] = {
    {"dry-run", 'n', NULL, "store nothing; report what a push would add"},
    {"check-existing", 0, NULL,
     "fetch and check chunks that are already stored; replace those that fail"},
    PUSH_OPTIONS,
    {"memo", 0, "DIR", "remember what was pushed in DIR (default: ~/.cache/lambdaimg)"},
    {"no-memo", 0, NULL, "read all layers, and remember nothing"},
    {"stats", 0, NULL, "report how chunks were looked up, and count the requests"},
    {"json", 0, NULL, "print the result as JSON"},
    {NULL, 0, NULL, NULL},
};

static uint64_t all_requests(const struct li_store_stats *stats)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LI_STORE_REQUESTS; i++)
        sum += stats->requests[i];
    return sum;
}

static json_t *stats_json(const struct li_push_ways *ways, const struct li_store_stats *s)
{
    return json_pack(
        "{s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}, s:I, s:I}", "ways",
        "manifest", (json_int_t)ways->manifest, "kept", (json_int_t)ways->kept, "listing",
        (json_int_t)ways->listing, "asked", (json_int_t)ways->asked, "requests", "all",
        (json_int_t)all_requests(s), "get", (json_int_t)s->requests[LI_STORE_GET], "head",
        (json_int_t)s->requests[LI_STORE_HEAD], "put", (json_int_t)s->requests[LI_STORE_PUT],
        "list", (json_int_t)s->requests[LI_STORE_LIST], "delete",
        (json_int_t)s->requests[LI_STORE_DELETE], "repeated", (json_int_t)s->repeated, "bytes_sent",
        (json_int_t)s->sent, "bytes_received", (json_int_t)s->received);
}

static json_t *result_json(const struct li_reference *reference, const struct li_push_result *r,
                           bool dry_run)
{
    char name[sizeof(reference->name) + sizeof(reference->tag) + 1], id[2 * LI_ID_SIZE + 1];

    snprintf(name, sizeof(name), "%s:%s", reference->name, reference->tag);
    return json_pack("{s:s, s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "reference", name,
                     "manifest", dry_run ? "" : id_text(r->manifest, id), "dry_run", dry_run,
                     "chunks", (json_int_t)r->chunks, "new_chunks", (json_int_t)r->new_chunks,
                     "new_bytes", (json_int_t)r->new_bytes, "known_chunks",
                     (json_int_t)r->known_chunks, "memo_chunks", (json_int_t)r->memo_chunks,
                     "mended", (json_int_t)r->mended, "metadata_bytes", (json_int_t)r->metadata);
}

static void print_mended(uint64_t count, bool dry_run)
{
    const char *be = count == 1 ? "was" : "were";

    if (dry_run)
        be = count == 1 ? "is" : "are";
    printf("%s %llu chunk%s that %s damaged\n", dry_run ? "it would mend" : "mended",
           (unsigned long long)count, li_text_s(count), be);
}

static void print_text(const struct li_reference *reference, const struct li_push_result *r,
                       bool dry_run)
{
    char id[2 * LI_ID_SIZE + 1], size[SIZE_TEXT];

    if (dry_run)
        printf("a push to %s:%s would add: ", reference->name, reference->tag);
    else
        printf("pushed %s:%s, manifest %s: ", reference->name, reference->tag,
               id_text(r->manifest, id));
    if (r->new_chunks == 0)
        printf("nothing new, all %llu chunk%s %s there", (unsigned long long)r->chunks,
               li_text_s(r->chunks), r->chunks == 1 ? "is" : "are");
    else
        printf("%llu new of %llu chunk%s, %s", (unsigned long long)r->new_chunks,
               (unsigned long long)r->chunks, li_text_s(r->chunks), size_text(r->new_bytes, size));
    if (r->memo_chunks > 0)
        printf("; %llu known by the memo", (unsigned long long)r->memo_chunks);
    putchar('\n');
    if (r->mended > 0)
        print_mended(r->mended, dry_run);
}

static void print_stats(const struct li_push_ways *ways, const struct li_store_stats *s)
{
    char sent[SIZE_TEXT], received[SIZE_TEXT];

    printf("looked up: %llu by a manifest, %llu by what this host keeps, %llu by a listing, %llu "
           "one by one\n",
           (unsigned long long)ways->manifest, (unsigned long long)ways->kept,
           (unsigned long long)ways->listing, (unsigned long long)ways->asked);
    printf("requests: %llu (%llu GET, %llu HEAD, %llu PUT, %llu LIST, %llu DELETE), %llu of them "
           "repeated; sent %s, received %s\n",
           (unsigned long long)all_requests(s), (unsigned long long)s->requests[LI_STORE_GET],
           (unsigned long long)s->requests[LI_STORE_HEAD],
           (unsigned long long)s->requests[LI_STORE_PUT],
           (unsigned long long)s->requests[LI_STORE_LIST],
           (unsigned long long)s->requests[LI_STORE_DELETE], (unsigned long long)s->repeated,
           size_text(s->sent, sent), size_text(s->received, received));
}

static int print(const struct arguments *args, const struct context *context,
                 const struct li_reference *reference, const struct li_push_result *result,
                 struct li_error *err)
{
    bool dry_run = flag(args, "dry-run");
    struct li_store_stats stats;
    json_t *json;

    li_store_stats(context->store, &stats);
    if (!flag(args, "json")) {
        print_text(reference, result, dry_run);
        if (flag(args, "stats"))
            print_stats(&result->ways, &stats);
        return 0;
    }
    json = result_json(reference, result, dry_run);
    if (json && flag(args, "stats") &&
        json_object_set_new(json, "stats", stats_json(&result->ways, &stats)) < 0) {
        json_decref(json);
        json = NULL;
    }
    return print_json(json, err);
}

static int push(struct context *context, struct li_flattened *flattened,
                const struct li_push_options *chosen, const struct li_reference *reference,
                struct li_push_result *result, struct li_error *err)
{
    struct li_push_options pushing = *chosen;
    struct li_chunk_source source = li_flattened_source(flattened);
    struct progress_bar bar;
    struct li_progress progress;
    struct li_manifest about = {0};
    const struct li_push_image image = {.reference = reference, .about = &about, .source = &source};
    int rc = li_flattened_describe(flattened, &about, err);

    pushing.confirm = li_flattened_confirm;
    pushing.confirm_arg = flattened;
    if (rc == 0) {
        progress = begin_progress(&bar, "pushing");
        pushing.progress = &progress;
        rc = li_push_image(context->repo, &image, &pushing, result, err);
        end_progress(&bar);
    }
    li_manifest_free(&about);
    return rc;
}

/* Checks everything about the command line before the image is read, which may take long, and which
 * a pipe allows only once. */
static int parse(const struct arguments *args, struct li_flatten_options *making,
                 struct li_push_options *pushing, struct li_reference *reference,
                 struct li_error *err)
{
    int rc = seal_policy(args, &pushing->seal, err);

    pushing->dry_run = flag(args, "dry-run");
    pushing->check_existing = flag(args, "check-existing");
    if (rc == 0 && args->count > 1)
        rc = parse_tag(args->operand[1], reference, err);
    return rc == 0 ? image_options(args, args->operand[0], making, err) : rc;
}

static int run(const struct arguments *args, struct li_error *err)
{
    struct li_flattened *flattened = NULL;
    struct li_flatten_options making = {.path = NULL};
    struct li_push_options pushing = {.dry_run = false};
    struct li_push_result result = {0};
    struct li_reference reference = {0};
    struct li_error ignored = LI_ERROR_INIT;
    struct context context = {0};
    int rc = parse(args, &making, &pushing, &reference, err);

    if (rc == 0)
        rc = open_for_image(args, !flag(args, "dry-run"), NULL, &context, err);
    if (rc == 0)
        rc = check_identity(&context, err);
    if (rc == 0)
        rc = open_memo(args, &context, &making.memo, err);
    if (rc == 0)
        rc = li_flatten(&making, &context.env, &flattened, err);
    if (rc == 0) {
        print_notes(flattened);
        rc = choose_reference(args, li_flattened_image(flattened), &reference, err);
    }
    pushing.memo = making.memo;
    if (rc == 0)
        rc = push(&context, flattened, &pushing, &reference, &result, err);
    /* A push may have made it. */
    if (rc == 0)
        (void)learn_identity(&context, &ignored);
    forget_key(&context);
    if (rc == 0 && making.memo)
        (void)li_memo_save(making.memo, &ignored);
    if (rc < 0)
        li_context(err, "cannot push %s", image_text(args->operand[0]));
    else
        rc = print(args, &context, &reference, &result, err);
    li_flattened_free(flattened);
    li_memo_free(making.memo);
    close_context(&context);
    return rc < 0 ? rc : EXIT_DONE;
}

const struct command command_push = {
    "push",  "IMAGE [REF]", "flatten, seal and store an image; upload only what is new", 1, 2,
    options, run,
};
