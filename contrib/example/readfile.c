/* SPDX-License-Identifier: Apache-2.0 */
/*
 * readfile REPOSITORY KMS IMAGE PATH: writes a file of an image in a repository to standard output.
 *
 *     cc readfile.c -o readfile $(pkg-config --cflags --libs lambdaimg)
 *     ./readfile dir:repo file:key demo:1 /etc/os-release
 *
 * It fetches only the chunks that hold the file and its directories.
 */
#include <stdio.h>
#include <sys/random.h>
#include <time.h>

#include <files/files.h>
#include <reader/reader.h>
#include <repo/repo.h>
#include <sealed/sealed.h>

/* The library takes randomness and the time from the program. */
static int random_bytes(void *buf, size_t len, struct li_error *err)
{
    return getrandom(buf, len, 0) == (ssize_t)len ? 0 : li_fail(err, LI_EIO, "no randomness");
}

static int64_t now(void)
{
    return time(NULL);
}

static int copy(struct li_files *files, const struct li_file *file, struct li_error *err)
{
    char buf[65536];
    uint64_t offset = 0;
    size_t got;
    int rc;

    do {
        got = sizeof(buf);
        rc = li_files_read(files, file, offset, buf, &got, err);
        if (rc == 0 && (fwrite(buf, 1, got, stdout) != got || fflush(stdout) != 0))
            rc = li_fail(err, LI_EIO, "cannot write to standard output");
        offset += got;
    } while (rc == 0 && got > 0);
    return rc;
}

int main(int argc, char **argv)
{
    const struct li_env env = {random_bytes, now, "/var/tmp", 1};
    const struct li_kms_options kms_options = {.env = &env};
    const struct li_reader_options options = {.memory = 64 << 20, .workers = 4, .deadline = 60};
    struct li_error err = LI_ERROR_INIT;
    struct li_store *store = NULL;
    struct li_kms *kms = NULL;
    struct li_repo *repo = NULL;
    struct li_reference image;
    struct li_manifest manifest = {0};
    struct li_sealed *chunks = NULL;
    struct li_reader *reader = NULL;
    struct li_files *files = NULL;
    struct li_file file;
    bool found = false;

    if (argc != 5)
        return fprintf(stderr, "usage: readfile REPOSITORY KMS IMAGE PATH\n"), 2;
    if (li_store_open(argv[1], false, &env, &store, &err) == 0 &&
        li_kms_open(argv[2], &kms_options, &kms, &err) == 0 &&
        li_repo_open(store, kms, &env, &repo, &err) == 0 &&
        li_reference_parse(argv[3], &image, &err) == 0 &&
        li_repo_manifest(repo, &image, &manifest, &err) == 0 &&
        li_sealed_origin_new(repo, &chunks, &err) == 0 &&
        li_reader_open(chunks, &manifest, &options, &reader, &err) == 0 &&
        li_files_open(li_reader_blocks(reader), &files, &err) == 0 &&
        li_files_find(files, argv[4], &file, &found, &err) == 0)
        found ? copy(files, &file, &err)
              : li_fail(&err, LI_ENOTFOUND, "the image has no %s", argv[4]);
    if (err.code)
        fprintf(stderr, "readfile: %s\n", err.text);
    li_files_free(files); /* each takes NULL */
    li_reader_free(reader);
    li_sealed_free(chunks);
    li_manifest_free(&manifest);
    li_repo_free(repo);
    li_kms_free(kms);
    li_store_free(store);
    return err.code ? 1 : 0;
}
