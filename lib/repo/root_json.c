/* SPDX-License-Identifier: Apache-2.0 */
/* What a root says about itself, as JSON: in root.json, and in its proofs. */
#include <string.h>

#include "base/hex.h"
#include "repo/internal.h"
#include "repo/keys.h"

static const char *const state_names[] = {"active", "retired", "expired"};

json_t *li_root_to_json(const struct li_root *root)
{
    char salt[LI_HEX_ID_SIZE], repository[LI_HEX_ID_SIZE];

    li_hex_encode(root->salt, LI_ID_SIZE, salt);
    li_hex_encode(root->repository, LI_ID_SIZE, repository);
    return json_pack("{s:I, s:i, s:i, s:n, s:s*, s:s, s:s}", "created", (json_int_t)root->created,
                     "format", LI_REPO_FORMAT, "generation", (int)root->generation, "predecessor",
                     "repository", root->owned ? repository : NULL, "salt", salt, "state",
                     state_names[root->state]);
}

int li_root_encode(const struct li_root *root, struct li_buffer *out, struct li_error *err)
{
    return li_json_encode(li_root_to_json(root), out, err);
}

static int parse_state(const json_t *json, enum li_root_state *state, struct li_error *err)
{
    const char *text = json_string_value(json_object_get(json, "state"));

    for (size_t i = 0; text && i < sizeof(state_names) / sizeof(state_names[0]); i++) {
        if (strcmp(text, state_names[i]) == 0) {
            *state = (enum li_root_state)i;
            return 0;
        }
    }
    return li_fail(err, LI_ECORRUPT, "\"state\" is not active, retired or expired");
}

static int parse_numbers(const json_t *json, struct li_root *root, struct li_error *err)
{
    const json_t *created = json_object_get(json, "created");
    const json_t *generation = json_object_get(json, "generation");

    if (!json_is_integer(created) || !json_is_integer(generation) ||
        json_integer_value(generation) < 1 || json_integer_value(generation) > INT32_MAX)
        return li_fail(err, LI_ECORRUPT,
                       "\"created\" or \"generation\" is not a number in its range");
    root->created = json_integer_value(created);
    root->generation = (uint32_t)json_integer_value(generation);
    return 0;
}

int li_root_from_json(const json_t *json, struct li_root *root, struct li_error *err)
{
    int rc = parse_state(json, &root->state, err);

    if (rc == 0)
        rc = parse_numbers(json, root, err);
    if (rc == 0)
        rc = li_json_id(json, "salt", root->salt, err);
    root->owned = rc == 0 && json_object_get(json, "repository");
    if (rc == 0 && root->owned)
        rc = li_json_id(json, "repository", root->repository, err);
    return rc;
}
