/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets REF [NAME=TEXT...]: prints the secrets behind an image of the repository of
 * LAMBDAIMG_REPO and of the key file of LAMBDAIMG_KMS, one "NAME HEX" a line, for memscan: key the
 * key file's key digits    the same, as the digits that are in the file wrapping  the key that is
 * expanded from it, which wraps repository  the repository's key salt      the salt that is in
 * force data      the key of the image's manifest chunk     the PRK of the image's last chunk and
 * each NAME with the bytes of TEXT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cmd/common/context.h"
#include "kms/key_file.h"
#include "repo/identity.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "repo/salt.h"
#include "repo/wrap.h"

const struct command *const commands[] = {NULL};

/* Each option has its default. */
const struct option_row common_options[] = {{NULL, 0, NULL, NULL}};
static const struct command command = {.name = "secrets"};

static void print(const char *name, const void *bytes, size_t len)
{
    const unsigned char *at = bytes;

    printf("%s ", name);
    for (size_t i = 0; i < len; i++)
        printf("%02x", at[i]);
    putchar('\n');
}

static void print_secret(const char *name, const struct li_secret *secret)
{
    print(name, secret->bytes, sizeof(secret->bytes));
}

/* What the key file gives. */
static int print_key(const char *path, struct li_error *err)
{
    struct li_secret key, wrapping;
    char digits[2 * LI_SECRET_SIZE + 1];
    int rc = li_key_file_read(path, &key, err);

    if (rc == 0)
        rc = li_crypto_expand(&key, "lambdaimg kms file wrap", &wrapping, err);
    if (rc < 0)
        return rc;
    li_hex_encode(key.bytes, sizeof(key.bytes), digits);
    print_secret("key", &key);
    print("digits", digits, sizeof(digits) - 1);
    print_secret("wrapping", &wrapping);
    return 0;
}

static int print_repository(struct li_repo *repo, struct li_error *err)
{
    struct li_repo_key key;
    int rc = li_identity_key(repo, &key, err);

    if (rc == 0)
        print_secret("repository", &key.secret);
    return rc;
}

/* What the key opens. */
static int print_opened(struct li_repo *repo, const struct li_manifest *manifest,
                        struct li_error *err)
{
    struct li_kms_context wrap = li_wrap_context("manifest", li_repo_id(repo), manifest->id);
    struct li_key rest = li_key_wrap(manifest->id, li_repo_kms(repo)->name);
    struct li_secret salt, data;
    struct li_root root;
    bool there = false;
    int rc = print_repository(repo, err);

    if (rc == 0)
        rc = li_root_active(repo, &root, err);
    if (rc == 0)
        rc = li_salt_open(repo, root.salt, &salt, err);
    if (rc == 0)
        rc = li_wrap_open(repo, li_key_root(manifest->root, rest.text).text, &wrap, &data, &there,
                          err);
    if (rc == 0 && !there)
        rc = li_fail(err, LI_ECORRUPT, "the manifest has no wrap");
    if (rc < 0)
        return rc;
    print_secret("salt", &salt);
    print_secret("data", &data);
    print_secret("chunk", &manifest->chunks[manifest->chunk_count - 1].prk);
    return 0;
}

static int run(const char *text, struct li_error *err)
{
    const struct arguments args = {.command = &command};
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    char *spec = NULL;
    int rc = parse_reference(text, &reference, err);

    if (rc == 0)
        rc = kms_spec(&args, &spec, err);
    if (rc == 0)
        rc = print_key(spec + strlen("file:"), err);
    if (rc == 0)
        rc = open_connections(&args, true, &context, err);
    if (rc == 0)
        rc = li_repo_open(context.store, context.kms, &context.env, &context.repo, err);
    if (rc == 0)
        rc = li_repo_manifest(context.repo, &reference, &manifest, err);
    if (rc == 0)
        rc = print_opened(context.repo, &manifest, err);
    li_manifest_free(&manifest);
    close_context(&context);
    free(spec);
    return rc;
}

int main(int argc, char **argv)
{
    struct li_error err = LI_ERROR_INIT;

    if (argc < 2 || run(argv[1], &err) < 0) {
        fprintf(stderr, "secrets: %s\n", argc < 2 ? "REF [NAME=TEXT...]" : err.text);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        char *text = strchr(argv[i], '=');

        if (!text)
            return 1;
        *text++ = '\0';
        print(argv[i], text, strlen(text));
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
