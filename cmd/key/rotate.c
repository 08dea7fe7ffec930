/* SPDX-License-Identifier: Apache-2.0 */
/* Making anew what can be made without touching what is stored: the salt of what is pushed. */
#include "cmd/key/key.h"

#include <string.h>

#include "repo/roots.h"
#include "repo/salt.h"

/* What will be made, or was. */
struct rotation {
    const struct arguments *args;
    struct context context;
    struct li_root before, after; /* AFTER has no ID before it is made */
    struct li_wraps wraps;        /* of the salts */
    const struct li_wraps_object *old;
};

static const struct li_kms *key_at(const struct rotation *r, size_t index)
{
    return li_kms_member(r->context.kms, "salt", index);
}

/* Whether NAME, for which the old salt is wrapped, is one of the keys. */
static bool is_kept(const struct rotation *r, const char *name)
{
    const struct li_kms *kms;

    for (size_t i = 0; (kms = key_at(r, i)); i++)
        if (strcmp(kms->name, name) == 0)
            return true;
    return false;
}

/* Where salts have a key of their own, readers must not get the new one because somebody forgot
 * that key. */
static int check_keys(struct rotation *r, struct li_error *err)
{
    struct li_secret salt = {{0}};
    int rc = li_salt_open(r->context.repo, r->before.salt, &salt, err);

    li_secret_wipe(&salt);
    if (rc == 0 || rc == LI_ENETWORK || rc == LI_ENOMEM)
        return rc;
    if (!flag(r->args, "force"))
        return li_context(err, "for these keys the new salt would be wrapped, and they do not open "
                               "the one in use (--force makes it all the same)");
    li_error_clear(err);
    return 0;
}

static int look(struct rotation *r, struct li_error *err)
{
    static const struct li_wraps_selection salts = {.salts = true};
    int rc = li_root_active(r->context.repo, &r->before, err);

    if (rc == 0)
        rc = check_keys(r, err);
    if (rc == 0)
        rc = li_wraps_list(r->context.repo, &salts, &r->wraps, err);
    for (size_t i = 0; rc == 0 && i < r->wraps.count; i++)
        if (r->wraps.object[i].kind == LI_WRAPS_SALT &&
            memcmp(r->wraps.object[i].id, r->before.salt, LI_ID_SIZE) == 0)
            r->old = &r->wraps.object[i];
    return rc;
}

static void print_plan(const struct rotation *r)
{
    const struct li_kms *kms;

    puts("a new salt, for all that is pushed from now on; no chunk that is stored now is shared "
         "with "
         "that");
    fputs("it is wrapped for ", stdout);
    for (size_t i = 0; (kms = key_at(r, i)); i++)
        printf("%s%s", i ? ", " : "", kms->name);
    putchar('\n');
    for (size_t i = 0; r->old && i < r->old->names; i++)
        if (!is_kept(r, r->wraps.name[r->old->name + i]))
            printf("not for %s: whoever has that key alone can push no more\n",
                   r->wraps.name[r->old->name + i]);
}

static json_t *names_json(const struct rotation *r)
{
    json_t *names = json_array();
    const struct li_kms *kms;

    for (size_t i = 0; (kms = key_at(r, i)); i++)
        json_array_append_new(names, json_string(kms->name));
    return names;
}

static json_t *lost_json(const struct rotation *r)
{
    json_t *names = json_array();

    for (size_t i = 0; r->old && i < r->old->names; i++)
        if (!is_kept(r, r->wraps.name[r->old->name + i]))
            json_array_append_new(names, json_string(r->wraps.name[r->old->name + i]));
    return names;
}

static int print_json_result(const struct rotation *r, bool made, struct li_error *err)
{
    char root[2 * LI_ID_SIZE + 1], salt[2 * LI_ID_SIZE + 1];

    id_text(r->after.id, root);
    id_text(r->after.salt, salt);
    return print_json(json_pack("{s:b, s:o, s:o, s:o, s:o}", "dry_run", !made, "root",
                                made ? json_string(root) : json_null(), "salt",
                                made ? json_string(salt) : json_null(), "wraps", names_json(r),
                                "not_for", lost_json(r)),
                      err);
}

static int make(struct rotation *r, struct li_error *err)
{
    char id[2 * LI_ID_SIZE + 1];
    int rc = li_root_rotate(r->context.repo, &r->after, err);

    if (rc < 0)
        return rc;
    if (flag(r->args, "json"))
        return print_json_result(r, true, err);
    printf("pushes go into the new root %s\n", id_text(r->after.id, id));
    return 0;
}

static int show_and_make(struct rotation *r, struct li_error *err)
{
    bool json = flag(r->args, "json"), agreed = false;
    int rc;

    if (!json)
        print_plan(r);
    if (flag(r->args, "dry-run"))
        return json ? print_json_result(r, false, err) : 0;
    fflush(stdout);
    rc = ask(r->args, &agreed, err);
    if (rc == 0 && !agreed)
        rc = li_fail(err, LI_ECANCELLED, "nothing was changed");
    return rc == 0 ? make(r, err) : rc;
}

int key_rotate(const struct arguments *args, struct li_error *err)
{
    const struct brokerage brokerage = {
        .key = WITH_KEY, .writable = !flag(args, "dry-run"), .wraps = true};
    struct rotation r = {.args = args};
    int rc = open_brokered(args, &brokerage, &r.context, err);

    if (rc == 0)
        rc = check_identity(&r.context, err);
    if (rc == 0)
        rc = look(&r, err);
    if (rc == 0)
        rc = show_and_make(&r, err);
    if (rc < 0 && rc != CMD_EUSAGE)
        li_context(err, "cannot make a new salt");
    li_wraps_free(&r.wraps);
    close_context(&r.context);
    return rc < 0 ? rc : EXIT_DONE;
}
