/* SPDX-License-Identifier: Apache-2.0 */
/* Where a service listens: the part of a URL that requests share. */
#ifndef LI_AWS_ENDPOINT_H
#define LI_AWS_ENDPOINT_H

#include <stdbool.h>

#include "base/error.h"

enum {
    LI_AWS_HOST_MAX = 300,
    LI_AWS_URL_PATH_MAX = 512,
    LI_AWS_REGION_SIZE = 64, /* bytes of a region's name, with the NUL */
};

struct li_aws_endpoint {
    bool https;
    bool numeric; /* the host is an address, not a name */
    char host[LI_AWS_HOST_MAX +
              1]; /* with ":PORT" if that is not the scheme's default; lower case */
    char path[LI_AWS_URL_PATH_MAX + 1]; /* "", or "/base" without a final '/', as it is sent */
};

/* Parses "https://HOST[:PORT][/PATH]", or "http:". LI_EINVALID for anything else, such as a query.
 * If there is a user and a password, the error does not show them. */
int li_aws_endpoint_parse(const char *text, struct li_aws_endpoint *out, struct li_error *err);

/* "amazonaws.com", or its counterpart in REGION's partition. */
const char *li_aws_domain(const char *region);

/* Which of AWS's own endpoints of a service to use. */
struct li_aws_variant {
    bool fips;      /* one whose cryptography is validated by FIPS 140 */
    bool dualstack; /* one with IPv6 addresses, too */
};

/* AWS's own host for SERVICE in REGION: "kms.eu-west-1.amazonaws.com". LI_EUNSUPPORTED if the
 * region's partition has no such variant, LI_EINVALID if the name is too long. */
int li_aws_host(const char *service, const char *region, struct li_aws_variant variant,
                char host[LI_AWS_HOST_MAX + 1], struct li_error *err);

/* Whether HOST, which may end with a port, is in a domain of AWS. */
bool li_aws_is_amazon(const char *host);

#endif
