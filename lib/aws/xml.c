/* SPDX-License-Identifier: Apache-2.0 */
/* An answer may have credentials, so no copy of it is left in memory that was freed. */
#include "aws/xml.h"

#include <expat.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/secret.h"

struct parsing {
    XML_Parser parser;
    li_xml_element *element;
    void *arg;
    char path[LI_XML_DEPTH * (LI_XML_NAME_MAX + 1) + 1];
    size_t depth;
    size_t end[LI_XML_DEPTH]; /* of the path without the element at each depth */
    struct li_buffer text;    /* since the last tag */
    int rc;
    struct li_error *err;
};

static void stop(struct parsing *p, int rc)
{
    p->rc = rc;
    XML_StopParser(p->parser, XML_FALSE);
}

static void refuse(struct parsing *p, const char *what)
{
    stop(p, li_fail(p->err, LI_ECORRUPT, "the answer's XML has %s", what));
}

static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system,
                               const XML_Char *public_id, int internal)
{
    (void)name, (void)system, (void)public_id, (void)internal;
    refuse(arg, "a document type");
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
    struct parsing *p = arg;
    const char *colon = strchr(name, ':');
    size_t used = strlen(p->path), len;

    (void)attributes;
    if (colon)
        name = colon + 1;
    len = strlen(name);
    if (p->depth == LI_XML_DEPTH || len > LI_XML_NAME_MAX) {
        refuse(p, p->depth == LI_XML_DEPTH ? "too many levels" : "a name that is too long");
        return;
    }
    p->end[p->depth++] = used;
    if (used > 0)
        p->path[used++] = '/';
    memcpy(p->path + used, name, len + 1);
    p->text.len = 0;
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
    struct parsing *p = arg;

    if (p->text.len + (size_t)len > LI_XML_TEXT_MAX)
        refuse(p, "a text that is too long");
    else if (li_buffer_append(&p->text, text, (size_t)len, p->err) < 0)
        stop(p, p->err->code);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
    struct parsing *p = arg;
    int rc;

    (void)name;
    /* An end may follow the event that stopped the parser. */
    if (p->rc < 0)
        return;
    rc = li_buffer_append(&p->text, "", 1, p->err);
    if (rc == 0)
        rc = p->element(p->arg, p->path, (const char *)p->text.data, p->err);
    if (rc < 0)
        stop(p, rc);
    p->text.len = 0;
    p->path[p->end[--p->depth]] = '\0';
}

int li_xml_parse(const void *data, size_t len, li_xml_element *element, void *arg,
                 struct li_error *err)
{
    static const XML_Memory_Handling_Suite memory = {malloc, li_wipe_realloc, li_wipe_free};
    struct parsing p = {.element = element, .arg = arg, .text.wiped = true, .err = err};
    enum XML_Status status;

    if (len > INT_MAX)
        return li_fail(err, LI_ECORRUPT, "the answer's XML has %zu bytes", len);
    p.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
    if (!p.parser)
        return li_fail_memory(err);
    XML_SetUserData(p.parser, &p);
    XML_SetStartDoctypeDeclHandler(p.parser, on_doctype);
    XML_SetElementHandler(p.parser, on_start, on_end);
    XML_SetCharacterDataHandler(p.parser, on_text);
    status = XML_Parse(p.parser, data, (int)len, XML_TRUE);
    if (p.rc == 0 && status != XML_STATUS_OK)
        p.rc = li_fail(err, LI_ECORRUPT, "the answer is not XML: %s in line %lu",
                       XML_ErrorString(XML_GetErrorCode(p.parser)),
                       (unsigned long)XML_GetCurrentLineNumber(p.parser));
    XML_ParserFree(p.parser);
    li_buffer_wipe_free(&p.text);
    return p.rc;
}
