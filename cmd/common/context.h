/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: the environment, the repository, and output. */
#ifndef LI_CMD_CONTEXT_H
#define LI_CMD_CONTEXT_H

#include <jansson.h>

#include "broker/broker.h"
#include "cmd/common/aws.h"
#include "cmd/common/command.h"
#include "cmd/common/watchdog.h"
#include "diskcache/diskcache.h"
#include "kms/kms.h"
#include "memo/memo.h"
#include "repo/known.h"
#include "repo/repo.h"
#include "store/store.h"

/* Randomness, clock, temporary directory and threads, from the system and --threads. */
int make_env(const struct arguments *args, struct li_env *env, struct li_error *err);

/* An open repository. Zero-initialise it. It must not move. */
struct context {
    struct li_env env;
    struct li_broker *broker;  /* that has what follows; NULL: this process has it (brokered.h) */
    struct aws aws;            /* for a repository in a bucket */
    struct watchdog *watchdog; /* of a store that may hang; NULL: there is none */
    struct li_store *store;
    struct li_kms *kms;
    struct li_kms *key[LI_KMS_SET_MAX]; /* further keys, of a command that takes such */
    size_t keys;
    struct li_error keyless; /* why there is no KMS, if it was to be opened */
    bool any_key; /* one of the user's keys is enough, even for a command that takes --salt-kms */
    struct li_repo *repo;
    struct li_known_found known; /* of the repository */
    bool has_id;                 /* the user gave the ID of the repository: */
    uint8_t id[LI_ID_SIZE];
};

/* Seconds without progress after which an operation of the store is given up: --timeout. */
int store_timeout(const struct arguments *args, unsigned *out, struct li_error *err);

/* --repo or LAMBDAIMG_REPO; CMD_EUSAGE if neither is given. */
int repo_address(const struct arguments *args, const char **address, struct li_error *err);

/* keys.c: the keys that the user gave. Zero-initialise it. */
struct key_specs {
    struct li_kms_specs keys;  /* at least one */
    struct li_kms_specs salts; /* none: the salts have those above */
};

/* --kms, LAMBDAIMG_KMS, or the default in the user's configuration directory; and --salt-kms or
 * LAMBDAIMG_SALT_KMS, if the command has that option. CMD_EUSAGE. The caller frees OUT. */
int key_specs(const struct arguments *args, struct key_specs *out, struct li_error *err);
void free_key_specs(struct key_specs *specs);

/* Opens the keys in SPECS as the KMS of CONTEXT. */
int open_kms(const struct arguments *args, const struct key_specs *specs, struct context *context,
             struct li_error *err);

/* The same for the keys that the user gave. */
int open_keys(const struct arguments *args, struct context *context, struct li_error *err);

/* Opens one key. The caller frees *OUT. */
int open_key(const struct arguments *args, const char *spec, struct context *context,
             struct li_kms **out, struct li_error *err);

/* The options to open the KMS in SPEC with. If it is a service, it uses CONTEXT's network. */
int kms_options(const struct arguments *args, const char *spec, struct context *context,
                struct li_kms_options *out, struct li_error *err);

/* Parses a reference from the command line: CMD_EUSAGE if it is not valid. */
int parse_reference(const char *text, struct li_reference *out, struct li_error *err);

/* Opens the store at ADDRESS. CREATE is for a new repository, with --create-bucket. Needs the
 * environment, and fills in the rest of the store's part. */
int open_store(const struct arguments *args, const char *address, bool create, struct context *out,
               struct li_error *err);

/* From now on the caller itself gives up what hangs. */
void stop_watching(struct context *context);

/* Opens the store of the repository that the user names, and the KMS if WITH_KEY is true: what a
 * broker serves. The commands use open_brokered(). */
int open_connections(const struct arguments *args, bool with_key, struct context *out,
                     struct li_error *err);

/* Wipes the keys and closes their KMS. For a command that has opened all that the key opens, before
 * it goes on with what may take long. */
void forget_key(struct context *context);

/* Fetches and opens the manifest of REFERENCE, for a command that only reads, and forgets the key.
 */
int open_manifest(struct context *context, const struct li_reference *reference,
                  struct li_manifest *out, struct li_error *err);

/* Closes what open_connections() and open_store() opened, but not the environment. */
void close_context(struct context *context);

/* Threads for fetching and checking. One for each processor would not keep a network busy. */
unsigned fetching_threads(const struct context *context);

/* memo.c: makes the directory of open_memo(), for a process that cannot do so later. The caller
 * frees *OUT; it is NULL if there is to be no memo. A directory that cannot be made is an error if
 * the user named it with --memo. */
int make_memo_directory(const struct arguments *args, char **out, struct li_error *err);

/* memo.c: opens the memo that --memo, LAMBDAIMG_MEMO or the user's cache directory names. *OUT is
 * NULL with --no-memo, or if there is no memo and the user did not name one with --memo. */
int open_memo(const struct arguments *args, struct context *context, struct li_memo **out,
              struct li_error *err);

/* cache.c: the options of commands that use the disk cache. */
#define CACHE_OPTIONS                                                                              \
    {"cache", 0, "DIR", "keep fetched chunks in DIR (environment: LAMBDAIMG_CACHE)"},              \
        {"cache-size", 0, "SIZE", "keep at most SIZE of them (default: 10G)"},                     \
        {"isolate", 0, "NAME", "share cached chunks only with commands that give this NAME"},      \
    {                                                                                              \
        "no-cache", 0, NULL, "keep no chunks on the disk"                                          \
    }

/* cache.c: opens the disk cache that --cache, LAMBDAIMG_CACHE or the system names. *OUT is NULL
 * with --no-cache, for a repository in a directory if nothing names a cache, and if there is none
 * and the user did not name one with --cache. *DIRECTORY, which the caller frees, is where it is,
 * or NULL. */
int open_cache(const struct arguments *args, char **directory, struct li_diskcache **out,
               struct li_error *err);

/* cache.c: opens the cache that --cache or LAMBDAIMG_CACHE names; the default one if WANTED. *OUT
 * is NULL if there is to be none. *DIRECTORY, which the caller frees, is where it is, or NULL. */
int find_cache(const struct arguments *args, bool wanted, char **directory,
               struct li_diskcache **out, struct li_error *err);

/* known.c: whether the open repository of CONTEXT is the one whose ID the user gave, or else the
 * one that this host knows. Prints a note if nothing was known. LI_EDENIED. */
int check_known(const struct arguments *args, struct context *context, struct li_error *err);

/* known.c: the same without a note. */
int match_known(const struct arguments *args, struct context *context, struct li_error *err);

/* known.c: whether the repository, which was opened with a key, proves that it is the one that this
 * host knows (D5g). For commands that write, and for those that check. */
int check_identity(struct context *context, struct li_error *err);

/* known.c: the same for a broker: IDENTITY was read by the process that parses. */
int compare_identity(struct context *context, const struct li_repo_identity *identity,
                     struct li_error *err);

/* known.c: the same for a command that reads. It takes nothing from the identity, so this is done
 * only until this host has seen one, and a key that does not open it is as good as none. */
int learn_identity(struct context *context, struct li_error *err);

/* known.c: keeps the ID of the repository of CONTEXT, which this process has just made, if this
 * host keeps any. */
int keep_known(struct context *context, struct li_error *err);

/* progress.c: a bar on standard error if that is a terminal and the work takes over a second. */
struct progress_bar {
    const char *what;
    double started, shown;
    bool drawn, enabled;
};

/* Starts BAR, whose label is WHAT. The result refers to BAR, and any thread may use it. */
struct li_progress begin_progress(struct progress_bar *bar, const char *what);

/* Wipes the bar from the terminal. */
void end_progress(struct progress_bar *bar);

/* print.c */
/* The path of an image for messages: "-" is shown as standard input. */
const char *image_text(const char *path);
/* Prints JSON on standard output and releases it. It may be NULL if memory ran out. */
int print_json(json_t *json, struct li_error *err);
/* A byte of a name for output: unchanged, or as \xNN if it could control a terminal, or be mistaken
 * for a separator of fields or lines. Returns the length. */
enum { ESCAPED = 5 };
size_t escape_byte(char c, char text[ESCAPED]);
/* Prints a text from an image or a repository, with each byte like that. */
void print_escaped(FILE *to, const char *text);
/* Prints a text from the command line, the environment or a configuration, as li_text_show() shows
 * it in messages. */
void print_shown(FILE *to, const char *text);
/* A path, or another text from an image, for output: its visible characters as they are, and each
 * other byte, and each backslash, as \\xNN. So nothing controls a terminal, and nothing is lost.
 * The caller frees it. NULL if memory ran out. */
char *path_text(const char *path);
/* A path_text() as a string of JSON, which cannot hold any bytes; NULL if memory ran out. */
json_t *path_json(const char *path);
/* Writes "1.2 GB" to TEXT, and returns it, like the functions below. */
enum { SIZE_TEXT = 32 };
const char *size_text(uint64_t bytes, char text[SIZE_TEXT]);
/* "multiples of 4096 bytes", or "not padded". */
enum { PADDING_TEXT = 40 };
const char *padding_text(uint32_t pad, char text[PADDING_TEXT]);
/* The digits of an ID. */
const char *id_text(const uint8_t *id, char text[2 * LI_ID_SIZE + 1]);
/* "2026-01-31 12:00:00Z" */
const char *time_text(int64_t seconds, char text[SIZE_TEXT]);

#endif
