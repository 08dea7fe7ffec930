/* SPDX-License-Identifier: Apache-2.0 */
#include "repo/known.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/io.h"
#include "base/regular.h"
#include "base/sha256.h"
#include "base/text.h"
#include "repo/internal.h"
#include "repo/keys.h"

/* What tells the address from all others, in the caller's hands. */
static int whole_address(const struct li_store *store, char **out, struct li_error *err)
{
    static const char dir[] = "dir:";
    char *path;

    if (store->identity) {
        *out = strdup(store->identity);
        return *out ? 0 : li_fail_memory(err);
    }
    path = realpath(store->address + strlen(dir), NULL);
    if (!path)
        return li_fail_errno(err, errno, "cannot find %s", store->address);
    if (asprintf(out, "%s%s", dir, path) < 0)
        *out = NULL;
    free(path);
    return *out ? 0 : li_fail_memory(err);
}

/* The file for ADDRESS, in the caller's hands. */
static int file_of(const char *directory, const char *address, char **out, struct li_error *err)
{
    uint8_t digest[LI_SHA256_SIZE];
    char hex[2 * LI_SHA256_SIZE + 1];
    int rc = li_sha256(address, strlen(address), digest, err);

    if (rc < 0)
        return rc;
    li_hex_encode(digest, sizeof(digest), hex);
    if (asprintf(out, "%s/%s.json", directory, hex) >= 0)
        return 0;
    *out = NULL;
    return li_fail_memory(err);
}

/* The member "identity" is missing if this host has seen none. */
static int parse_kept(const json_t *json, uint8_t id[LI_ID_SIZE], struct li_known_found *out,
                      struct li_error *err)
{
    int rc = li_json_id(json, "repository", id, err);

    out->proven = rc == 0 && json_object_get(json, "identity");
    return out->proven ? li_json_id(json, "identity", out->key, err) : rc;
}

/* *THERE is false where nothing is kept. */
static int read_file(const char *path, struct li_buffer *out, bool *there, struct li_error *err)
{
    struct stat st;
    int fd = li_open_regular(AT_FDCWD, path, O_RDONLY, &st);
    int rc;

    *there = fd >= 0 || (errno != ENOENT && errno != ENOTDIR);
    if (fd >= 0)
        rc = li_read_rest(fd, LI_REPO_JSON_MAX, out, err);
    else if (errno == ENODEV)
        rc = li_fail(err, LI_EINVALID, "it is not a regular file");
    else
        rc = *there ? li_fail_errno(err, errno, "cannot open it") : 0;
    if (fd >= 0)
        close(fd);
    return rc;
}

static int read_kept(const char *path, uint8_t id[LI_ID_SIZE], struct li_known_found *out,
                     bool *there, struct li_error *err)
{
    struct li_buffer text = {0};
    json_t *json = NULL;
    int rc = read_file(path, &text, there, err);

    if (*there && rc == 0)
        rc = li_json_parse(&text, &json, err);
    if (*there && rc == 0)
        rc = parse_kept(json, id, out, err);
    json_decref(json);
    li_buffer_free(&text);
    return rc < 0 ? li_context(err, "%s, where this host keeps the ID of the repository", path) : 0;
}

/* The address is for people: the name of the file is what tells it from others. A path may be any
 * bytes, and JSON is UTF-8. */
static int encode(const char *address, const uint8_t id[LI_ID_SIZE],
                  const struct li_known_found *found, struct li_buffer *out, struct li_error *err)
{
    char hex[LI_HEX_ID_SIZE], key[LI_HEX_ID_SIZE];
    char *shown = strdup(address);
    int rc;

    if (!shown)
        return li_fail_memory(err);
    li_text_show(shown);
    li_hex_encode(id, LI_ID_SIZE, hex);
    li_hex_encode(found->key, LI_ID_SIZE, key);
    rc = li_json_encode(json_pack("{s:s, s:i, s:s*, s:s}", "address", shown, "format",
                                  LI_REPO_FORMAT, "identity", found->proven ? key : NULL,
                                  "repository", hex),
                        out, err);
    free(shown);
    return rc;
}

/* Where what is known of an address is kept. */
struct place {
    const char *directory;
    char *address, *path; /* the file */
};

/* LI_END if another process keeps one by now, which is replaced only if REPLACE is true. */
static int keep(const struct place *place, bool replace, const uint8_t id[LI_ID_SIZE],
                const struct li_known_found *found, struct li_error *err)
{
    struct li_buffer text = {0};
    struct li_output *out = NULL;
    int rc = encode(place->address, id, found, &text, err);

    if (rc == 0)
        rc = li_make_private_directories(place->directory, err);
    if (rc == 0)
        rc = li_output_open(place->path, text.len, &out, err);
    if (rc == 0)
        rc = li_output_write(out, text.data, text.len, 0, err);
    if (rc == 0)
        rc = replace ? li_output_commit(out, err) : li_output_commit_new(out, err);
    li_output_free(out);
    li_buffer_free(&text);
    return rc;
}

static int refuse(const struct li_repo *repo, const uint8_t expected[LI_ID_SIZE], const char *path,
                  struct li_error *err)
{
    char is[LI_HEX_ID_SIZE], should[LI_HEX_ID_SIZE];

    li_hex_encode(repo->id, LI_ID_SIZE, is);
    li_hex_encode(expected, LI_ID_SIZE, should);
    if (!path)
        return li_fail(
            err, LI_EDENIED,
            "%s is the repository %s, and not %s, which was asked for: somebody may have "
            "put another in its place",
            repo->store->address, is, should);
    return li_fail(err, LI_EDENIED,
                   "%s is the repository %s, and was %s when this host last used it: somebody may "
                   "have put another in its place. If it is the right one, run this again with "
                   "--accept-new-repository (its ID is kept in %s)",
                   repo->store->address, is, should, path);
}

static int find_place(const struct li_repo *repo, const struct li_known *known, struct place *out,
                      struct li_error *err)
{
    int rc;

    *out = (struct place){.directory = known->directory};
    rc = whole_address(repo->store, &out->address, err);
    return rc < 0 ? rc : file_of(known->directory, out->address, &out->path, err);
}

static void free_place(struct place *place)
{
    free(place->address);
    free(place->path);
}

static int check_kept(const struct li_repo *repo, const struct li_known *known,
                      const struct place *place, struct li_known_found *out, struct li_error *err)
{
    struct li_error why = LI_ERROR_INIT;
    uint8_t kept[LI_ID_SIZE];
    bool there = false;
    int rc = known->accept ? 0 : read_kept(place->path, kept, out, &there, err), keeping = 0;

    if (rc == 0 && !there)
        keeping = keep(place, known->accept, repo->id, out, &why);
    if (keeping == LI_END)
        rc = read_kept(place->path, kept, out, &there, err);
    if (rc < 0)
        return rc;
    out->how = LI_KNOWN_KEPT;
    if (there)
        return memcmp(kept, repo->id, LI_ID_SIZE) == 0 ? 0 : refuse(repo, kept, place->path, err);
    if (keeping == LI_ENOMEM || (keeping < 0 && known->accept)) {
        *err = why;
        return li_context(err, "cannot keep the ID of the repository");
    }
    out->how = keeping == 0 ? LI_KNOWN_NEW : LI_KNOWN_NOT;
    return 0;
}

/* The user gave the ID. If this host has seen an identity before, that counts all the same. */
static int recall_proof(const struct li_repo *repo, const struct li_known *known,
                        struct li_known_found *out, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_known_found kept = {.proven = false};
    uint8_t id[LI_ID_SIZE];
    struct place place;
    bool there = false;
    int rc;

    if (!known->directory || known->accept)
        return 0;
    rc = find_place(repo, known, &place, err);
    if (rc == 0 && read_kept(place.path, id, &kept, &there, &ignored) == 0 && there &&
        memcmp(id, repo->id, LI_ID_SIZE) == 0) {
        out->proven = kept.proven;
        memcpy(out->key, kept.key, LI_ID_SIZE);
    }
    free_place(&place);
    return rc;
}

int li_known_check(const struct li_repo *repo, const struct li_known *known,
                   struct li_known_found *out, struct li_error *err)
{
    struct place place;
    int rc;

    *out = (struct li_known_found){.how = LI_KNOWN_GIVEN};
    if (known->id && memcmp(known->id, repo->id, LI_ID_SIZE) != 0)
        return refuse(repo, known->id, NULL, err);
    if (known->id)
        return recall_proof(repo, known, out, err);
    out->how = LI_KNOWN_NOT;
    if (!known->directory)
        return 0;
    rc = find_place(repo, known, &place, err);
    if (rc == 0)
        rc = check_kept(repo, known, &place, out, err);
    free_place(&place);
    return rc;
}

/* ---- the identity ---------------------------------------------------------------------------- */

static int refuse_identity(const struct li_repo *repo, bool there, struct li_error *err)
{
    struct li_key key = li_key_identity(repo->id);
    const char *address = repo->store->address;

    if (!there)
        return li_fail(
            err, LI_ECORRUPT,
            "%s/%s is gone, which was there when this host last used the repository: "
            "somebody may have removed it. Restore it from a copy of the repository; or, "
            "if that is right, run this again with --accept-new-repository",
            address, key.text);
    return li_fail(
        err, LI_ECORRUPT,
        "%s/%s is another than when this host last used the repository: somebody who has "
        "its key has made it anew. If that is right, run this again with "
        "--accept-new-repository",
        address, key.text);
}

/* What cannot be kept is asked for again the next time. */
static int learn(const struct li_repo *repo, const struct li_known *known,
                 const struct li_known_found *found, struct li_error *err)
{
    struct li_error ignored = LI_ERROR_INIT;
    struct li_known_found now = {.proven = false};
    uint8_t kept[LI_ID_SIZE];
    struct place place;
    bool there = false;
    int rc = find_place(repo, known, &place, err), keeping = 0;

    /* If the user has accepted another repository meanwhile, that one stays. */
    if (rc == 0)
        keeping = read_kept(place.path, kept, &now, &there, &ignored);
    if (rc == 0 && keeping == 0 && there && memcmp(kept, repo->id, LI_ID_SIZE) == 0)
        keeping = keep(&place, true, repo->id, found, &ignored);
    if (keeping == LI_ENOMEM) {
        *err = ignored;
        rc = LI_ENOMEM;
    }
    free_place(&place);
    return rc;
}

int li_known_compare(const struct li_repo *repo, const struct li_known *known,
                     struct li_known_found *found, const struct li_repo_identity *identity,
                     struct li_error *err)
{
    if (found->proven && (!identity->there || memcmp(found->key, identity->key, LI_ID_SIZE) != 0))
        return refuse_identity(repo, identity->there, err);
    if (found->proven || !identity->there)
        return 0;
    found->proven = true;
    memcpy(found->key, identity->key, LI_ID_SIZE);
    return found->how == LI_KNOWN_NEW || found->how == LI_KNOWN_KEPT
               ? learn(repo, known, found, err)
               : 0;
}

int li_known_check_identity(struct li_repo *repo, const struct li_known *known,
                            struct li_known_found *found, struct li_error *err)
{
    struct li_repo_identity identity = {.there = false};
    int rc = li_repo_identity(repo, &identity, err);

    return rc < 0 ? rc : li_known_compare(repo, known, found, &identity, err);
}

bool li_known_cut_id(char *address, uint8_t id[LI_ID_SIZE])
{
    char *mark = strrchr(address, '#');

    if (!mark || strlen(mark + 1) != 2 * LI_ID_SIZE || li_hex_decode(mark + 1, id, LI_ID_SIZE) < 0)
        return false;
    *mark = '\0';
    return true;
}
