/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jansson's message for a syntax error quotes nearby text, which may be a secret. So we pass on
 * only line and column.
 */
#include "aws/json.h"

#include <string.h>

#include "aws/internal.h"
#include "aws/time.h"
#include "base/secret.h"

int li_aws_json_parse(const char *what, const void *data, size_t len, json_t **out,
                      struct li_error *err)
{
    json_error_t why;
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);

    if (!root && json_error_code(&why) == json_error_out_of_memory)
        return li_fail_memory(err);
    if (!root)
        return li_fail(err, LI_ECORRUPT, "%s is not valid JSON: line %d, column %d", what, why.line,
                       why.column);
    if (!json_is_object(root)) {
        li_aws_json_free(root);
        return li_fail(err, LI_ECORRUPT, "%s is not a JSON object", what);
    }
    *out = root;
    return 0;
}

const char *li_aws_json_text(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && *text ? text : NULL;
}

/* Jansson's parser bounds the depth. */
static void wipe_strings(json_t *value)
{
    if (json_is_string(value))
        li_wipe((char *)json_string_value(value), json_string_length(value));
    for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at))
        wipe_strings(json_object_iter_value(at));
    for (size_t i = 0; i < json_array_size(value); i++)
        wipe_strings(json_array_get(value, i));
}

void li_aws_json_free(json_t *object)
{
    if (!object)
        return;
    wipe_strings(object);
    json_decref(object);
}

int li_aws_json_credentials(const json_t *object, const struct li_aws_json_names *names,
                            struct li_aws_credentials *out, struct li_error *err)
{
    const char *expires = li_aws_json_text(object, names->expires);

    out->expires = INT64_MAX;
    if (expires && li_aws_time_parse(expires, &out->expires) < 0)
        return li_fail(err, LI_ECORRUPT, "\"%s\" is not a time: \"%.40s\"", names->expires,
                       expires);
    return li_aws_credentials_fill(out, li_aws_json_text(object, "AccessKeyId"),
                                   li_aws_json_text(object, "SecretAccessKey"),
                                   li_aws_json_text(object, names->token), err);
}
