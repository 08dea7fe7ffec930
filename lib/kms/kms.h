/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key management services: they wrap data keys, salts and keys of repositories.
 *
 * A KMS wraps 32 bytes under an encryption context. It unwraps them only under the same context and
 * with the key that the user configured, never with a key that the store names. Its results are
 * opaque to everyone else.
 */
#ifndef LI_KMS_KMS_H
#define LI_KMS_KMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/credentials.h"
#include "base/buffer.h"
#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "http/http.h"

enum {
    LI_ID_SIZE = 16,           /* repository, root, salt and manifest IDs: random */
    LI_KMS_WRAP_NAME_MAX = 64, /* with its NUL */
    LI_KMS_BLOB_MAX = 8192,    /* bytes of a wrapped key */
    LI_KMS_SET_MAX = 16,       /* keys that are used at a time */
};

/* What a wrap is for. */
struct li_kms_context {
    const char *purpose; /* "manifest", "salt" or "repository" */
    uint8_t repository[LI_ID_SIZE];
    uint8_t object[LI_ID_SIZE]; /* the ID of the manifest, the salt or the repository's key */
};

struct li_kms;

/* A wrapped key, and what it takes to unwrap it. */
struct li_kms_wrapped {
    struct li_kms *by; /* the KMS that has wrapped it */
    const struct li_kms_context *context;
    const uint8_t *blob;
    size_t len;
};

/* What can be asked of a KMS. */
enum li_kms_action { LI_KMS_WRAP, LI_KMS_UNWRAP, LI_KMS_REWRAP, LI_KMS_DESCRIBE, LI_KMS_ACTIONS };

enum { LI_KMS_KEY_MAX = 512, LI_KMS_STATE_MAX = 64 }; /* bytes, with the NUL */

/* What a service says about its key. */
struct li_kms_description {
    char key[LI_KMS_KEY_MAX];     /* its full name at the service, such as an ARN */
    char state[LI_KMS_STATE_MAX]; /* in the service's words: "Enabled", "PendingDeletion" */
    bool usable;                  /* it can wrap and unwrap at the moment */
};

/* Every function may be called from many threads at once. */
struct li_kms_operations {
    int (*wrap)(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err);
    int (*unwrap)(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err);
    void (*free)(struct li_kms *kms);
    /* Wraps by KMS what WRAPPED holds, such that no key leaves the service. Returns LI_END, and
     * asks nobody, if the service cannot do so for these two keys. NULL: it never can. */
    int (*rewrap)(struct li_kms *kms, const struct li_kms_wrapped *wrapped, struct li_buffer *out,
                  struct li_error *err);
    /* NULL: there is nobody to ask. */
    int (*describe)(struct li_kms *kms, struct li_kms_description *out, struct li_error *err);
    /* See li_kms_member(). NULL: the KMS is one key. */
    struct li_kms *(*member)(struct li_kms *kms, const char *purpose, size_t index);
    /* The permissions that the actions need, "kms:Encrypt". NULL: the KMS knows no permissions. */
    const char *permission[LI_KMS_ACTIONS];
};

struct li_kms {
    const struct li_kms_operations *ops;
    /* Names the key in use, for wrap objects: [a-z0-9-]. A key always has the same name. */
    char name[LI_KMS_WRAP_NAME_MAX];
};

/* ---- kinds ----------------------------------------------------------------------------------- */

/* The kinds of KMS, each with its name, the form of a spec, an example, and whether it is a
 * service. Everything that names them, including messages and help, is made from this list: FIRST
 * is for the first kind, NEXT for the others. */
#define LI_KMS_KINDS(FIRST, NEXT)                                                                  \
    FIRST(file, "file:PATH", "file:/etc/lambdaimg.key", false)                                     \
    NEXT(aws, "aws-kms:KEY", "aws-kms:alias/images", true)                                         \
    NEXT(exec, "exec:PROGRAM", "exec:/etc/lambdaimg-kms", false)

#define LI_KMS_FORM_FIRST(name, form, example, service) form
#define LI_KMS_FORM_NEXT(name, form, example, service) " or " form

/* "file:PATH", and the other forms. */
#define LI_KMS_FORMS LI_KMS_KINDS(LI_KMS_FORM_FIRST, LI_KMS_FORM_NEXT)

/* Whether SPEC begins like one of a kind, so that the user meant a KMS. */
bool li_kms_is_spec(const char *spec);

/* Whether TEXT may be the name of a wrap: 1 to LI_KMS_WRAP_NAME_MAX - 1 characters of [a-z0-9-]. */
bool li_kms_is_name(const char *text);

/* Whether SPEC names a service, which is called over the network. */
bool li_kms_is_service(const char *spec);

/* The default spec if the user names none, from the directories of the user's configuration
 * (XDG_CONFIG_HOME) and home (HOME). Either may be NULL or "". The caller frees *OUT. LI_END if
 * neither is known. */
int li_kms_default_spec(const char *config, const char *home, char **out, struct li_error *err);

/* ---- opening --------------------------------------------------------------------------------- */

/* What a KMS gets. Everything is borrowed, and must outlive it. */
struct li_kms_options {
    const struct li_env *env;
    /* For a service, else it may be NULL: how to reach it, its credentials, and the regions and
     * endpoints from the user's options, environment and profile. */
    struct li_http *http;
    struct li_aws_provider *provider;
    const struct li_aws_settings *settings;
    unsigned deadline; /* the longest time for one question to a service, with all attempts, in
                          seconds; 0: no limit */
    /* Called for what a program of the user's says besides its answer, a line at a time. TEXT is
     * safe for a terminal. Any thread. NULL: nobody. */
    void (*notice)(void *arg, const char *text);
    void *notice_arg;
};

/* Opens the KMS that SPEC names:
 *
 * "file:PATH": a key file that belongs to the effective user or to root, and that nobody else may
 * access. Errors: LI_ENOTFOUND (no key file), LI_EDENIED (others can read it), LI_ECORRUPT,
 * LI_EINVALID (the spec, or not a regular file).
 *
 * "aws-kms:KEY": a symmetric key of AWS KMS, by its ID, its ARN, an alias or the ARN of an alias.
 * An alias is looked up now; otherwise nothing is asked until there is something to wrap. Errors:
 * LI_EINVALID (KEY, the region or the endpoint; no provider), and those of li_kms_describe().
 *
 * "exec:PROGRAM": a program that is run without a shell, once now and once for each wrap. Errors:
 * LI_ENOTFOUND (no program), LI_EDENIED (it refused), LI_EINVALID, LI_EIO and LI_ENETWORK. */
int li_kms_open(const char *spec, const struct li_kms_options *options, struct li_kms **out,
                struct li_error *err);

/* Makes what SPEC names if it does not exist: for "file:PATH" a key file of mode 0600, and its
 * directory of mode 0700. Returns LI_END, and changes nothing, if it exists, or if its kind is made
 * by other tools. */
int li_kms_create(const char *spec, const struct li_kms_options *options, struct li_error *err);

/* ---- several keys ---------------------------------------------------------------------------- */

/* Specs of several keys. Zero-initialise it. */
struct li_kms_specs {
    char *spec[LI_KMS_SET_MAX];
    size_t count;
};

/* Adds the specs in TEXT, which are separated by commas. A comma after which no kind of spec begins
 * belongs to the spec before it. LI_EINVALID if TEXT does not begin with a spec; LI_ELIMIT. */
int li_kms_specs_add(struct li_kms_specs *specs, const char *text, struct li_error *err);
void li_kms_specs_free(struct li_kms_specs *specs);

/* What a key of a set is for: everything, salts only, or everything but salts. */
enum li_kms_use { LI_KMS_FOR_ALL, LI_KMS_FOR_SALTS, LI_KMS_FOR_OTHERS };

/* Makes an empty set of keys, which is a KMS itself. It has the name of its first key that is not
 * for salts only. It wraps by the first key that is for the purpose, and unwraps by any that is.
 * Whoever stores wraps makes one by each member instead. LI_ENOMEM. */
int li_kms_set_new(struct li_kms **out, struct li_error *err);

/* Adds MEMBER, one key, to SET, which owns it from then on, but not on failure. A key that is there
 * already, for the same use, is freed. LI_ELIMIT. No other thread may use SET meanwhile. */
int li_kms_set_add(struct li_kms *set, struct li_kms *member, enum li_kms_use use,
                   struct li_error *err);

/* Makes a stand-in for a key that could not be opened: whatever is asked of it fails with WHY. Its
 * name is "". For readers, whom one of several keys is enough. LI_ENOMEM. */
int li_kms_closed(const struct li_error *why, struct li_kms **out, struct li_error *err);

/* The key of KMS at INDEX of those that are for PURPOSE; NULL if there are not so many. A KMS that
 * is not a set has one, which is itself. Any thread. */
struct li_kms *li_kms_member(struct li_kms *kms, const char *purpose, size_t index);

/* ---- the operations -------------------------------------------------------------------------- */

/* Wraps KEY under CONTEXT. BLOB is replaced; the caller frees it, also on failure. LI_EINVALID: the
 * purpose is too long. */
int li_kms_wrap(struct li_kms *kms, const struct li_kms_context *context,
                const struct li_secret *key, struct li_buffer *blob, struct li_error *err);

/* Unwraps the LEN bytes of BLOB into *KEY, which the caller wipes. LI_EDENIED if the key or the
 * context does not match, LI_ECORRUPT if BLOB is not a wrap. */
int li_kms_unwrap(struct li_kms *kms, const struct li_kms_context *context, const uint8_t *blob,
                  size_t len, struct li_secret *key, struct li_error *err);

/* Wraps by KMS, under the same context, what WRAPPED holds: within the service if it can do so,
 * else by unwrapping and wrapping. OUT is replaced; the caller frees it, also on failure. The
 * failures of both operations. */
int li_kms_rewrap(struct li_kms *kms, const struct li_kms_wrapped *wrapped, struct li_buffer *out,
                  struct li_error *err);

/* Finds out whether KMS can be used: wraps 32 zeros under CONTEXT and, if READ_BACK is true,
 * unwraps them again. The failures of both; LI_ECORRUPT if it unwraps something else. */
int li_kms_try(struct li_kms *kms, const struct li_kms_context *context, bool read_back,
               struct li_error *err);

/* Asks the service about its key. LI_END if the KMS is not a service that could be asked;
 * LI_EDENIED; LI_ENOTFOUND if there is no such key; LI_ENETWORK. */
int li_kms_describe(struct li_kms *kms, struct li_kms_description *out, struct li_error *err);

/* The outcome of each action: 0, a failure with its sentence, or LI_END if it was not tried. */
struct li_kms_check {
    struct {
        int rc;
        struct li_error err;
    } action[LI_KMS_ACTIONS];
    struct li_kms_description description; /* if LI_KMS_DESCRIBE is 0 */
};

/* Tries what this host may do with the key: describes it, wraps 32 bytes of zeros under CONTEXT and
 * unwraps them. Unwrapping is not tried if wrapping fails, nor is rewrapping. Failures are results,
 * so the function itself does not fail. */
void li_kms_check(struct li_kms *kms, const struct li_kms_context *context,
                  struct li_kms_check *out);

/* The permission that ACTION needs, as the service names it: "kms:Encrypt". NULL if it has no
 * permissions. */
const char *li_kms_permission(const struct li_kms *kms, enum li_kms_action action);

/* NULL is allowed. */
void li_kms_free(struct li_kms *kms);

#endif
