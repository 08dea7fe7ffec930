/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libcurl, loaded when it is first needed.
 *
 * Debian's libcurl comes with some thirty other libraries. To load them takes longer than all else
 * that a program does that only uses a directory. So lib/http/curl.c defines the functions of
 * <curl/curl.h> that are used here, and forwards them.
 */
#ifndef LI_HTTP_CURL_H
#define LI_HTTP_CURL_H

#include <curl/curl.h>

#include "base/error.h"

/* Loads libcurl, unless that was done. Call it before the first of libcurl's functions; without it,
 * a function that makes something of libcurl's fails as if there were no memory. LI_EUNSUPPORTED if
 * there is no libcurl, or none that has the functions. Any thread. */
int li_curl_load(struct li_error *err);

#endif
