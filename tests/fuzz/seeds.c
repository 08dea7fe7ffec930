/* SPDX-License-Identifier: Apache-2.0 */
/* seeds DIR: writes the inputs that fuzzing begins with, a directory for each target. */
#include "fuzz.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zstd.h>

#include "base/bytes.h"
#include "crypto/seal.h"
#include "layer/record.h"
#include "seeds.h"
#include "tars.h"
#include "tests/fixtures/golden.h"
#include "tests/fixtures/image_files.h"

static const char *top;

void save_seed(const char *target, const char *name, const void *data, size_t len)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", top, target);
    mkdir(path, 0777);
    snprintf(path, sizeof(path), "%s/%s/%s", top, target, name);
    write_file(path, data, len);
}

/* ---- layers ---- */

static void put_mark(struct li_buffer *layers)
{
    tar_append(layers, "LAYER", 5);
    tar_pad(layers, 5);
}

static void save_layers(void)
{
    struct li_buffer tar = {0};

    make_types(&tar);
    save_seed("layer", "types", tar.data, tar.len);
    tar.len = 0;
    make_records(&tar);
    save_seed("layer", "records", tar.data, tar.len);
    tar.len = 0;
    make_sparse(&tar);
    save_seed("layer", "sparse", tar.data, tar.len);
    tar.len = 0;
    tar_entries(&tar, "a=1 d/ d/x=1 d/e/ d/e/y=1 l>d k>e");
    put_mark(&tar);
    tar_entries(&tar, ".wh.a= d/.wh..wh..opq= d/z=2 l/.wh.x= l/ .wh..wh.plnk/");
    put_mark(&tar);
    tar_entries(&tar, "a/b=3 k/v=3 d=3 l/.wh..wh..opq=");
    save_seed("layer", "whiteouts", tar.data, tar.len);
    li_buffer_free(&tar);
}

/* Behind a byte that has their checksums put right. */
static void save_tar(const char *name, const struct li_buffer *tar)
{
    struct li_buffer input = {0};

    tar_append(&input, "\1", 1);
    tar_append(&input, tar->data, tar->len);
    save_seed("tar", name, input.data, input.len);
    li_buffer_free(&input);
}

static void save_tars(void)
{
    static void (*const make[])(struct li_buffer *) = {make_types,   make_records, make_sparse,
                                                       make_forms,   make_maps,    make_link_data,
                                                       make_specials};
    char name[16];

    for (size_t i = 0; i < sizeof(make) / sizeof(make[0]); i++) {
        struct li_buffer tar = {0};

        make[i](&tar);
        tar_end(&tar);
        snprintf(name, sizeof(name), "tar-%zu", i);
        save_tar(name, &tar);
        li_buffer_free(&tar);
    }
}

/* ---- images ---- */

static void save_oci(void)
{
    struct files f = {0};
    struct li_buffer tar = {0};
    char *config = add_blob(&f, OCI_CONFIG, make_config("amd64"), "");
    char *a = add_blob(&f, OCI_LAYER, strdup(LAYER_A), "");
    char *b = add_blob(&f, OCI_LAYER, strdup(LAYER_B), "");
    char *manifest = add_blob(&f, OCI_MANIFEST,
                              format("{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\","
                                     "\"config\":%s,\"layers\":[%s,%s]}",
                                     config, a, b),
                              "");

    add_made(&f, "index.json",
             format("{\"schemaVersion\":2,\"manifests\":[%s,{\"mediaType\":\"" OCI_INDEX
                    "\",\"digest\":\"sha256:%064d\",\"size\":2,\"platform\":{\"os\":\"linux\","
                    "\"architecture\":\"arm64\",\"variant\":\"v8\"}}]}",
                    manifest, 0));
    add_text(&f, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    make_tar(&f, &tar);
    save_seed("image", "oci", tar.data, tar.len);
    tar.len = 0;
    add_made(&f, "/manifest.json",
             format("[{\"config\":\"/%s\",\"repoTags\":[\"app:1\",\"b:2\"],\"odd\":[1e999,"
                    "18446744073709551616,\"\\ud800\\u0000\",{\"a\":1,\"a\":2}],"
                    "\"LAYERS\":[\"./%s\",\"%s\"]},{\"Config\":\"none.json\",\"Layers\":null}]",
                    f.list[0].name, f.list[1].name, f.list[2].name));
    make_tar(&f, &tar);
    save_seed("image", "docker-new", tar.data, tar.len);
    li_buffer_free(&tar);
    free(config);
    free(a);
    free(b);
    free(manifest);
    remove_files(&f);
}

static void save_docker(void)
{
    struct files f = {0};
    struct li_buffer tar = {0};
    struct stack s = make_stack("a=1", ".wh.a= b=2");

    old_docker(&f);
    make_tar(&f, &tar);
    save_seed("image", "docker-old", tar.data, tar.len);
    remove_files(&f);
    tar.len = 0;
    stack_compress(&s, archive_write_add_filter_gzip);
    stack_pack(&s, &tar);
    save_seed("image", "docker-gzip", tar.data, tar.len);
    stack_free(&s);
    li_buffer_free(&tar);
}

/* ---- gzip ---- */

static const char *gzip_level;

static int add_gzip(struct archive *a)
{
    int rc = archive_write_add_filter_gzip(a);

    if (rc == ARCHIVE_OK)
        rc = archive_write_set_filter_option(a, "gzip", "compression-level", gzip_level);
    return rc;
}

/* Two members of each kind of block, behind a byte that says how they are read. */
static void save_gzip(void)
{
    static const char fields[] = "\x1f\x8b\x08\x1c\0\0\0\0\0\3\3\0abcname\0comment\0";
    static const char *const levels[] = {"0", "1", "9"};
    struct stack s = make_stack("a=1 d/ d/b=2", "small=");
    struct li_buffer out = {0};

    tar_random_file(&s.layer[0].tar, "f", 7, 3000);
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        const struct li_buffer *first = &s.layer[0].stored, *second = &s.layer[1].stored;
        char name[32];

        gzip_level = levels[i];
        stack_compress(&s, add_gzip);
        out.len = 0;
        tar_append(&out, "\x2d", 1);
        tar_append(&out, first->data, first->len);
        tar_append(&out, second->data, second->len);
        snprintf(name, sizeof(name), "level-%s", levels[i]);
        save_seed("gzip", name, out.data, out.len);
        out.len = 0;
        tar_append(&out, "\x3f", 1);
        tar_append(&out, fields, sizeof(fields) - 1);
        tar_append(&out, second->data + 10, second->len - 10);
        snprintf(name, sizeof(name), "fields-%s", levels[i]);
        save_seed("gzip", name, out.data, out.len);
    }
    li_buffer_free(&out);
    stack_free(&s);
}

/* ---- sealed chunks, manifests, changes of an image ---- */

static void save_seals(void)
{
    static uint8_t zeros[LI_CHUNK_SIZE], input[4096] = {0, LI_CODEC_ZSTD};
    size_t len = ZSTD_compress(input + 2, sizeof(input) - 2, zeros, sizeof(zeros), 3);

    assert_false(ZSTD_isError(len));
    save_seed("seal", "zstd", input, 2 + len);
    save_seed("seal", "padded", input, 2 + len + 1000);
    input[0] = 1;
    memcpy(input + 1, "LIMGCHNK\1\0\1\0\0\0\10\0\20\0\0\0", 20);
    save_seed("seal", "raw", input, 1 + 64 + 16);
}

static void save_manifests(void)
{
    struct li_manifest_chunk chunks[3];
    struct li_manifest m = golden_manifest(chunks);
    struct li_secret key = golden_secret(1);
    struct li_error err = LI_ERROR_INIT;
    struct li_buffer sealed = {0};
    uint8_t *input, nonce[12] = {1};
    size_t clear = 64 + 36 * 3, len;

    assert_done(li_manifest_encode(&m, &key, nonce, &sealed, &err), &err);
    len = sealed.len - clear - 16;
    input = malloc(1 + sealed.len);
    assert_non_null(input);
    input[0] = 1;
    memcpy(input + 1, sealed.data, sealed.len);
    save_seed("manifest", "sealed", input, 1 + sealed.len);
    input[0] = 0;
    assert_done(li_crypto_gcm_open(&(struct li_gcm){&key, nonce, sealed.data, clear},
                                   sealed.data + clear, len, sealed.data + clear + len,
                                   input + 1 + clear, &err),
                &err);
    save_seed("manifest", "plain", input, 1 + clear + len);
    free(input);
    li_buffer_free(&sealed);
}

/* A change of each structure that is at a place known beforehand. */
static void save_changes(void)
{
    static const uint32_t offsets[] = {1024 + 0x18, 1024 + 0x28, 1024 + 0x54, 1024 + 0xec,
                                       1024 + 0xfe, 4096 + 8,    2 * 4096};
    char name[32];

    save_seed("files", "none", "", 0);
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        uint8_t row[9] = {0, 0, 0, 0, 4, 1, 2, 3, 4};

        li_put_le32(row, offsets[i]);
        snprintf(name, sizeof(name), "at-%u", offsets[i]);
        save_seed("files", name, row, sizeof(row));
    }
    /* Inodes, directories, extents and attributes follow. */
    for (uint32_t block = 3; block < 320; block += 7) {
        uint8_t row[13] = {0, 0, 0, 0, 8, 255, 255, 255, 255, 0, 0, 0, 0};

        li_put_le32(row, block * 4096 + block * 16 % 4096);
        snprintf(name, sizeof(name), "block-%u", block);
        save_seed("files", name, row, sizeof(row));
    }
}

/* ---- S3, AWS ---- */

/* QUESTION is the first byte. */
static void save_text(const char *target, const char *name, char question, const char *text)
{
    char *input = format("%c%s", question == 0 ? 'x' : question, text);

    input[0] = question;
    save_seed(target, name, input, strlen(text) + 1);
    free(input);
}

static void save_answers(void)
{
    save_text("s3", "explanation", 0,
              "eu-west-1\xffREQUEST\xff<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>"
              "Please &amp; wait</Message><Region>eu-west-1</Region></Error>");
    save_text(
        "s3", "listing", 1,
        "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true"
        "</IsTruncated><NextContinuationToken>t</NextContinuationToken><Contents><Key>"
        "team%2Fchunks%2Faa</Key><Size>7</Size></Contents></ListBucketResult>\xff"
        "<ListBucketResult><CommonPrefixes><Prefix>team/chunks/b/</Prefix></CommonPrefixes>"
        "<IsTruncated>false</IsTruncated></ListBucketResult>");
    save_text("s3", "removal", 3,
              "<DeleteResult><Error><Key>team/a&amp;b</Key><Code>AccessDenied</Code><Message>no"
              "</Message></Error></DeleteResult>");
}

static void save_credentials(void)
{
    save_text("aws", "profiles", 0,
              "# mine\n[default]\nregion = eu-west-1\ns3 =\n  addressing_style = path\n"
              "[profile \"a b\"]\ncredential_process = /bin/x 'y z'\n");
    save_text("aws", "json", 1,
              "{\"AccessKeyId\":\"AKIA\",\"SecretAccessKey\":\"s\",\"SessionToken\":\"t\","
              "\"Expiration\":\"2026-01-31T12:00:00Z\"}");
    save_text("aws", "sts", 2,
              "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId>"
              "<SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>"
              "2026-01-31T12:00:00Z</Expiration></Credentials></AssumeRoleResult>"
              "</AssumeRoleResponse>");
    save_text("aws", "sts-refusal", 3,
              "<ErrorResponse><Error><Code>ExpiredToken</Code><Message>no</Message></Error>"
              "</ErrorResponse>");
    save_text("aws", "words", 4, "/bin/x 'y z' \"a\\\"b\" c\\ d");
    save_text("aws", "time", 5, "2026-01-31T12:00:00.5+01:00");
}

/* ---- key services ---- */

static void save_kms(void)
{
#define ARN "arn:aws:kms:eu-west-1:111122223333:key/11111111-1111-4111-8111-111111111111"
    save_text("kms", "encrypt", 0, "{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" ARN "\"}");
    save_text("kms", "decrypt", 1,
              "{\"Plaintext\":\"QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=\",\"KeyId\":\"" ARN
              "\",\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}");
    save_text("kms", "re-encrypt", 2, "{\"CiphertextBlob\":\"AAEC\",\"KeyId\":\"" ARN "\"}");
    save_text("kms", "describe", 3,
              "{\"KeyMetadata\":{\"Arn\":\"" ARN "\",\"KeyState\":\"Enabled\",\"KeyUsage\":"
              "\"ENCRYPT_DECRYPT\",\"KeySpec\":\"SYMMETRIC_DEFAULT\"}}");
    save_text("kms", "refusal", 4, "{\"__type\":\"a#NotFoundException:b\",\"message\":\"no\"}");
    save_text("kms", "refusal-xml", 4, "<Error><Code>AccessDenied</Code></Error>");
    save_text("kms", "key", 5, ARN);
    save_text("kms", "alias", 5, "arn:aws:kms:eu-west-1:111122223333:alias/images");
    save_text("kms", "base64", 6, "QEFCQ0RFRg==");
#undef ARN
}

/* ---- records ---- */

static void save_records(void)
{
    static const struct li_sparse_run runs[] = {{0, 5}, {10, 7}};
    static const struct li_xattr xattrs[] = {{"user.a", (const uint8_t *)"value", 5}};
    const struct li_entry entries[] = {
        {.path = "d/", .inode = {.mode = S_IFDIR | 0755}, .xattrs = xattrs, .xattr_count = 1},
        {.path = "d/sparse",
         .inode = {.mode = S_IFREG | 0644, .size = 100, .data = 512},
         .sparse = 1,
         .runs = runs,
         .run_count = 2},
        {.path = "l", .target = "d", .inode = {.mode = S_IFLNK | 0777, .size = 1}},
        {.path = "h",
         .hard_link = "d/sparse",
         .left_out = "com.apple.macl",
         .named_acl = "user:lisa"},
    };
    struct li_record record = {.length = 2048};
    struct li_error err = LI_ERROR_INIT;
    struct li_unpacking reading;
    struct li_buffer input = {0};

    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        li_record_add(&record, &entries[i]);
    li_record_end(&record);
    tar_append(&input, "\1", 1);
    tar_append(&input, record.entries.blocks.data, record.entries.blocks.len);
    save_seed("record", "packed", input.data, input.len);
    reading = li_unpacking_begin(&record.entries.blocks);
    assert_int_equal(li_unpacking_next(&reading, &err), 0);
    input.len = 0;
    tar_append(&input, "\0", 1);
    tar_append(&input, reading.pieces.next, reading.pieces.left);
    save_seed("record", "plain", input.data, input.len);
    li_unpacking_end(&reading);
    li_record_drop(&record);
    li_buffer_free(&input);
}

/* The first byte chooses the parser. */
static void save_packages(void)
{
    static const char *const texts[] = {
        [0] = "Package: a\nVersion: 1\nArchitecture: amd64\nMulti-Arch: same\n\nPackage: b\n",
        [1] = "/usr/bin/a\n/usr\n",
        [2] = "d41d8cd98f00b204e9800998ecf8427e  usr/bin/a\n",
        [3] = "P:musl\nV:1.2\nF:lib\nR:ld.so\nR:libc.so\n\nP:b\nV:1\n",
        [6] = "Metadata-Version: 2.1\nName: foo\nVersion: 1.0\n\ntext\n",
        [7] = "foo/a.py,sha256=x,5\n\"b,\"\"c\"\".py\",,\n../../bin/foo,,\n",
        [8] = "{\"name\": \"@x/y\", \"version\": \"1.0.0\"}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct li_buffer input = {0};
        char name[16];

        if (!texts[i])
            continue;
        tar_append(&input, &(char){(char)i}, 1);
        tar_append(&input, texts[i], strlen(texts[i]));
        snprintf(name, sizeof(name), "parser-%zu", i);
        save_seed("packages", name, input.data, input.len);
        li_buffer_free(&input);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: seeds DIR\n");
        return 2;
    }
    top = argv[1];
    mkdir(top, 0777);
    save_layers();
    save_tars();
    save_oci();
    save_docker();
    save_gzip();
    save_seals();
    save_manifests();
    save_changes();
    save_answers();
    save_credentials();
    save_repositories();
    save_kms();
    save_records();
    save_packages();
    return 0;
}
