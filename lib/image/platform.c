/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spellings have the meaning that containerd's platforms package gives them.
 *
 * The host's platform is what uname() says, translated into Go's names for architectures, which the
 * OCI image-spec prescribes. A machine that is not in the table keeps the kernel's name: that is
 * right for several (riscv64, s390x, ppc64le need no translation), and harmless if it is wrong,
 * because the error then lists the platforms there are.
 */
#include "image/platform.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

/* Other names for an architecture, and the variant that the name implies; NULL: the variant that is
 * stated. */
static const struct {
    const char *name, *architecture, *variant;
} architectures[] = {
    {"x86_64", "amd64", NULL},  {"x86-64", "amd64", NULL}, {"i386", "386", ""},
    {"aarch64", "arm64", NULL}, {"armhf", "arm", "v7"},    {"armel", "arm", "v6"},
};

/* Other spellings of an architecture's variants. */
static const struct {
    const char *architecture, *name, *variant;
} variants[] = {
    {"amd64", "v1", ""},  {"arm64", "8", ""},     {"arm64", "v8", ""},     {"arm64", "v8.0", ""},
    {"arm64", "9", "v9"}, {"arm64", "9.0", "v9"}, {"arm64", "v9.0", "v9"}, {"arm", "", "v7"},
    {"arm", "5", "v5"},   {"arm", "6", "v6"},     {"arm", "7", "v7"},      {"arm", "8", "v8"},
};

static void lower(char *text)
{
    for (; *text; text++)
        if (*text >= 'A' && *text <= 'Z')
            *text += 'a' - 'A';
}

static void normalise(struct li_image_platform *p)
{
    lower(p->os);
    lower(p->architecture);
    lower(p->variant);
    if (!strcmp(p->os, "macos"))
        strcpy(p->os, "darwin");
    for (size_t i = 0; i < sizeof(architectures) / sizeof(architectures[0]); i++) {
        if (strcmp(p->architecture, architectures[i].name) != 0)
            continue;
        strcpy(p->architecture, architectures[i].architecture);
        if (architectures[i].variant)
            strcpy(p->variant, architectures[i].variant);
        break;
    }
    for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        if (strcmp(p->architecture, variants[i].architecture) != 0 ||
            strcmp(p->variant, variants[i].name) != 0)
            continue;
        strcpy(p->variant, variants[i].variant);
        break;
    }
}

static bool take_part(const char **text, char *out, size_t size)
{
    size_t len = strcspn(*text, "/");

    if (len == 0 || len >= size)
        return false;
    memcpy(out, *text, len);
    out[len] = '\0';
    *text += len;
    if (**text == '/')
        (*text)++;
    return true;
}

int li_image_platform_parse(const char *text, struct li_image_platform *out, struct li_error *err)
{
    struct li_image_platform p = {"", "", ""};
    const char *at = text;
    size_t len = strlen(text);
    bool good = len && text[len - 1] != '/';

    good = good && take_part(&at, p.os, sizeof(p.os));
    good = good && take_part(&at, p.architecture, sizeof(p.architecture));
    if (good && *at)
        good = take_part(&at, p.variant, sizeof(p.variant));
    if (!good || *at)
        return li_fail(err, LI_EINVALID,
                       "\"%.100s\" is not a platform; write it as linux/amd64 or linux/arm/v7",
                       text);
    normalise(&p);
    *out = p;
    return 0;
}

static int read_part(const struct li_image_json *object, const char *key, char *out, size_t size,
                     struct li_error *err)
{
    const char *text;
    int rc = li_image_json_string(object, key, &text, err);

    if (rc < 0)
        return rc;
    if (strlen(text) >= size)
        return li_fail(err, LI_ECORRUPT, "%s has an %s of more than %zu bytes", object->where, key,
                       size - 1);
    strcpy(out, text);
    return 0;
}

int li_image_platform_read(const struct li_image_json *object, struct li_image_platform *out,
                           struct li_error *err)
{
    struct li_image_platform p = {"", "", ""};
    int rc = read_part(object, "os", p.os, sizeof(p.os), err);

    if (rc == 0)
        rc = read_part(object, "architecture", p.architecture, sizeof(p.architecture), err);
    if (rc == 0)
        rc = read_part(object, "variant", p.variant, sizeof(p.variant), err);
    if (rc < 0)
        return rc;
    normalise(&p);
    *out = p;
    return 0;
}

void li_image_platform_host(struct li_image_platform *out)
{
    static const struct {
        const char *machine, *architecture, *variant;
    } names[] = {
        {"armv8l", "arm", "v7"},        {"armv7l", "arm", "v7"}, {"armv6l", "arm", "v6"},
        {"armv5tel", "arm", "v5"},      {"i686", "386", ""},     {"i586", "386", ""},
        {"loongarch64", "loong64", ""},
    };
    struct utsname host = {0};

    *out = (struct li_image_platform){"linux", "", ""};
    if (uname(&host) < 0)
        return;
    snprintf(out->architecture, sizeof(out->architecture), "%.31s", host.machine);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(host.machine, names[i].machine) != 0)
            continue;
        strcpy(out->architecture, names[i].architecture);
        strcpy(out->variant, names[i].variant);
    }
    normalise(out);
}

bool li_image_platform_equal(const struct li_image_platform *a, const struct li_image_platform *b)
{
    return !strcmp(a->os, b->os) && !strcmp(a->architecture, b->architecture) &&
           !strcmp(a->variant, b->variant);
}

/* The number of a variant "vN" or "vN.M", N from 1 to 99 and M to 9, in tenths; -1 if it is not
 * one. "" is FIRST. */
static int variant_number(const char *variant, int first)
{
    unsigned major, minor = 0;
    char after = '\0', end;
    int got;

    if (!variant[0])
        return 10 * first;
    got = sscanf(variant, "v%2u%c%1u%c", &major, &after, &minor, &end);
    if (variant[0] != 'v' || variant[1] < '1' || variant[1] > '9')
        return -1;
    return got == 1 || (got == 3 && after == '.') ? (int)(10 * major + minor) : -1;
}

/* Whether variant HAVE of ARCH runs on WANT, both in tenths. */
static bool runs_on(const char *arch, int have, int want)
{
    /* Version 9.N of ARM's architecture has what 8.(N + 5) has. */
    if (!strcmp(arch, "arm64") && want >= 90 && have >= 80 && have < 90)
        return have - 80 <= want - 90 + 5;
    if (!strcmp(arch, "arm64"))
        return have / 10 == want / 10 && have <= want;
    if (!strcmp(arch, "arm"))
        return have >= 50 && have <= want;
    return !strcmp(arch, "amd64") && have <= want;
}

int li_image_platform_rank(const struct li_image_platform *have,
                           const struct li_image_platform *want)
{
    enum { ANY = 10000 };
    const char *arch = want->architecture;
    int first = !strcmp(arch, "arm64") ? 8 : 1;
    int has = variant_number(have->variant, first), wants = variant_number(want->variant, first);

    if (strcmp(have->os, want->os) != 0 || strcmp(have->architecture, arch) != 0)
        return -1;
    if (!strcmp(have->variant, want->variant))
        return 0;
    if (has >= 0 && wants >= 0 && runs_on(arch, has, wants))
        return 1 + wants - has;
    if (want->variant[0])
        return -1;
    return has >= 0 ? ANY + has : 2 * ANY;
}

const char *li_image_platform_text(const struct li_image_platform *p, char *out)
{
    if (!p->os[0] && !p->architecture[0])
        return strcpy(out, "an unnamed platform");
    snprintf(out, LI_IMAGE_PLATFORM_TEXT, "%s/%s%s%s", p->os, p->architecture,
             p->variant[0] ? "/" : "", p->variant);
    return out;
}
