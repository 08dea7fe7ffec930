/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip, beside zlib: what zlib reads comes out the same, and what it refuses is refused. The first
 * byte says in which pieces input is given and output taken. The first member's checksum and length
 * are made right where its data can be inflated.
 */
#include "fuzz.h"

#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/decompress.h"

enum { OUTPUT_MAX = 1 << 20, HEADER = 10, TRAILER = 8 };

struct input {
    const uint8_t *data;
    size_t len;
    size_t piece; /* at most, bytes */
};

/* Output ends where memory does: ISA-L's assembler code is not watched by the sanitizers. */
static uint8_t *guarded(void)
{
    static uint8_t *memory;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (!memory) {
        memory = mmap(NULL, OUTPUT_MAX + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                      -1, 0);
        assert_true(memory != MAP_FAILED);
        assert_int_equal(mprotect(memory + OUTPUT_MAX, page, PROT_NONE), 0);
    }
    return memory + OUTPUT_MAX;
}

static int read_input(void *arg, void *buf, size_t len, size_t *got, struct li_error *err)
{
    struct input *in = arg;
    size_t n = in->len < in->piece ? in->len : in->piece;

    (void)err;
    if (n > len)
        n = len;
    memcpy(buf, in->data, n);
    in->data += n;
    in->len -= n;
    *got = n;
    return 0;
}

/* The length, or -1 for what is refused; both stop where OUTPUT_MAX is reached. */
static ssize_t by_us(struct input in, size_t piece, uint8_t *out)
{
    struct li_error err = LI_ERROR_INIT;
    struct li_decompress *d = NULL;
    size_t total = 0, got = 1;
    int rc = li_decompress_open(LI_COMPRESSION_GZIP, read_input, &in, NULL, &d, &err);

    while (rc == 0 && got > 0 && total < OUTPUT_MAX) {
        size_t len = piece < OUTPUT_MAX - total ? piece : OUTPUT_MAX - total;

        rc = li_decompress_read(d, guarded() - len, len, &got, &err);
        if (rc == 0)
            memcpy(out + total, guarded() - len, got);
        total += rc == 0 ? got : 0;
    }
    fuzz_check_error(rc, &err);
    li_decompress_free(d);
    return rc < 0 ? -1 : (ssize_t)total;
}

static bool member_begins(const z_stream *z)
{
    return z->avail_in >= 4 && memcmp(z->next_in, "\x1f\x8b\x08", 3) == 0 &&
           !(z->next_in[3] & 0xe0);
}

static ssize_t by_zlib(const uint8_t *data, size_t len, uint8_t *out)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len};
    bool begins = member_begins(&z);
    int got = begins ? Z_OK : Z_DATA_ERROR;

    assert_int_equal(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
    z.next_out = out;
    z.avail_out = OUTPUT_MAX;
    while (begins && z.avail_out > 0) {
        assert_int_equal(inflateReset(&z), Z_OK);
        got = inflate(&z, Z_FINISH);
        begins = got == Z_STREAM_END && member_begins(&z);
    }
    inflateEnd(&z);
    if (got != Z_STREAM_END && z.avail_out > 0)
        return -1;
    return OUTPUT_MAX - (ssize_t)z.avail_out;
}

/* Of a first member with nothing but ten bytes of header. */
static void fix_trailer(uint8_t *data, size_t len, uint8_t *out)
{
    z_stream z = {0};

    if (len < HEADER || data[3])
        return;
    z.next_in = data + HEADER;
    z.avail_in = (uInt)(len - HEADER);
    z.next_out = out;
    z.avail_out = OUTPUT_MAX;
    assert_int_equal(inflateInit2(&z, -MAX_WBITS), Z_OK);
    if (inflate(&z, Z_FINISH) == Z_STREAM_END && z.avail_in >= TRAILER) {
        li_put_le32(z.next_in, (uint32_t)crc32(0, out, (uInt)z.total_out));
        li_put_le32(z.next_in + 4, (uint32_t)z.total_out);
    }
    inflateEnd(&z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 7, 100, 1000, 32768, OUTPUT_MAX};
    static uint8_t ours[OUTPUT_MAX], theirs[OUTPUT_MAX];
    uint8_t *copy;
    ssize_t want, got;

    if (size == 0)
        return 0;
    copy = fuzz_copy(data + 1, size - 1);
    fix_trailer(copy, size - 1, theirs);
    want = by_zlib(copy, size - 1, theirs);
    got =
        by_us((struct input){copy, size - 1, pieces[data[0] & 7]}, pieces[data[0] >> 3 & 7], ours);
    assert_int_equal(got, want);
    if (want > 0)
        assert_memory_equal(ours, theirs, want);
    free(copy);
    return 0;
}
