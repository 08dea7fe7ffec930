/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_process: a program of the user's that prints credentials as JSON. There is no shell:
 * the command is split into words, as botocore does. The program gets our environment, no input,
 * and a minute. Its name and arguments may be relative paths, so it runs in the directory that
 * paths in AWS's files are relative to, wherever we are now.
 *
 * If it fails, its standard error becomes part of our message; AWS's documentation asks such
 * programs not to print secrets there.
 */
#include "aws/internal.h"
#include "aws/json.h"
#include "aws/words.h"
#include "base/buffer.h"
#include "base/program.h"

enum { PROCESS_SECONDS = 60 };

static int parse(const struct li_buffer *printed, struct li_aws_credentials *out,
                 struct li_error *err)
{
    static const struct li_aws_json_names names = {"SessionToken", "Expiration"};
    json_t *object = NULL;
    int rc =
        li_aws_json_parse("what the program printed", printed->data, printed->len, &object, err);

    if (rc < 0)
        return rc;
    if (json_integer_value(json_object_get(object, "Version")) != 1)
        rc = li_fail(err, LI_EUNSUPPORTED, "what the program printed has no \"Version\": 1");
    if (rc == 0)
        rc = li_aws_json_credentials(object, &names, out, err);
    li_aws_json_free(object);
    return rc;
}

int li_aws_from_process(const struct li_aws_search *search, const char *command,
                        struct li_aws_credentials *out, struct li_error *err)
{
    struct li_buffer printed = {0};
    char **words = NULL;
    int rc = li_aws_words_split(command, &words, err);

    if (rc == 0 && !words[0])
        rc = li_fail(err, LI_EINVALID, "the command is empty");
    if (rc == 0) {
        const struct li_program program = {
            .words = words, .directory = search->settings->directory, .seconds = PROCESS_SECONDS};

        rc = li_program_run(&program, &printed, err);
    }
    if (rc == 0)
        rc = parse(&printed, out, err);
    if (rc == 0 && out->expires <= search->env->now())
        rc = li_fail(err, LI_EDENIED, "the credentials that the program printed are expired");
    li_buffer_wipe_free(&printed);
    li_aws_words_free(words);
    return rc;
}
