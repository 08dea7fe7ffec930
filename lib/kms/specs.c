/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several specs in one text. A comma ends a spec only if a spec follows it, so that a path may have
 * commas.
 */
#include <stdlib.h>
#include <string.h>

#include "kms/kms.h"

/* The length of the first spec in TEXT. */
static size_t length_of_first(const char *text)
{
    const char *comma = text;

    while ((comma = strchr(comma, ',')))
        if (li_kms_is_spec(++comma))
            return (size_t)(comma - 1 - text);
    return strlen(text);
}

static int add(struct li_kms_specs *specs, const char *text, size_t len, struct li_error *err)
{
    char *copy;

    if (specs->count == LI_KMS_SET_MAX)
        return li_fail(err, LI_ELIMIT, "more than %d keys are given", LI_KMS_SET_MAX);
    copy = strndup(text, len);
    if (!copy)
        return li_fail_memory(err);
    specs->spec[specs->count++] = copy;
    return 0;
}

int li_kms_specs_add(struct li_kms_specs *specs, const char *text, struct li_error *err)
{
    int rc = 0;

    if (!li_kms_is_spec(text))
        return li_fail(err, LI_EINVALID, "%s: not " LI_KMS_FORMS, text);
    while (rc == 0) {
        size_t len = length_of_first(text);

        rc = add(specs, text, len, err);
        if (!text[len])
            break;
        text += len + 1;
    }
    return rc;
}

void li_kms_specs_free(struct li_kms_specs *specs)
{
    for (size_t i = 0; i < specs->count; i++)
        free(specs->spec[i]);
    *specs = (struct li_kms_specs){.count = 0};
}
