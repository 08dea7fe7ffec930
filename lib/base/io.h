/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: whole reads and writes, unlinked temporary files, and output that appears whole or not at
 * all. Offsets and lengths are bytes. All functions are safe in any thread; a `struct li_output`
 * belongs to one thread except for li_output_write(), which any number may call at once.
 */
#ifndef LI_BASE_IO_H
#define LI_BASE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

/* Reads exactly LEN bytes at OFFSET. A file that ends before is LI_ECORRUPT ("ends after N bytes"),
 * since every caller knows from elsewhere how long it should be. */
int li_pread_all(int fd, void *buf, size_t len, uint64_t offset, struct li_error *err);

/* Writes exactly LEN bytes at OFFSET. */
int li_pwrite_all(int fd, const void *buf, size_t len, uint64_t offset, struct li_error *err);

/* Reads what is left of FD from its current position, or LI_ELIMIT when that is over LIMIT bytes.
 * Appends to OUT, which the caller frees also on failure. */
int li_read_rest(int fd, size_t limit, struct li_buffer *out, struct li_error *err);

/* The whole file at PATH, at most LIMIT bytes, appended to OUT. */
int li_read_file(const char *path, size_t limit, struct li_buffer *out, struct li_error *err);

/* Opens an unlinked temporary file in DIR for reading and writing; the caller closes *fd. What is
 * written there is gone with the descriptor, also after kill -9. */
int li_temporary_file(const char *dir, int *fd, struct li_error *err);

/* Makes DIR and its missing parents, mode 0777 less the umask. */
int li_make_directories(const char *dir, struct li_error *err);

/* Moves the file FROM to TO, where nothing stands; LI_END where something does. Paths may be
 * relative to the directories FROM_DIR and TO_DIR, as for linkat(). What fails leaves FROM in its
 * place. */
int li_move_where_absent(int from_dir, const char *from, int to_dir, const char *to,
                         struct li_error *err);

/* A regular file that appears at its path whole, or not at all. */
struct li_output;

/* Begins a file of SIZE bytes, all holes, for PATH. An existing regular file there is replaced at
 * the commit, also where PATH is a symbolic link to it; anything else there is LI_EINVALID. A new
 * file is mode 0600. One that replaces a file of the same owner gets its group and permission bits;
 * where the group cannot be given, or an ACL hides what the group may do, the group gets none. */
int li_output_open(const char *path, uint64_t size, struct li_output **out, struct li_error *err);

/* What li_output_open() would say of PATH now, for those who have long work to do before they call
 * it. Nothing is left behind. */
int li_output_try(const char *path, struct li_error *err);

/* Writes a piece. Safe from many threads at once. */
int li_output_write(struct li_output *out, const void *buf, size_t len, uint64_t offset,
                    struct li_error *err);

/* Makes the file durable and puts it at its path. Once only. */
int li_output_commit(struct li_output *out, struct li_error *err);

/* Frees; without a commit nothing stays behind. NULL is allowed. */
void li_output_free(struct li_output *out);

#endif
