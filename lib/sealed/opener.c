/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A chunk that fails its checks, or that its disk cannot read, is known to be bad: it can be
 * replaced, and a cache can drop it. Any other failure says nothing about the chunk, and must not
 * be taken for that: otherwise a network that is down would cause a whole image to be replaced.
 */
#include "sealed/opener.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "chunk/chunk.h"
#include "repo/keys.h"

struct li_opener {
    struct li_sealed *source;
    struct li_sealer *sealer;
    struct li_sealed_object object; /* the chunk that was fetched last */
    uint8_t *plain;                 /* for li_opener_check(), whose first call makes it */
};

int li_opener_new(struct li_sealed *source, struct li_opener **out, struct li_error *err)
{
    struct li_opener *opener = calloc(1, sizeof(*opener));
    int rc;

    if (!opener)
        return li_fail_memory(err);
    opener->source = source;
    rc = li_sealer_new(&opener->sealer, err);
    if (rc < 0)
        li_opener_free(opener);
    else
        *out = opener;
    return rc;
}

void li_opener_free(struct li_opener *opener)
{
    if (!opener)
        return;
    li_sealer_free(opener->sealer);
    li_buffer_free(&opener->object.bytes);
    if (opener->plain)
        li_wipe(opener->plain, LI_CHUNK_SIZE);
    free(opener->plain);
    free(opener);
}

int li_openers_new(struct li_sealed *source, unsigned count, struct li_opener ***out,
                   struct li_error *err)
{
    struct li_opener **openers = calloc(count, sizeof(struct li_opener *));
    int rc = openers ? 0 : li_fail_memory(err);

    for (unsigned i = 0; i < count && rc == 0; i++)
        rc = li_opener_new(source, &openers[i], err);
    if (rc < 0)
        li_openers_free(openers, count);
    else
        *out = openers;
    return rc;
}

void li_openers_free(struct li_opener **openers, unsigned count)
{
    for (unsigned i = 0; openers && i < count; i++)
        li_opener_free(openers[i]);
    free(openers);
}

struct li_sealer *li_opener_sealer(struct li_opener *opener)
{
    return opener->sealer;
}

/* Whether a failure to fetch or open an object is the object's fault. */
static bool is_damage(const struct li_error *err)
{
    return err->code == LI_ECORRUPT || err->code == LI_ELIMIT || err->sys == EIO;
}

/* Fetches and opens. FINDING is set whatever is returned. */
static int look(struct li_opener *opener, const struct li_sealed_chunk *which,
                const struct li_manifest_chunk *chunk, uint8_t *plain,
                struct li_sealed_finding *finding, struct li_error *err)
{
    struct li_sealed_object *object = &opener->object;
    int rc = li_sealed_get(opener->source, which, object, err);

    finding->health = LI_SEALED_UNKNOWN;
    finding->bytes = object->bytes.len;
    if (object->there)
        memcpy(finding->root, object->root, LI_ID_SIZE);
    if (rc == 0 && object->there)
        rc = li_seal_open(opener->sealer, &chunk->prk, chunk->digest, &object->bytes, plain, err);
    if (rc == 0)
        finding->health = object->there ? LI_SEALED_SOUND : LI_SEALED_MISSING;
    else if (object->there && is_damage(err))
        finding->health = LI_SEALED_DAMAGED;
    return rc;
}

/* A copy that is not sound is no answer: then the chunk itself is fetched. */
static int look_and_tell(struct li_opener *opener, const uint8_t root[LI_ID_SIZE],
                         const struct li_manifest_chunk *chunk, uint8_t *plain,
                         struct li_sealed_finding *finding, struct li_error *err)
{
    struct li_sealed_chunk which = {.fresh = false};
    int rc;

    memcpy(which.root, root, LI_ID_SIZE);
    memcpy(which.name, chunk->name, LI_NAME_SIZE);
    rc = look(opener, &which, chunk, plain, finding, err);
    li_sealed_used(opener->source, &which, &opener->object, finding);
    if (!opener->object.copy || finding->health == LI_SEALED_SOUND)
        return rc;
    li_error_clear(err);
    which.fresh = true;
    rc = look(opener, &which, chunk, plain, finding, err);
    li_sealed_used(opener->source, &which, &opener->object, finding);
    return rc;
}

int li_opener_open(struct li_opener *opener, const uint8_t root[LI_ID_SIZE],
                   const struct li_manifest_chunk *chunk, uint8_t *plain, struct li_error *err)
{
    struct li_sealed_finding finding;
    int rc = look_and_tell(opener, root, chunk, plain, &finding, err);

    if (finding.health == LI_SEALED_MISSING)
        rc = li_fail(err, LI_ECORRUPT, "no root of %s has %s", opener->source->address,
                     li_key_chunk(chunk->name).text);
    rc = li_as_failure(rc, err);
    return rc < 0 ? li_context(err, "chunk %" PRIu32, chunk->index) : 0;
}

int li_opener_check(struct li_opener *opener, const uint8_t root[LI_ID_SIZE],
                    const struct li_manifest_chunk *chunk, struct li_sealed_finding *out,
                    struct li_error *err)
{
    int rc;

    out->health = LI_SEALED_UNKNOWN;
    if (!opener->plain)
        opener->plain = malloc(LI_CHUNK_SIZE);
    if (!opener->plain)
        return li_fail_memory(err);
    rc = look_and_tell(opener, root, chunk, opener->plain, out, err);
    return out->health == LI_SEALED_UNKNOWN ? rc : 0;
}
