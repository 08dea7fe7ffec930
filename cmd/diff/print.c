/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/text.h"
#include "cmd/diff/diff.h"
#include "cmd/report/report.h"

static const char *const kinds[] = {
    [LI_DIFF_ADDED] = "added", [LI_DIFF_CHANGED] = "changed", [LI_DIFF_REMOVED] = "removed"};

static const struct {
    unsigned what;
    const char *text;
} words[] = {{LI_DIFF_TYPE, "type"},     {LI_DIFF_CONTENTS, "contents"},
             {LI_DIFF_TARGET, "target"}, {LI_DIFF_DEVICE, "device"},
             {LI_DIFF_MODE, "mode"},     {LI_DIFF_OWNER, "owner"},
             {LI_DIFF_TIME, "time"},     {LI_DIFF_ATTRIBUTES, "attributes"},
             {LI_DIFF_LINKS, "links"}};

enum { WORDS = sizeof(words) / sizeof(words[0]) };

bool diff_found(const struct li_diff_result *result)
{
    return result->added || result->changed || result->removed;
}

/* ---- text ------------------------------------------------------------------------------------ */

static void print_row(const struct diff_output *output, const struct li_diff_entry *entry)
{
    char size[SIZE_TEXT];
    bool more = false;

    if (output->told == 0)
        printf("%-7s %7s %11s  PATH\n", "CHANGE", "CHUNKS", "BYTES");
    if (entry->cost.chunks)
        printf("%-7s %7llu %11s  ", kinds[entry->kind], (unsigned long long)entry->cost.chunks,
               size_text(entry->cost.bytes, size));
    else
        printf("%-7s %7s %11s  ", kinds[entry->kind], "-", "-");
    print_path(stdout, entry->path);
    for (size_t i = 0; i < WORDS; i++)
        if (entry->what & words[i].what) {
            printf("%s%s", more ? ", " : " (", words[i].text);
            more = true;
        }
    puts(more ? ")" : "");
}

static void print_chunks(const char *one, const char *other, const struct li_diff_chunks *sum)
{
    char all[SIZE_TEXT], changed[SIZE_TEXT], same[SIZE_TEXT], rest[SIZE_TEXT];

    print_shown(stdout, one);
    printf(" has %llu chunk%s (%s) that ", (unsigned long long)sum->chunks, li_text_s(sum->chunks),
           size_text(sum->bytes, all));
    print_shown(stdout, other);
    printf(" does not have");
    if (sum->chunks)
        printf(": %s of files that differ, %s of other files in them, %s of metadata and room",
               size_text(sum->changed, changed), size_text(sum->same, same),
               size_text(sum->rest, rest));
    putchar('\n');
}

static void print_summary(const struct diff_output *output, const struct li_diff_result *r)
{
    if (diff_found(r))
        printf("\n%llu added, %llu changed and %llu removed of %llu path%s\n",
               (unsigned long long)r->added, (unsigned long long)r->changed,
               (unsigned long long)r->removed, (unsigned long long)r->paths, li_text_s(r->paths));
    else
        printf("no difference in %llu path%s\n", (unsigned long long)r->paths, li_text_s(r->paths));
    printf("%llu chunk%s in both\n", (unsigned long long)r->common,
           r->common == 1 ? " is" : "s are");
    print_chunks(output->new, output->old, &r->fresh);
    print_chunks(output->old, output->new, &r->gone);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static int dump(json_t *json, size_t flags, struct li_error *err)
{
    int rc = 0;

    if (!json)
        return li_fail_memory(err);
    if (json_dumpf(json, stdout, flags) != 0)
        rc = ferror(stdout) ? li_fail(err, LI_EIO, "cannot write to standard output")
                            : li_fail_memory(err);
    json_decref(json);
    return rc;
}

/* What changed, as an array; NULL if memory ran out. */
static json_t *what_json(unsigned what)
{
    json_t *list = json_array();

    for (size_t i = 0; list && i < WORDS; i++)
        if (what & words[i].what && json_array_append_new(list, json_string(words[i].text)) != 0) {
            json_decref(list);
            list = NULL;
        }
    return list;
}

static int dump_row(const struct diff_output *output, const struct li_diff_entry *entry,
                    struct li_error *err)
{
    char mode[16];

    snprintf(mode, sizeof(mode), "%06o", (unsigned)entry->mode);
    fputs(output->told ? ",\n" : "\n", stdout);
    return dump(json_pack("{s:o, s:s, s:o, s:s, s:I, s:I, s:I}", "path", path_json(entry->path),
                          "change", kinds[entry->kind], "what", what_json(entry->what), "mode",
                          mode, "size", (json_int_t)entry->size, "chunks",
                          (json_int_t)entry->cost.chunks, "bytes", (json_int_t)entry->cost.bytes),
                JSON_COMPACT, err);
}

static json_t *chunks_json(const struct li_diff_chunks *sum)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "chunks", (json_int_t)sum->chunks, "bytes",
                     (json_int_t)sum->bytes, "differ", (json_int_t)sum->changed, "same",
                     (json_int_t)sum->same, "rest", (json_int_t)sum->rest);
}

static int dump_totals(const struct diff_output *output, const struct li_diff_result *r,
                       struct li_error *err)
{
    fputs(output->told ? "\n], \"totals\": " : "], \"totals\": ", stdout);
    if (dump(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:o, s:o}", "equal", !diff_found(r), "paths",
                       (json_int_t)r->paths, "added", (json_int_t)r->added, "changed",
                       (json_int_t)r->changed, "removed", (json_int_t)r->removed, "common",
                       (json_int_t)r->common, "only_new", chunks_json(&r->fresh), "only_old",
                       chunks_json(&r->gone)),
             0, err) < 0)
        return err->code;
    puts("}");
    return 0;
}

/* ---- both ------------------------------------------------------------------------------------ */

int diff_begin(const struct diff_output *output, struct li_error *err)
{
    int rc = 0;

    if (!output->as_json)
        return 0;
    printf("{\"format\": %d, \"kind\": \"diff\", \"old\": ", DIFF_FORMAT);
    rc = dump(path_json(output->old), JSON_ENCODE_ANY, err);
    fputs(", \"new\": ", stdout);
    if (rc == 0)
        rc = dump(path_json(output->new), JSON_ENCODE_ANY, err);
    fputs(", \"files\": [", stdout);
    return rc;
}

int diff_entry(void *arg, const struct li_diff_entry *entry, struct li_error *err)
{
    struct diff_output *output = arg;
    int rc = 0;

    if (output->as_json)
        rc = dump_row(output, entry, err);
    else
        print_row(output, entry);
    output->told++;
    return rc;
}

int diff_end(const struct diff_output *output, const struct li_diff_result *result,
             struct li_error *err)
{
    if (output->as_json)
        return dump_totals(output, result, err);
    print_summary(output, result);
    return 0;
}
