/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists and changes the wraps of a repository: who can open what. Only wraps are written and
 * removed, never a manifest or a chunk.
 *
 * A change is made in three steps: list, plan, apply. It may be stopped at any moment and made
 * again, and then comes to the same end. It never removes a wrap before those that it adds are
 * durable. A push at the same time loses nothing; what it wraps by an old key is left for the next
 * run.
 */
#ifndef LI_WRAPS_WRAPS_H
#define LI_WRAPS_WRAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "kms/kms.h"
#include "manifest/reference.h"
#include "repo/repo.h"

/* LI_WRAPS_REPOSITORY: the key of the repository, which proves its identity to readers. */
enum li_wraps_kind {
    LI_WRAPS_MANIFEST,
    LI_WRAPS_SALT,
    LI_WRAPS_REPOSITORY,
    LI_WRAPS_KINDS, /* their number */
};

/* What a plan does with an object. */
enum li_wraps_state {
    LI_WRAPS_DONE,    /* nothing is to be done */
    LI_WRAPS_CHANGE,  /* wraps are to be added or removed */
    LI_WRAPS_FOREIGN, /* it has no wrap by the key that is to be replaced */
    LI_WRAPS_LAST,    /* its last wrap would be removed, so it is left alone */
    LI_WRAPS_FAILED,  /* it could not be changed */
    LI_WRAPS_STRAY,   /* the same, or LI_WRAPS_LAST, of a stray */
};

/* An object with its wraps, and what is to be done with it. */
struct li_wraps_object {
    enum li_wraps_kind kind;
    uint8_t root[LI_ID_SIZE]; /* of a manifest */
    uint8_t id[LI_ID_SIZE];
    bool stray;          /* of a salt or a repository's key: nothing seems to refer to it */
    bool unnamed;        /* of a salt: its wrap without a name is there */
    bool unnamed_broken; /* but has a size that no wrap has */
    size_t name, names;  /* the first of its wraps in li_wraps.name, and how many */
    enum li_wraps_state state;
    uint32_t add;        /* a bit for each key of li_wraps_change.to */
    uint32_t there;      /* the same: it has a wrap by that key already */
    uint32_t unproven;   /* the same, once applied: and nothing could be compared with that */
    uint32_t remove;     /* a bit for each name of li_wraps_change.remove */
    bool remove_unnamed; /* that wrap was made by a key that is to be removed */
};

/* Objects, ordered by kind, root and ID. Zero-initialise it. */
struct li_wraps {
    struct li_wraps_object *object;
    size_t count;
    char (*name)[LI_KMS_WRAP_NAME_MAX]; /* the wraps of each object in the order of their names */
    bool *broken;                       /* for each name, whether no wrap has the size of that */
    size_t name_count;
    size_t failures;     /* objects that are LI_WRAPS_FAILED */
    struct li_error why; /* of the first of them */
    bool ended;          /* li_wraps_apply() came to its end, so the states are outcomes */
};

/* Which objects are listed. */
struct li_wraps_selection {
    bool all;                             /* all manifests, also those without a tag */
    bool salts;                           /* all salts */
    const struct li_reference *reference; /* manifests of these tags and pins */
    const bool *whole;                    /* for each, whether all tags of its name are meant */
    size_t count;
};

/* Lists the objects of SELECTION, and the keys of the repository, with their wraps. Those that
 * nothing refers to are strays: what interrupted commands have left, unless somebody who writes the
 * store has changed a root.json or the identity. Needs no key. If REPO has one, it opens the
 * identity and the manifests of tags and pins: then those are listed that prove to be of these
 * names, and not what somebody made a tag point at (LI_ECORRUPT, LI_EDENIED). LI_ENOTFOUND if any
 * of the references names nothing; LI_ELIMIT; the failures of the store. The caller frees OUT with
 * li_wraps_free(). */
int li_wraps_list(struct li_repo *repo, const struct li_wraps_selection *selection,
                  struct li_wraps *out, struct li_error *err);
void li_wraps_free(struct li_wraps *wraps);

/* Sets *YES to whether OBJECT has a wrap without a name, and KMS, one key, opens it. That it
 * refuses to is an answer. LI_ECORRUPT if the wrap is damaged or gone; the failures of the store,
 * and those of a KMS that does not work. */
int li_wraps_opens_unnamed(struct li_repo *repo, const struct li_wraps_object *object,
                           struct li_kms *kms, bool *yes, struct li_error *err);

/* A change of wraps. Everything is borrowed. */
struct li_wraps_change {
    struct li_kms *from;               /* opens what is wrapped anew; NULL: nothing is added */
    struct li_kms *to[LI_KMS_SET_MAX]; /* keys that are to have a wrap of each object */
    size_t to_count;
    const char *remove[LI_KMS_SET_MAX];        /* names of wraps that are removed */
    struct li_kms *remove_key[LI_KMS_SET_MAX]; /* their keys; NULL where one is not at hand */
    size_t remove_count;
    bool replace; /* FROM is one key, which is replaced: objects without a wrap by it are foreign */
    bool force;   /* remove last wraps, too */
    /* A key that is only added may refuse to unwrap, as one for emergencies does. */
    bool unproven;
    /* Remove wraps of the repository's keys, too, which readers of all images need. They are added
     * in any case. */
    bool whole;
};

/* Sets what is to be done with each object of WRAPS. Asks a KMS only about wraps without a name. An
 * object for which that cannot be found out becomes LI_WRAPS_FAILED, and does not end it: for one
 * that could be by a key that is disabled or refused, nobody knows. Fails only as the network does,
 * or if memory runs out. */
int li_wraps_plan(struct li_repo *repo, const struct li_wraps_change *change,
                  struct li_wraps *wraps, struct li_error *err);

/* Returns the failure of the first object of WRAPS that failed, with their number; 0: none has. */
int li_wraps_failure(const struct li_wraps *wraps, struct li_error *err);

/* Makes the change that li_wraps_plan() has planned, with THREADS threads.
 *
 * Before anything is written, each key that is to have wraps is tried for each kind of object that
 * it is needed for: it wraps zeros, and unwraps them. What is wrapped for a key that is added comes
 * from wraps by other keys of REPO's KMS, all of which that open must hold the same (LI_ECORRUPT).
 * A wrap that a new key has already is opened and compared with that (LI_ECORRUPT), unless nothing
 * is removed or added and a key is replaced. Where the new key may not unwrap, or no other opens
 * the object, the wrap is not compared, and is UNPROVEN in its object.
 *
 * An object that cannot be changed becomes LI_WRAPS_FAILED, keeps the wraps it has, and does not
 * end it, but li_wraps_failure() is returned in the end. A network that fails ends it. Threads
 * other than its own must not use WRAPS meanwhile. */
int li_wraps_apply(struct li_repo *repo, const struct li_wraps_change *change,
                   struct li_wraps *wraps, unsigned threads, struct li_error *err);

#endif
