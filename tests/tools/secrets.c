/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets REF [NAME=TEXT...]: prints the secrets behind an image of the repository of
 * LAMBDAIMG_REPO and of LAMBDAIMG_KMS, one "NAME HEX" a line, for memscan:
 *
 *     key         the key file's key, if it is one
 *     digits      the same, as the digits that are in the file
 *     wrapping    the key that is expanded from it, which wraps
 *     repository  the repository's key
 *     salt        the salt that is in force
 *     data        the key of the image's manifest
 *     chunk       the PRK of the image's last chunk
 *     encrypting  the key that is expanded from it, which encrypts
 *     signing     the same, of its MAC
 *     salt-text   salt and data as they are in JSON, if the key is not a file
 *     data-text
 *
 * and each NAME with the bytes of TEXT.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "cmd/common/context.h"
#include "kms/key_file.h"
#include "repo/identity.h"
#include "repo/roots.h"
#include "repo/salt.h"
#include "repo/wrapped.h"

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

/* The keys of a chunk. */
static int print_chunk(const struct li_secret *prk, struct li_error *err)
{
    struct li_secret encrypting, signing;
    int rc = li_crypto_expand(prk, "lambdaimg chunk encryption", &encrypting, err);

    if (rc == 0)
        rc = li_crypto_expand(prk, "lambdaimg chunk mac", &signing, err);
    if (rc < 0)
        return rc;
    print_secret("chunk", prk);
    print_secret("encrypting", &encrypting);
    print_secret("signing", &signing);
    return 0;
}

/* SECRET as text of JSON. The last characters also depend on what follows the secret. */
static void print_text(const char *name, const struct li_secret *secret)
{
    char text[LI_BASE64_LENGTH(LI_SECRET_SIZE) + 1];

    li_base64_encode(secret->bytes, sizeof(secret->bytes), text);
    print(name, text, LI_SECRET_SIZE / 3 * 4);
}

/* What the key opens. */
static int print_opened(struct li_repo *repo, const struct li_manifest *manifest,
                        struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_manifest(manifest->root, manifest->id);
    struct li_secret salt, data;
    struct li_root root;
    int rc = print_repository(repo, err);

    if (rc == 0)
        rc = li_root_active(repo, &root, err);
    if (rc == 0)
        rc = li_salt_open(repo, root.salt, &salt, err);
    if (rc == 0)
        rc = li_wrapped_open(repo, &wrapped, &data, err);
    if (rc < 0)
        return rc;
    if (strncmp(li_repo_kms(repo)->name, "file-", 5) != 0) {
        print_text("salt-text", &salt);
        print_text("data-text", &data);
    }
    print_secret("salt", &salt);
    print_secret("data", &data);
    return print_chunk(&manifest->chunks[manifest->chunk_count - 1].prk, err);
}

static int run(const char *text, struct li_error *err)
{
    const struct arguments args = {.command = &command};
    struct li_manifest manifest = {0};
    struct li_reference reference;
    struct context context = {0};
    struct key_specs specs = {.keys.count = 0};
    int rc = parse_reference(text, &reference, err);

    if (rc == 0)
        rc = key_specs(&args, &specs, err);
    if (rc == 0 && strncmp(specs.keys.spec[0], "file:", 5) == 0)
        rc = print_key(specs.keys.spec[0] + strlen("file:"), err);
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
    free_key_specs(&specs);
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
