/* SPDX-License-Identifier: Apache-2.0 */
/* The repositories that fuzzing begins with. */
#include "seeds.h"

#include "base/bytes.h"
#include "fuzz.h"
#include "repo/authentic.h"
#include "tests/fixtures/image_files.h"

/* The numbers of keys in fuzz_repo.c; of a root's objects, within the root. */
enum { IDENTITY = 3, KEY_WRAP = 4, ROOT_0 = 5, ROOT_1 = 11 };
enum { MANIFEST = 1, WRAP = 2, PROOF = 4, CHUNK = 5 };

/* The object whose key has that NUMBER. */
static void put_object(struct li_buffer *input, uint8_t number, const void *data, size_t len)
{
    uint8_t head[3] = {number};

    li_put_le16(head + 1, (uint16_t)len);
    tar_append(input, head, sizeof(head));
    if (len > 0)
        tar_append(input, data, len);
}

static void put_text(struct li_buffer *input, uint8_t number, const char *text)
{
    put_object(input, number, text, strlen(text));
}

/* An authentic document under the key 5, as the KMS of fuzz_repo.c unwraps it. */
static void put_authentic(struct li_buffer *input, uint8_t number, const char *label,
                          const char *text)
{
    const struct li_repo_key key = {.id = {[LI_ID_SIZE - 1] = 5}, .secret = {{1}}};
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer object = {0};

    assert_done(li_authentic_encode(&key, label, json_loads(text, 0, NULL), &object, &err), &err);
    put_object(input, number, object.data, object.len);
    li_buffer_free(&object);
}

/* Two roots, the second of which follows the first; an image in each, one of which has a wrap and a
 * manifest whose tag does not match. Then the repository's identity, and a proof for each root. */
void save_repositories(void)
{
    static const char root[] =
        "{\"created\":1,\"format\":1,\"generation\":%d,\"predecessor\":%s,"
        "\"repository\":\"00000000000000000000000000000009\",\"salt\":"
        "\"00000000000000000000000000000003\",\"root\":\"%032x\",\"state\":\"%s\"}";
    static const uint8_t wrap[] = "LIMGWRAP\1\0\0\0\4\0\0\0blob";
    uint8_t manifest[200] = "LIMGMNFT\1\0\0\0\1";
    struct li_buffer input = {0};
    char *first = format(root, 1, "null", 0, "retired");
    char *second = format(root, 2, "\"00000000000000000000000000000000\"", 1, "active");

    manifest[16 + LI_ID_SIZE - 1] = 7;
    put_text(&input, 0, "{\"format\":1,\"repository\":\"00000000000000000000000000000009\"}");
    put_text(&input, 1,
             "{\"format\":1,\"manifest\":\"00000000000000000000000000000007\",\"root\":"
             "\"00000000000000000000000000000001\"}");
    put_text(&input, 2,
             "{\"format\":1,\"manifest\":\"00000000000000000000000000000008\",\"root\":"
             "\"00000000000000000000000000000000\"}");
    put_text(&input, ROOT_0, first);
    put_object(&input, ROOT_0 + CHUNK, "x", 1);
    put_text(&input, ROOT_1, second);
    save_seed("repo", "roots", input.data, input.len);
    put_object(&input, ROOT_1 + MANIFEST, manifest, sizeof(manifest));
    put_object(&input, ROOT_1 + WRAP, wrap, sizeof(wrap) - 1);
    save_seed("repo", "images", input.data, input.len);
    put_object(&input, KEY_WRAP, wrap, sizeof(wrap) - 1);
    put_authentic(&input, IDENTITY, "lambdaimg identity",
                  "{\"format\":1,\"pad\":4096,\"repository\":"
                  "\"00000000000000000000000000000009\"}");
    put_authentic(&input, ROOT_0 + PROOF, "lambdaimg root", first);
    put_authentic(&input, ROOT_1 + PROOF, "lambdaimg root", second);
    save_seed("repo", "identity", input.data, input.len);
    free(first);
    free(second);
    li_buffer_free(&input);
}
