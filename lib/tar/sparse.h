/* SPDX-License-Identifier: Apache-2.0 */
/* The map of a sparse file, in the four forms that tars have: the runs of its data. */
#ifndef LI_TAR_SPARSE_H
#define LI_TAR_SPARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tar/pax.h"
#include "tar/tar.h"

/* Zero-initialise it. */
struct li_tar_map {
    struct li_tar_run *runs;
    size_t count, cap;
    uint64_t end;    /* of the last run */
    uint64_t stored; /* bytes of all runs */
};

/* How the records of an entry say that it is sparse. */
enum li_tar_sparse { LI_TAR_DENSE, LI_TAR_SPARSE_0, LI_TAR_SPARSE_1 };

/* What the records of an entry say about that. */
enum li_tar_sparse li_tar_sparse_form(const struct li_tar_pax *pax);

/* Each of these replaces MAP by that of an entry. PAX 0.0 and 0.1: from its records. PAX 1.0: from
 * its data, LENGTH bytes at OFFSET; the map takes *USED bytes of it. GNU's old form: from its
 * header BLOCK and from blocks after it at OFFSET, *USED bytes. LI_ECORRUPT, LI_ELIMIT, LI_ENOMEM,
 * and the errors of SOURCE. */
int li_tar_map_records(struct li_tar_map *map, const struct li_tar_pax *pax, struct li_error *err);
int li_tar_map_data(struct li_tar_map *map, const struct li_tar_source *source, uint64_t offset,
                    uint64_t length, uint64_t *used, struct li_error *err);
int li_tar_map_old(struct li_tar_map *map, const struct li_tar_source *source, const uint8_t *block,
                   uint64_t offset, uint64_t *used, struct li_error *err);

/* The size of a file that the header BLOCK of GNU's old form states; false if it states none. */
bool li_tar_old_size(const uint8_t *block, int64_t *out);

/* Frees the runs, and returns MAP to zeros. */
void li_tar_map_free(struct li_tar_map *map);

#endif
