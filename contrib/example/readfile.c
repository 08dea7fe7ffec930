/* SPDX-License-Identifier: Apache-2.0 */
/* readfile REPOSITORY KMS IMAGE PATH, as in: readfile dir:repo file:key demo:1 /etc/os-release
 * It writes a file of an image to standard output, and fetches only the chunks that it needs.
 *     cc readfile.c -o readfile $(pkg-config --cflags --libs lambdaimg) */
#include <stdio.h>
#include <stored/stored.h>

int main(int argc, char **argv)
{
    const struct li_env env = li_env_system();
    struct li_error err = LI_ERROR_INIT;
    struct li_store *store = NULL;
    struct li_kms *kms = NULL;
    struct li_stored *stored = NULL;
    struct li_file file;
    bool found = false;
    char buf[65536];
    size_t got = sizeof(buf);

    if (argc != 5)
        return fprintf(stderr, "usage: readfile REPOSITORY KMS IMAGE PATH\n"), 2;
    if (li_store_open(argv[1], false, &env, &store, &err) == 0 &&
        li_kms_open(argv[2], &(struct li_kms_options){.env = &env}, &kms, &err) == 0 &&
        li_stored_open(store, kms, &env, argv[3], &stored, &err) == 0 &&
        li_files_find(li_stored_files(stored), argv[4], &file, &found, &err) == 0 && !found)
        li_fail(&err, LI_ENOTFOUND, "the image has no %s", argv[4]);
    for (uint64_t at = 0; found && got > 0 && err.code == 0; at += got)
        if (li_files_read(li_stored_files(stored), &file, at, buf, &got, &err) == 0 &&
            (fwrite(buf, 1, got, stdout) != got || fflush(stdout) != 0))
            li_fail(&err, LI_EIO, "cannot write to standard output");
    if (err.code)
        fprintf(stderr, "readfile: %s\n", err.text);
    li_stored_free(stored); /* each takes NULL */
    li_kms_free(kms);
    li_store_free(store);
    return err.code ? 1 : 0;
}
