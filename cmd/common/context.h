/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: the environment, the repository, what is printed. */
#ifndef LI_CMD_CONTEXT_H
#define LI_CMD_CONTEXT_H

#include <jansson.h>

#include "cmd/common/aws.h"
#include "cmd/common/command.h"
#include "kms/kms.h"
#include "memo/memo.h"
#include "repo/repo.h"
#include "store/store.h"

/* Randomness, clock, temporary directory and threads, from the system and --threads. */
int make_env(const struct arguments *args, struct li_env *env, struct li_error *err);

/* An open repository. Zero-initialise it. It stays where it is. */
struct context {
    struct li_env env;
    struct aws aws; /* for a repository in a bucket */
    struct li_store *store;
    struct li_kms *kms;
    struct li_repo *repo;
};

/* --repo or LAMBDAIMG_REPO; CMD_EUSAGE where neither is given. */
int repo_address(const struct arguments *args, const char **address, struct li_error *err);

/* --kms, LAMBDAIMG_KMS, or the default in the user's configuration directory; the caller frees
 * *SPEC. */
int kms_spec(const struct arguments *args, char **spec, struct li_error *err);

/* What the KMS that SPEC names is opened with. CONTEXT's network, where it is a service. */
int kms_options(const struct arguments *args, const char *spec, struct context *context,
                struct li_kms_options *out, struct li_error *err);

/* A reference from the command line: CMD_EUSAGE where it is none. */
int parse_reference(const char *text, struct li_reference *out, struct li_error *err);

/* Opens the store at ADDRESS, for a new repository where CREATE is true: then with --create-bucket.
 * Wants the environment, and fills in the rest of the store's part. */
int open_store(const struct arguments *args, const char *address, bool create, struct context *out,
               struct li_error *err);

/* Opens the repository, with the KMS where WITH_KEY says so. */
int open_context(const struct arguments *args, bool with_key, struct context *out,
                 struct li_error *err);

/* Closes what open_context() and open_store() opened; the environment stays. */
void close_context(struct context *context);

/* Threads for what fetches and checks: one for each processor does not keep a network busy. */
unsigned fetching_threads(const struct context *context);

/* memo.c: opens the memo that --memo, LAMBDAIMG_MEMO or the user's cache directory names. *OUT is
 * NULL where --no-memo says so, or where there is none and nobody asked for it by --memo. */
int open_memo(const struct arguments *args, struct context *context, struct li_memo **out,
              struct li_error *err);

/* progress.c: a bar on standard error where that is a terminal and the work takes over a second. */
struct progress_bar {
    const char *what;
    double started, shown;
    bool drawn, enabled;
};

/* Starts BAR, which says WHAT is done; what is returned refers to it, and may be used by any
 * thread. */
struct li_progress begin_progress(struct progress_bar *bar, const char *what);

/* Wipes the bar from the terminal. */
void end_progress(struct progress_bar *bar);

/* print.c */
/* An image's path, for messages: "-" is standard input. */
const char *image_text(const char *path);
/* JSON on standard output; it is released, and may be NULL for want of memory. */
int print_json(json_t *json, struct li_error *err);
/* A byte of a name as it is shown: as it is, or as \xNN where it could steer a terminal, or be
 * taken for what separates fields and lines. Returns the length. */
enum { ESCAPED = 5 };
size_t escape_byte(char c, char text[ESCAPED]);
/* A text from an image or a repository, each byte of it so. */
void print_escaped(FILE *to, const char *text);
/* A text from the command line, the environment or a configuration, as li_text_show() makes it in
 * messages. */
void print_shown(FILE *to, const char *text);
/* "1.2 GB" into TEXT, which is returned, as by those below. */
enum { SIZE_TEXT = 32 };
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);
/* The digits of an id. */
const char *id_text(const uint8_t *id, char text[2 * LI_ID_SIZE + 1]);
/* "2026-01-31 12:00:00Z" */
const char *time_text(int64_t seconds, char text[SIZE_TEXT]);

#endif
