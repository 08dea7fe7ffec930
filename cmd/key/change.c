/* SPDX-License-Identifier: Apache-2.0 */
/* Adding, removing and replacing keys: the plan is shown, and made when the user agrees. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cmd/key/key.h"

/* What the user asked for. */
struct request {
    const struct arguments *args;
    struct context context;
    struct selected selected;
    const char *spec[OPERANDS_MAX]; /* operands that are keys; context.key are these keys, open */
    size_t keys;
    struct li_wraps_change change;
    struct li_wraps wraps;
};

/* What a plan does, or has done. */
struct totals {
    size_t objects, changed, added, removed, foreign, last, failed, stray, unproven;
};

/* ---- the request ----------------------------------------------------------------------------- */

static int sort_operands(struct request *r, struct li_error *err)
{
    int rc = 0;

    for (int i = 1; rc == 0 && i < r->args->count; i++) {
        if (li_kms_is_spec(r->args->operand[i]))
            r->spec[r->keys++] = r->args->operand[i];
        else
            rc = select_image(&r->selected, r->args->operand[i], err);
    }
    return rc == 0 ? select_options(r->args, &r->selected, err) : rc;
}

static int open_all(struct request *r, bool with_key, struct li_error *err)
{
    const struct brokerage brokerage = {.key = with_key ? WITH_KEY : WITHOUT_KEY,
                                        .any_key = with_key,
                                        .writable = !flag(r->args, "dry-run"),
                                        .wraps = true,
                                        .spec = r->spec,
                                        .specs = r->keys};

    return open_brokered(r->args, &brokerage, &r->context, err);
}

static void free_request(struct request *r)
{
    li_wraps_free(&r->wraps);
    close_context(&r->context);
}

/* ---- the plan -------------------------------------------------------------------------------- */

static size_t bits(uint32_t word)
{
    return (size_t)__builtin_popcount(word);
}

static struct totals count(const struct li_wraps *wraps)
{
    struct totals t = {.objects = wraps->count};

    for (size_t i = 0; i < wraps->count; i++) {
        const struct li_wraps_object *object = &wraps->object[i];
        bool change = object->state == LI_WRAPS_CHANGE;

        t.changed += change;
        t.added += change ? bits(object->add) : 0;
        t.removed += change ? bits(object->remove) + object->remove_unnamed : 0;
        t.foreign += object->state == LI_WRAPS_FOREIGN;
        t.last += object->state == LI_WRAPS_LAST;
        t.failed += object->state == LI_WRAPS_FAILED;
        t.stray += object->state == LI_WRAPS_STRAY;
        t.unproven += bits(object->unproven);
    }
    return t;
}

static bool loses_first_salt(const struct li_wraps *wraps)
{
    for (size_t i = 0; i < wraps->count; i++)
        if (wraps->object[i].state == LI_WRAPS_CHANGE && wraps->object[i].remove_unnamed)
            return true;
    return false;
}

static void print_totals(const struct request *r, const struct totals *t, bool done)
{
    printf("%zu of %zu objects: %zu wrap%s %s, %zu %s\n", t->changed, t->objects, t->added,
           li_text_s(t->added), done ? "added" : "to add", t->removed,
           done ? "removed" : "to remove");
    if (!done && t->foreign)
        printf("%zu left alone: no wrap by %s\n", t->foreign, r->change.from->name);
    if (t->failed)
        printf("%zu %s\n", t->failed, done ? "failed" : "cannot be changed");
    if (t->stray)
        printf(
            "%zu that nothing refers to cannot be changed: left by an interrupted command, unless "
            "somebody has changed what refers to %s (see key list)\n",
            t->stray, t->stray == 1 ? "it" : "them");
    if (!done && loses_first_salt(&r->wraps))
        puts("releases up to 0.1 can then no longer push: they know only the first wrap of a salt");
}

/* Wraps that anybody who may wrap by these keys can have made, of whatever they like. */
static void print_unproven(const struct request *r)
{
    for (size_t i = 0; i < r->change.to_count; i++) {
        size_t count = 0;

        for (size_t k = 0; k < r->wraps.count; k++)
            count += r->wraps.object[k].unproven >> i & 1;
        if (count)
            printf("%zu wrap%s by %s %s there before, and could not be compared with another\n",
                   count, li_text_s(count), r->change.to[i]->name, count == 1 ? "was" : "were");
    }
}

static int print_totals_json(const struct totals *t, bool dry_run, struct li_error *err)
{
    return print_json(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "dry_run", dry_run,
                                "objects", (json_int_t)t->objects, "changed",
                                (json_int_t)t->changed, "added", (json_int_t)t->added, "removed",
                                (json_int_t)t->removed, "left_alone", (json_int_t)t->foreign,
                                "failed", (json_int_t)t->failed, "unproven",
                                (json_int_t)t->unproven, "stray", (json_int_t)t->stray),
                      err);
}

/* Prints what will be done, or was. A failure RC, which ERR has, goes before one of printing. */
static int show(const struct request *r, bool done, int rc, struct li_error *err)
{
    struct totals t = count(&r->wraps);
    struct li_error printing = LI_ERROR_INIT;

    if (!flag(r->args, "json"))
        print_totals(r, &t, done);
    else if (print_totals_json(&t, flag(r->args, "dry-run"), &printing) < 0 && rc == 0) {
        *err = printing;
        rc = err->code;
    }
    return rc;
}

/* Where nothing CHANGES, wraps that are there already are compared all the same. */
static int apply(struct request *r, bool changes, struct li_error *err)
{
    int rc =
        li_wraps_apply(r->context.repo, &r->change, &r->wraps, fetching_threads(&r->context), err);

    if (r->wraps.ended && (changes || flag(r->args, "json")))
        rc = show(r, true, rc, err);
    if (r->wraps.ended && !flag(r->args, "json"))
        print_unproven(r);
    return rc;
}

static int refuse_last(const struct totals *t, struct li_error *err)
{
    return li_fail(err, LI_EINVALID,
                   "%zu object%s would lose the last wrap, and nobody could open %s any more; "
                   "--force removes it all the same",
                   t->last, li_text_s(t->last), t->last == 1 ? "it" : "them");
}

static int show_and_apply(struct request *r, struct li_error *err)
{
    struct totals t = count(&r->wraps);
    bool agreed = t.changed == 0;
    int rc = 0;

    if (t.last)
        return refuse_last(&t, err);
    if (flag(r->args, "dry-run"))
        return show(r, false, li_wraps_failure(&r->wraps, err), err);
    if (!flag(r->args, "json"))
        show(r, false, 0, err);
    fflush(stdout);
    if (!agreed)
        rc = ask(r->args, &agreed, err);
    if (rc == 0 && !agreed)
        rc = li_fail(err, LI_ECANCELLED, "nothing was changed");
    return rc == 0 ? apply(r, t.changed > 0, err) : rc;
}

static int run(struct request *r, struct li_error *err)
{
    int rc = li_wraps_list(r->context.repo, &r->selected.selection, &r->wraps, err);

    if (rc == 0)
        rc = li_wraps_plan(r->context.repo, &r->change, &r->wraps, err);
    return rc == 0 ? show_and_apply(r, err) : rc;
}

static int finish(struct request *r, int rc, const char *what, struct li_error *err)
{
    if (rc < 0 && rc != CMD_EUSAGE)
        li_context(err, "cannot %s", what);
    free_request(r);
    return rc < 0 ? rc : EXIT_DONE;
}

/* ---- the operations -------------------------------------------------------------------------- */

int key_add(const struct arguments *args, struct li_error *err)
{
    struct request r = {.args = args, .change.unproven = flag(args, "unproven")};
    int rc = sort_operands(&r, err);

    if (rc == 0 && r.keys == 0)
        rc = li_fail(err, CMD_EUSAGE, "key add: no key is given; it is " LI_KMS_FORMS);
    if (rc == 0)
        rc = open_all(&r, true, err);
    if (rc == 0) {
        r.change.from = r.context.kms;
        memcpy(r.change.to, r.context.key, sizeof(r.change.to));
        r.change.to_count = r.keys;
        rc = run(&r, err);
    }
    return finish(&r, rc, "add the key", err);
}

/* A name that is given twice, as by two addresses of one key, is one wrap. */
static int add_removed(struct request *r, const char *name, struct li_kms *kms,
                       struct li_error *err)
{
    for (size_t i = 0; i < r->change.remove_count; i++)
        if (strcmp(r->change.remove[i], name) == 0) {
            if (!r->change.remove_key[i])
                r->change.remove_key[i] = kms;
            return 0;
        }
    if (r->change.remove_count == LI_KMS_SET_MAX)
        return li_fail(err, CMD_EUSAGE, "key remove: more than %d keys are given", LI_KMS_SET_MAX);
    r->change.remove[r->change.remove_count] = name;
    r->change.remove_key[r->change.remove_count++] = kms;
    return 0;
}

static int name_removed(struct request *r, struct li_error *err)
{
    const char *name;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < r->keys; i++)
        rc = add_removed(r, r->context.key[i]->name, r->context.key[i], err);
    for (int at = 0; rc == 0 && (name = option_next(r->args, "wrap", &at));) {
        if (!li_kms_is_name(name))
            rc = li_fail(err, CMD_EUSAGE, "--wrap %s: not the name of a wrap", name);
        else
            rc = add_removed(r, name, NULL, err);
    }
    return rc;
}

int key_remove(const struct arguments *args, struct li_error *err)
{
    struct request r = {
        .args = args, .change.force = flag(args, "force"), .change.whole = flag(args, "all")};
    int rc = sort_operands(&r, err);

    if (rc == 0 && r.keys == 0 && !flag(args, "wrap"))
        rc = li_fail(err, CMD_EUSAGE,
                     "key remove: no key is given; it is " LI_KMS_FORMS ", or --wrap NAME");
    if (rc == 0)
        rc = open_all(&r, false, err);
    if (rc == 0)
        rc = name_removed(&r, err);
    if (rc == 0)
        rc = run(&r, err);
    return finish(&r, rc, "remove the key", err);
}

int key_rewrap(const struct arguments *args, struct li_error *err)
{
    struct request r = {.args = args, .change.replace = true, .change.whole = flag(args, "all")};
    int rc = sort_operands(&r, err);

    if (rc == 0 && r.keys != 2)
        rc = li_fail(err, CMD_EUSAGE, "key rewrap: give the old key and then the new one");
    if (rc == 0)
        rc = open_all(&r, false, err);
    if (rc == 0 && strcmp(r.context.key[0]->name, r.context.key[1]->name) == 0)
        rc = li_fail(err, CMD_EUSAGE, "key rewrap: the old key and the new one are the same");
    if (rc == 0) {
        r.change.from = r.context.key[0];
        r.change.to[0] = r.context.key[1];
        r.change.to_count = 1;
        rc = add_removed(&r, r.context.key[0]->name, r.context.key[0], err);
    }
    if (rc == 0)
        rc = run(&r, err);
    return finish(&r, rc, "replace the key", err);
}
