/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Salts (D1): 32 random bytes under which chunks are named and keyed. Pushers know them, readers
 * never do. Each is stored wrapped (wrap.h), under an ID of its own, and a root names its current
 * salt.
 */
#ifndef LI_REPO_SALT_H
#define LI_REPO_SALT_H

#include <stdint.h>

#include "base/env.h"
#include "base/error.h"
#include "base/secret.h"
#include "kms/kms.h"
#include "repo/repo.h"
#include "store/store.h"

/* Makes a salt, wraps it for the repository with ID REPOSITORY by each key of KMS, and stores that.
 * Sets ID to a random one. LI_EEXISTS if that ID is taken, which means that randomness is broken;
 * the failures of the store, the KMS and ENV. Any thread. */
int li_salt_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const uint8_t repository[LI_ID_SIZE], uint8_t id[LI_ID_SIZE],
                   struct li_error *err);

/* Removes the wraps that li_salt_create() has made, of a salt that nothing refers to. */
int li_salt_discard(struct li_store *store, struct li_kms *kms, const uint8_t id[LI_ID_SIZE],
                    struct li_error *err);

/* Fetches and unwraps the salt ID with REPO's KMS, which it must have, or takes the one that
 * li_salt_keep() has kept. The caller wipes SALT. The errors are those of li_wrapped_open(). Any
 * thread. */
int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err);

/* Keeps SALT for the next li_salt_open() of REPO, so that a KMS is asked once for what is needed
 * twice. It is wiped by that call, and by li_repo_forget_kms(). Without memory nothing is kept. Any
 * thread. */
void li_salt_keep(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], const struct li_secret *salt);

#endif
