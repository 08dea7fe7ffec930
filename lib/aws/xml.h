/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML of AWS's answers, on expat. Refused is everything that such an answer never has: a
 * document type, and with it entities; elements nested deeper than LI_XML_DEPTH; texts over
 * LI_XML_TEXT_MAX bytes.
 */
#ifndef LI_AWS_XML_H
#define LI_AWS_XML_H

#include <stddef.h>

#include "base/error.h"

enum { LI_XML_DEPTH = 8, LI_XML_NAME_MAX = 64, LI_XML_TEXT_MAX = 1 << 16 };

/* Called at the end of each element with its path without name spaces,
 * "ListBucketResult/Contents/Key", and its own text, without that of inner elements. The text has
 * no NUL. A negative return ends the parsing with it. */
typedef int li_xml_element(void *arg, const char *path, const char *text, struct li_error *err);

/* Parses LEN bytes. LI_ECORRUPT if they are not XML, or break a rule above. */
int li_xml_parse(const void *data, size_t len, li_xml_element *element, void *arg,
                 struct li_error *err);

#endif
