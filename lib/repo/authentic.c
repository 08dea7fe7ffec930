/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The ID of the key is in the header, because it is needed before anything can be checked. It only
 * chooses a wrap, and a wrap opens to no other key than its own. Nothing else is used before the
 * MAC has verified.
 */
#include "repo/authentic.h"

#include <string.h>

#include "base/bytes.h"
#include "crypto/crypto.h"
#include "repo/internal.h"

enum {
    VERSION = 1,
    MAGIC_SIZE = 8,
    KEY_AT = 16,
    MAC_AT = 32, /* the MAC covers all that is before it */
};

static const uint8_t magic[MAGIC_SIZE] = {'L', 'I', 'M', 'G', 'A', 'U', 'T', 'H'};

_Static_assert(KEY_AT + (int)LI_ID_SIZE == MAC_AT &&
                   MAC_AT + (int)LI_MAC_SIZE == (int)LI_AUTHENTIC_HEADER_SIZE,
               "the header holds the key's ID and the MAC");
_Static_assert(LI_AUTHENTIC_MAX - (int)LI_AUTHENTIC_HEADER_SIZE == (int)LI_REPO_JSON_MAX,
               "the JSON is no longer than elsewhere");

/* The MAC of the header up to MAC_AT and of the JSON. */
static int compute_mac(const struct li_repo_key *key, const char *label, const uint8_t *header,
                       const struct li_buffer *json, uint8_t mac[LI_MAC_SIZE], struct li_error *err)
{
    struct li_buffer message = {0};
    struct li_secret mac_key = {{0}};
    int rc = li_crypto_expand(&key->secret, label, &mac_key, err);

    if (rc == 0)
        rc = li_buffer_append(&message, header, MAC_AT, err);
    if (rc == 0)
        rc = li_buffer_append(&message, json->data, json->len, err);
    if (rc == 0)
        rc = li_crypto_mac(&mac_key, message.data, message.len, mac, err);
    li_secret_wipe(&mac_key);
    li_buffer_free(&message);
    return rc;
}

int li_authentic_encode(const struct li_repo_key *key, const char *label, json_t *json,
                        struct li_buffer *out, struct li_error *err)
{
    uint8_t header[LI_AUTHENTIC_HEADER_SIZE] = {0};
    struct li_buffer text = {0};
    int rc = li_json_encode(json, &text, err);

    if (rc == 0 && text.len > LI_REPO_JSON_MAX)
        rc = li_fail(err, LI_ELIMIT, "the document has %zu bytes; at most %d are allowed", text.len,
                     LI_REPO_JSON_MAX);
    memcpy(header, magic, sizeof(magic));
    li_put_le16(header + 8, VERSION);
    li_put_le32(header + 12, (uint32_t)text.len);
    memcpy(header + KEY_AT, key->id, LI_ID_SIZE);
    if (rc == 0)
        rc = compute_mac(key, label, header, &text, header + MAC_AT, err);
    out->len = 0;
    if (rc == 0)
        rc = li_buffer_append(out, header, sizeof(header), err);
    if (rc == 0)
        rc = li_buffer_append(out, text.data, text.len, err);
    li_buffer_free(&text);
    return rc;
}

int li_authentic_key(const struct li_buffer *object, uint8_t id[LI_ID_SIZE], struct li_error *err)
{
    struct li_cursor c = li_cursor(object->data, object->len);
    const uint8_t *found = li_cursor_take(&c, sizeof(magic));
    uint16_t version = li_cursor_le16(&c);
    uint16_t zeros = li_cursor_le16(&c);
    uint32_t length = li_cursor_le32(&c);
    const uint8_t *key = li_cursor_take(&c, LI_ID_SIZE);

    (void)li_cursor_take(&c, LI_MAC_SIZE);
    if (c.bad || memcmp(found, magic, sizeof(magic)) != 0)
        return li_fail(err, LI_ECORRUPT, "this is not an authentic document of lambdaimg");
    if (version != VERSION)
        return li_fail(err, LI_EUNSUPPORTED,
                       "documents of version %u are not known to this lambdaimg; a newer lambdaimg "
                       "may read it",
                       version);
    if (zeros != 0 || length != c.left || length == 0 || length > LI_REPO_JSON_MAX)
        return li_fail(err, LI_ECORRUPT, "it is damaged");
    memcpy(id, key, LI_ID_SIZE);
    return 0;
}

int li_authentic_decode(const struct li_repo_key *key, const char *label,
                        const struct li_buffer *object, json_t **out, struct li_error *err)
{
    uint8_t id[LI_ID_SIZE], mac[LI_MAC_SIZE];
    struct li_buffer json = {0};
    int rc = li_authentic_key(object, id, err);

    if (rc < 0)
        return rc;
    /* A part of OBJECT, which owns it. */
    json.data = object->data + LI_AUTHENTIC_HEADER_SIZE;
    json.len = object->len - LI_AUTHENTIC_HEADER_SIZE;
    rc = compute_mac(key, label, object->data, &json, mac, err);
    if (rc == 0 && (memcmp(id, key->id, LI_ID_SIZE) != 0 ||
                    !li_equal_secret(mac, object->data + MAC_AT, sizeof(mac))))
        rc = li_fail(err, LI_ECORRUPT,
                     "its MAC does not match: it was changed, or belongs somewhere else");
    return rc < 0 ? rc : li_json_parse(&json, out, err);
}
