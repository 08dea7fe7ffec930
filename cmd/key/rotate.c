/* SPDX-License-Identifier: Apache-2.0 */
/* Making anew what can be made without touching what is stored: the salt of what is pushed. */
#include "cmd/key/key.h"

#include <string.h>

#include "repo/roots.h"
#include "repo/wrapped.h"

/* What will be made, or was. */
struct rotation {
    const struct arguments *args;
    struct context context;
    struct li_root before, after, active; /* AFTER has no ID before it is MADE */
    bool made;
    struct li_wraps wraps; /* of the salts */
    const struct li_wraps_object *old;
    uint32_t newly;  /* a bit for each key that does not open the old salt */
    bool first_kept; /* one of the keys opens the old salt's wrap without a name */
};

static struct li_kms *key_at(const struct rotation *r, size_t index)
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

/* The next name from *AT on for which the old salt is wrapped, and the new one is not; or NULL. */
static const char *next_lost(const struct rotation *r, size_t *at)
{
    while (r->old && *at < r->old->names) {
        const char *name = r->wraps.name[r->old->name + (*at)++];

        if (!is_kept(r, name))
            return name;
    }
    return NULL;
}

static bool is_first_lost(const struct rotation *r)
{
    return r->old && r->old->unnamed && !r->first_kept;
}

/* ---- for whom -------------------------------------------------------------------------------- */

/* That a key does not open the old salt, or that nobody can any more, is what --force is for. */
static bool is_forced(const struct rotation *r, int rc)
{
    return (rc == LI_EDENIED || rc == LI_ECORRUPT) && flag(r->args, "force");
}

static int check_key(struct rotation *r, size_t index, struct li_kms *kms, struct li_error *err)
{
    struct li_wrapped salt = li_wrapped_salt(r->before.salt);
    struct li_secret secret = {{0}};
    int rc = li_wrapped_open_by(r->context.repo, kms, &salt, &secret, err);

    li_secret_wipe(&secret);
    if (rc == LI_EDENIED || rc == LI_ECORRUPT)
        r->newly |= UINT32_C(1) << index;
    if (is_forced(r, rc)) {
        li_error_clear(err);
        return 0;
    }
    if (rc == LI_EDENIED)
        li_context(err,
                   "the key %s would open the new salt, and does not open the one in use "
                   "(--force makes it all the same)",
                   kms->name);
    else if (rc == LI_ECORRUPT)
        li_context(err, "the salt in use is damaged (--force makes a new one all the same)");
    return rc;
}

static int check_first(struct rotation *r, struct li_kms *kms, struct li_error *err)
{
    bool yes = false;
    int rc = r->old ? li_wraps_opens_unnamed(r->context.repo, r->old, kms, &yes, err) : 0;

    r->first_kept = r->first_kept || yes;
    if (!is_forced(r, rc))
        return rc;
    li_error_clear(err);
    return 0;
}

/* Where salts have a key of their own, readers must not get the new one because somebody named
 * their key, too. So each key must open the old one. */
static int check_keys(struct rotation *r, struct li_error *err)
{
    struct li_kms *kms;
    int rc = 0;

    for (size_t i = 0; rc == 0 && (kms = key_at(r, i)); i++) {
        rc = check_key(r, i, kms, err);
        if (rc == 0)
            rc = check_first(r, kms, err);
    }
    return rc;
}

static int look(struct rotation *r, struct li_error *err)
{
    static const struct li_wraps_selection salts = {.salts = true};
    int rc = li_root_rotate_check(r->context.repo, &r->before, err);

    if (rc == 0)
        rc = li_wraps_list(r->context.repo, &salts, &r->wraps, err);
    for (size_t i = 0; rc == 0 && i < r->wraps.count; i++)
        if (r->wraps.object[i].kind == LI_WRAPS_SALT &&
            memcmp(r->wraps.object[i].id, r->before.salt, LI_ID_SIZE) == 0)
            r->old = &r->wraps.object[i];
    return rc == 0 ? check_keys(r, err) : rc;
}

/* ---- what is shown --------------------------------------------------------------------------- */

static void print_plan(const struct rotation *r)
{
    const struct li_kms *kms;
    const char *name;

    puts("a new salt, for all that is pushed from now on; no chunk that is stored now is shared "
         "with that");
    fputs("it is wrapped for ", stdout);
    for (size_t i = 0; (kms = key_at(r, i)); i++)
        printf("%s%s", i ? ", " : "", kms->name);
    putchar('\n');
    for (size_t i = 0; (kms = key_at(r, i)); i++)
        if (r->newly >> i & 1)
            printf("newly for %s, which does not open the salt in use\n", kms->name);
    if (is_first_lost(r))
        puts("not for the first key of the salt in use: whoever has that key alone can push no "
             "more");
    for (size_t at = 0; (name = next_lost(r, &at));)
        printf("not for %s: whoever has that key alone can push no more\n", name);
}

/* The names of the keys; if NEWLY is set, only of those that did not open the old salt. */
static json_t *names_json(const struct rotation *r, bool newly)
{
    json_t *names = json_array();
    const struct li_kms *kms;

    for (size_t i = 0; (kms = key_at(r, i)); i++)
        if (!newly || r->newly >> i & 1)
            json_array_append_new(names, json_string(kms->name));
    return names;
}

static json_t *lost_json(const struct rotation *r)
{
    json_t *names = json_array();
    const char *name;

    for (size_t at = 0; (name = next_lost(r, &at));)
        json_array_append_new(names, json_string(name));
    return names;
}

static json_t *id_json(const struct rotation *r, const uint8_t id[LI_ID_SIZE])
{
    char text[2 * LI_ID_SIZE + 1];

    return r->made ? json_string(id_text(id, text)) : json_null();
}

static int print_json_result(const struct rotation *r, struct li_error *err)
{
    return print_json(json_pack("{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:b}", "dry_run", !r->made,
                                "root", id_json(r, r->after.id), "salt", id_json(r, r->after.salt),
                                "active_root", id_json(r, r->active.id), "wraps",
                                names_json(r, false), "newly_for", names_json(r, true), "not_for",
                                lost_json(r), "not_for_first_key", is_first_lost(r)),
                      err);
}

/* ---- done ------------------------------------------------------------------------------------ */

/* Another rotation at the same moment may have made the newer root. */
static void print_made(const struct rotation *r)
{
    char id[2 * LI_ID_SIZE + 1], active[2 * LI_ID_SIZE + 1];

    id_text(r->after.id, id);
    if (memcmp(r->after.id, r->active.id, LI_ID_SIZE) == 0)
        printf("pushes go into the new root %s\n", id);
    else
        printf(
            "the new root is %s, but pushes go into %s, which somebody else has made at the same "
            "time: its salt is wrapped for their keys\n",
            id, id_text(r->active.id, active));
}

static int make(struct rotation *r, struct li_error *err)
{
    int rc = li_root_rotate(r->context.repo, &r->after, err);

    if (rc < 0)
        return rc;
    r->made = true;
    rc = li_root_active(r->context.repo, &r->active, err);
    if (rc == 0 && flag(r->args, "json"))
        rc = print_json_result(r, err);
    else if (rc == 0)
        print_made(r);
    return rc;
}

static int show_and_make(struct rotation *r, struct li_error *err)
{
    bool json = flag(r->args, "json"), agreed = false;
    int rc;

    if (!json)
        print_plan(r);
    if (flag(r->args, "dry-run"))
        return json ? print_json_result(r, err) : 0;
    fflush(stdout);
    rc = ask(r->args, &agreed, err);
    if (rc == 0 && !agreed)
        rc = li_fail(err, LI_ECANCELLED, "nothing was changed");
    return rc == 0 ? make(r, err) : rc;
}

static void explain_failure(const struct rotation *r, struct li_error *err)
{
    char id[2 * LI_ID_SIZE + 1];

    if (r->made)
        li_context(err, "the new root %s was made", id_text(r->after.id, id));
    else
        li_context(err, "cannot make a new salt");
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
        explain_failure(&r, err);
    li_wraps_free(&r.wraps);
    close_context(&r.context);
    return rc < 0 ? rc : EXIT_DONE;
}
