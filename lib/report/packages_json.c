/* SPDX-License-Identifier: Apache-2.0 */
/* package.json of npm: a name and a version, which may be missing in a package of one's own. */
#include <jansson.h>
#include <string.h>

#include "report/packages_internal.h"

/* Far more than a package.json has: jansson takes about forty times as much memory. */
enum { JSON_MAX = 1 << 20 };

static struct li_slice text_of(const json_t *json, const char *member)
{
    const json_t *value = json_object_get(json, member);

    if (!json_is_string(value))
        return (struct li_slice){"", 0};
    return (struct li_slice){json_string_value(value), json_string_length(value)};
}

int li_package_parse_npm(const void *data, size_t len, const struct li_package_sink *sink,
                         struct li_error *err)
{
    struct li_slice name;
    json_error_t why;
    json_t *json;
    int rc;

    if (len > JSON_MAX)
        return li_fail(err, LI_ELIMIT, "it is longer than 1 MiB");
    json = json_loadb(data, len, 0, &why);
    if (!json)
        return li_fail(err, LI_ECORRUPT, "it is not valid JSON: line %d: %s", why.line, why.text);
    name = text_of(json, "name");
    rc = name.len ? sink->package(sink->arg, name, text_of(json, "version"), err)
                  : li_fail(err, LI_ECORRUPT, "it does not state a name");
    json_decref(json);
    return rc;
}
