/* SPDX-License-Identifier: Apache-2.0 */
/* Making and opening salts. */
#include "repo/salt.h"

#include <string.h>

#include "repo/internal.h"
#include "repo/keys.h"
#include "repo/wrapped.h"

int li_salt_create(struct li_store *store, struct li_kms *kms, const struct li_env *env,
                   const uint8_t repository[LI_ID_SIZE], uint8_t id[LI_ID_SIZE],
                   struct li_error *err)
{
    struct li_wrapped wrapped;
    const struct li_wrapping wrapping = {kms, repository, &wrapped, li_wrapped_put, store};
    struct li_secret salt;
    int rc = env->random(id, LI_ID_SIZE, err);

    wrapped = li_wrapped_salt(id);
    if (rc == 0)
        rc = env->random(salt.bytes, sizeof(salt.bytes), err);
    if (rc == 0)
        rc = li_wrapped_make(&wrapping, &salt, err);
    li_secret_wipe(&salt);
    return rc;
}

int li_salt_discard(struct li_store *store, struct li_kms *kms, const uint8_t id[LI_ID_SIZE],
                    struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_salt(id);
    struct li_kms *member;
    int rc = 0;

    for (size_t i = 0; rc >= 0 && (member = li_kms_member(kms, "salt", i)); i++)
        rc = li_store_remove(store, li_wrapped_place(&wrapped, member->name, i).text, err);
    return rc < 0 ? rc : 0;
}

/* ---- opening --------------------------------------------------------------------------------- */

void li_salt_init(struct li_salt_kept *kept)
{
    pthread_mutex_init(&kept->lock, NULL);
}

void li_salt_forget(struct li_salt_kept *kept)
{
    li_secret_free(kept->salt);
    kept->salt = NULL;
}

void li_salt_destroy(struct li_salt_kept *kept)
{
    li_salt_forget(kept);
    pthread_mutex_destroy(&kept->lock);
}

void li_salt_keep(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], const struct li_secret *salt)
{
    struct li_salt_kept *kept = &repo->salt;

    pthread_mutex_lock(&kept->lock);
    if (!kept->salt)
        kept->salt = li_secret_alloc(sizeof(*kept->salt));
    if (kept->salt) {
        *kept->salt = *salt;
        memcpy(kept->id, id, LI_ID_SIZE);
    }
    pthread_mutex_unlock(&kept->lock);
}

/* Whether the salt ID was kept. It is not kept any longer. */
static bool take(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *out)
{
    struct li_salt_kept *kept = &repo->salt;
    bool found;

    pthread_mutex_lock(&kept->lock);
    found = kept->salt && memcmp(kept->id, id, LI_ID_SIZE) == 0;
    if (found)
        *out = *kept->salt;
    li_salt_forget(kept);
    pthread_mutex_unlock(&kept->lock);
    return found;
}

int li_salt_open(struct li_repo *repo, const uint8_t id[LI_ID_SIZE], struct li_secret *salt,
                 struct li_error *err)
{
    struct li_wrapped wrapped = li_wrapped_salt(id);
    int rc = take(repo, id, salt) ? 0 : li_wrapped_open(repo, &wrapped, salt, err);

    if (rc == LI_EDENIED)
        return li_context(err,
                          "cannot open the repository's salt, which may have a key of its own");
    return rc < 0 ? li_context(err, "cannot open the repository's salt") : 0;
}
