/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of seeds share. */
#ifndef LI_TESTS_FUZZ_SEEDS_H
#define LI_TESTS_FUZZ_SEEDS_H

#include <stddef.h>

/* Writes the input NAME for TARGET, LEN bytes at DATA. */
void save_seed(const char *target, const char *name, const void *data, size_t len);

/* Inputs for the target "repo" (fuzz_repo.c). */
void save_repositories(void);

#endif
