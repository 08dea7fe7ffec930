/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: whole reads and writes, unlinked temporary files, and output that appears whole or not at
 * all. Offsets and lengths are bytes. All functions are safe in any thread. A `struct li_output`
 * belongs to one thread, except that any number may call li_output_write() at once.
 */
#ifndef LI_BASE_IO_H
#define LI_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* Reads exactly LEN bytes at OFFSET. LI_ECORRUPT ("ends after N bytes") if the file ends before,
 * because every caller knows from elsewhere how long it should be. */
int li_pread_all(int fd, void *buf, size_t len, uint64_t offset, struct li_error *err);

/* Writes exactly LEN bytes at OFFSET. */
int li_pwrite_all(int fd, const void *buf, size_t len, uint64_t offset, struct li_error *err);

/* Reads the rest of FD from its current position; LI_ELIMIT if that is over LIMIT bytes. Appends to
 * OUT, which the caller frees also on failure. */
int li_read_rest(int fd, size_t limit, struct li_buffer *out, struct li_error *err);

/* Appends the whole file at PATH, at most LIMIT bytes, to OUT. */
int li_read_file(const char *path, size_t limit, struct li_buffer *out, struct li_error *err);

/* Opens an unlinked temporary file in DIR for reading and writing. The caller closes *fd; the
 * contents then disappear, also after kill -9. */
int li_temporary_file(const char *dir, int *fd, struct li_error *err);

/* Makes DIR and its missing parents with mode 0777 and the umask. */
int li_make_directories(const char *dir, struct li_error *err);

/* The same with mode 0700: whatever the umask, nobody else can read or exchange what is in them. */
int li_make_private_directories(const char *dir, struct li_error *err);

/* The path of the directory of PATH: "." if PATH has no slash. The caller frees it. NULL if memory
 * ran out. */
char *li_directory_of(const char *path);

/* Writes the directory DIR itself to the disk, with the names in it. */
int li_sync_directory(const char *dir, struct li_error *err);

/* Moves the file FROM to TO; LI_END if TO exists. Paths may be relative to the directories FROM_DIR
 * and TO_DIR, as for linkat(). On failure FROM stays in its place. */
int li_move_where_absent(int from_dir, const char *from, int to_dir, const char *to,
                         struct li_error *err);

/* A regular file that appears at its path whole, or not at all. */
struct li_output;

/* Begins a file of SIZE bytes, all holes, for PATH. The commit replaces an existing regular file at
 * PATH, also through a symbolic link; anything else there is LI_EINVALID. A new file has mode 0600.
 * A file that replaces one of the same owner gets its group and permission bits. If the group
 * cannot be set, or an ACL hides the group's permissions, the group gets none. */
int li_output_open(const char *path, uint64_t size, struct li_output **out, struct li_error *err);

/* Returns what li_output_open() would return for PATH now, for callers with long work to do before
 * they call it. It leaves nothing behind. */
int li_output_try(const char *path, struct li_error *err);

/* Writes a piece. Safe from many threads at once. */
int li_output_write(struct li_output *out, const void *buf, size_t len, uint64_t offset,
                    struct li_error *err);

/* Makes the file durable and puts it at its path. Call this or li_output_commit_new(), and once
 * only. */
int li_output_commit(struct li_output *out, struct li_error *err);

/* The same, but replaces nothing: LI_END if there is a file by now. Of many processes, one wins. */
int li_output_commit_new(struct li_output *out, struct li_error *err);

/* Frees it. Without a commit, nothing is left behind. NULL is allowed. */
void li_output_free(struct li_output *out);

#endif
