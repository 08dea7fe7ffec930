/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The small JSON objects of a repository. They are not secret, only lambdaimg writes them, and they
 * are stored where others may write. So each is limited in size, parsed strictly, and its format is
 * checked before anything else. Unknown fields are ignored; a change in the meaning of known fields
 * raises the format.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "repo/internal.h"

static int check_format(const json_t *json, struct li_error *err)
{
    const json_t *format = json_object_get(json, "format");

    if (!json_is_integer(format) || json_integer_value(format) < 1)
        return li_fail(err, LI_ECORRUPT,
                       "this is not a description that lambdaimg wrote: it has no \"format\"");
    if (json_integer_value(format) > LI_REPO_FORMAT)
        return li_fail(err, LI_EUNSUPPORTED,
                       "it was made by a newer lambdaimg (format %lld; this one reads up to %d)",
                       (long long)json_integer_value(format), LI_REPO_FORMAT);
    return 0;
}

int li_json_parse(const struct li_buffer *text, json_t **out, struct li_error *err)
{
    json_error_t why;
    json_t *json;
    int rc;

    if (text->len == 0)
        return li_fail(err, LI_ECORRUPT, "it is not valid JSON: it is empty");
    json = json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, &why);
    if (!json)
        return li_fail(err, LI_ECORRUPT, "it is not valid JSON: line %d: %s", why.line, why.text);
    rc = check_format(json, err);
    if (rc < 0)
        json_decref(json);
    else
        *out = json;
    return rc;
}

int li_json_encode(json_t *json, struct li_buffer *out, struct li_error *err)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    int rc;

    json_decref(json);
    if (!text)
        return li_fail_memory(err);
    out->len = 0;
    rc = li_buffer_append(out, text, strlen(text), err);
    if (rc == 0)
        rc = li_buffer_append(out, "\n", 1, err);
    free(text);
    return rc;
}

int li_json_id(const json_t *json, const char *field, uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    const char *text = json_string_value(json_object_get(json, field));
    uint8_t bytes[LI_ID_SIZE];

    if (!text || li_hex_decode(text, bytes, LI_ID_SIZE) < 0)
        return li_fail(err, LI_ECORRUPT, "\"%s\" is not an ID", field);
    memcpy(id, bytes, LI_ID_SIZE);
    return 0;
}
