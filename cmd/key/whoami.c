/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/common/aws.h"
#include "cmd/key/key.h"

static void print_field(const char *what, const char *value)
{
    printf("%-11s ", what);
    print_shown(stdout, value);
}

static void print_line(const char *what, const char *value)
{
    print_field(what, value);
    putchar('\n');
}

static void print_sourced(const char *what, const char *value, const char *source, const char *none)
{
    print_field(what, *value ? value : none);
    if (*value) {
        fputs(" (", stdout);
        print_shown(stdout, source);
        putchar(')');
    }
    putchar('\n');
}

static void print_text(const struct li_aws_credentials *who, const struct li_aws_location *location)
{
    char when[SIZE_TEXT];

    print_line("access key", *who->access_key ? who->access_key : "none");
    print_line("source", who->source);
    print_line("profile", location->profile);
    printf("expires     %s\n", who->expires == INT64_MAX ? "never" : time_text(who->expires, when));
    print_sourced("region", location->region, location->region_source, "not set");
    print_sourced("endpoint", location->endpoint, location->endpoint_source, "AWS's own");
}

/* A member that is null if the text is empty. */
static json_t *text_or_null(const char *text)
{
    return *text ? path_json(text) : json_null();
}

static int print_whoami(const struct li_aws_credentials *who,
                        const struct li_aws_location *location, struct li_error *err)
{
    json_t *expires =
        who->expires == INT64_MAX ? json_null() : json_integer((json_int_t)who->expires);

    return print_json(json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "access_key_id",
                                text_or_null(who->access_key), "source", path_json(who->source),
                                "profile", path_json(location->profile), "expires", expires,
                                "region", text_or_null(location->region), "region_source",
                                text_or_null(location->region_source), "endpoint",
                                text_or_null(location->endpoint), "endpoint_source",
                                text_or_null(location->endpoint_source)),
                      err);
}

int key_whoami(const struct arguments *args, struct li_error *err)
{
    struct li_aws_credentials who = {.expires = INT64_MAX, .source = "--no-sign-request"};
    struct li_aws_location location = {.profile = ""};
    struct li_env env;
    struct aws aws = {.http = NULL};
    int rc = make_env(args, &env, err);

    if (rc == 0)
        rc = open_aws(args, &env, &aws, err);
    if (rc == 0 && aws.provider)
        rc = li_aws_provider_get(aws.provider, &who, err);
    if (rc == 0)
        rc = li_aws_locate(&aws.settings, aws.http, &env, &location, err);
    if (rc < 0)
        li_context(err, "cannot find your AWS credentials");
    else if (flag(args, "json"))
        rc = print_whoami(&who, &location, err);
    else
        print_text(&who, &location);
    li_aws_credentials_wipe(&who);
    close_aws(&aws);
    return rc < 0 ? rc : EXIT_DONE;
}
