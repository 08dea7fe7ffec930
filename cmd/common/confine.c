/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Libraries load some things only when they need them first, and then it would be too late: OpenSSL
 * its configuration, the C library what ends a thread (pthread_cancel(), which libfuse calls), and
 * Jansson the random seed of its tables, without which they are easier to fill with collisions.
 */
#include "cmd/common/confine.h"

#include <dlfcn.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/credentials.h"
#include "base/secret.h"

enum when { AUTO, REQUIRE, NO };

static int parse_when(const struct arguments *args, enum when *out, struct li_error *err)
{
    static const char *const words[] = {"auto", "require", "no"};
    const char *text = option(args, "confine");

    if (!text)
        text = getenv("LAMBDAIMG_CONFINE");
    if (!text || !*text)
        text = words[AUTO];
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = (enum when)i;
            return 0;
        }
    }
    return li_fail(err, CMD_EUSAGE, "--confine %s: not auto, require or no", text);
}

static const char *lacking(unsigned lacks)
{
    switch (lacks) {
    case LI_CONFINE_LACKS_LANDLOCK:
        return "Landlock";
    case LI_CONFINE_LACKS_SECCOMP:
        return "seccomp";
    default:
        return "Landlock and seccomp";
    }
}

/* Handles what the kernel lacks. A note in the log of every job would help nobody. */
static int judge(enum when when, unsigned lacks, struct li_error *err)
{
    if (lacks == 0)
        return 0;
    if (when == REQUIRE)
        return li_fail(err, LI_EUNSUPPORTED,
                       "the kernel does not offer %s, which --confine require needs",
                       lacking(lacks));
    if (isatty(2))
        fprintf(stderr,
                "lambdaimg: note: the kernel does not offer %s, so what parses is not confined as "
                "far as it could be\n",
                lacking(lacks));
    return 0;
}

int allow(struct allowed *allowed, const char *path, bool writable, struct li_error *err)
{
    struct li_confine_path *to = &allowed->path[allowed->count];

    if (!path || strcmp(path, "-") == 0)
        return 0;
    if (allowed->count == ALLOWED_MAX)
        return li_fail(err, LI_ELIMIT, "%s is more than this process may open", path);
    to->path = strdup(path);
    to->writable = writable;
    if (!to->path)
        return li_fail_memory(err);
    allowed->count++;
    return 0;
}

/* A link is followed, because the file that it points to is replaced. */
int allow_output(struct allowed *allowed, const char *path, struct li_error *err)
{
    char *real = path ? realpath(path, NULL) : NULL;
    char *copy = real ? real : path ? strdup(path) : NULL;
    char *slash = copy ? strrchr(copy, '/') : NULL;
    int rc;

    if (path && !copy)
        return li_fail_memory(err);
    if (slash)
        slash[slash == copy ? 1 : 0] = '\0';
    rc = allow(allowed, copy && !slash ? "." : copy, true, err);
    free(copy);
    return rc;
}

void free_allowed(struct allowed *allowed)
{
    while (allowed->count > 0)
        free((char *)allowed->path[--allowed->count].path);
}

void load_early(void)
{
    OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_ADD_ALL_DIGESTS,
                        NULL);
    (void)dlopen("libgcc_s.so.1", RTLD_NOW);
    json_object_seed(0);
}

/* Overwrites the value of NAME where the system put it, too: /proc shows it there. */
static void wipe_variable(const char *name)
{
    char *value = getenv(name);

    if (!value)
        return;
    li_wipe(value, strlen(value));
    unsetenv(name);
}

/* The address of a proxy may have a password in it. */
static void wipe_credentials(void)
{
    static const char *const proxies[] = {"http_proxy", "https_proxy", "all_proxy",
                                          "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"};

    for (const char *const *name = li_aws_credential_variables(); *name; name++)
        wipe_variable(*name);
    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++)
        wipe_variable(proxies[i]);
}

int check_confine(const struct arguments *args, struct li_error *err)
{
    enum when when;

    return parse_when(args, &when, err);
}

int confine(const struct arguments *args, const struct allowed *allowed, struct li_error *err)
{
    enum when when = AUTO;
    int rc = parse_when(args, &when, err);

    if (rc < 0 || when == NO)
        return rc;
    rc = judge(when, li_confine_lacks(), err);
    if (rc < 0)
        return rc;
    load_early();
    wipe_credentials();
    rc = li_confine(allowed->path, allowed->count, err);
    return rc < 0 ? li_context(err, "cannot confine the process; --confine no leaves it as it is")
                  : 0;
}
