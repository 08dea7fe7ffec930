/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "crypto/seal.h"
#include "repo/keys.h"
#include "repo/roots.h"
#include "sealed/sealed.h"

struct origin {
    struct li_sealed sealed;
    struct li_repo *repo;
    int (*fetch)(struct li_repo *repo, const uint8_t *root, struct li_root_search *search,
                 struct li_error *err);
};

static int origin_get(struct li_sealed *sealed, const struct li_sealed_chunk *chunk,
                      struct li_sealed_object *out, struct li_error *err)
{
    struct li_key rest = li_key_chunk(chunk->name);
    struct li_root_search search = {
        .rest = rest.text, .limit = LI_SEAL_MAX_SIZE, .out = &out->bytes};
    const struct origin *origin = (const struct origin *)sealed;
    int rc = origin->fetch(origin->repo, chunk->root, &search, err);

    out->there = search.there;
    if (search.there)
        memcpy(out->root, search.root, LI_ID_SIZE);
    return rc;
}

static void origin_free(struct li_sealed *sealed)
{
    free(sealed);
}

static int new_origin(struct li_repo *repo, struct origin what, struct li_sealed **out,
                      struct li_error *err)
{
    static const struct li_sealed_operations operations = {.get = origin_get, .free = origin_free};
    struct origin *origin = calloc(1, sizeof(*origin));

    if (!origin)
        return li_fail_memory(err);
    *origin = what;
    origin->sealed = (struct li_sealed){&operations, li_repo_store(repo)->address};
    origin->repo = repo;
    *out = &origin->sealed;
    return 0;
}

int li_sealed_origin_new(struct li_repo *repo, struct li_sealed **out, struct li_error *err)
{
    return new_origin(repo, (struct origin){.fetch = li_root_fetch}, out, err);
}

int li_sealed_root_new(struct li_repo *repo, struct li_sealed **out, struct li_error *err)
{
    return new_origin(repo, (struct origin){.fetch = li_root_fetch_from}, out, err);
}
