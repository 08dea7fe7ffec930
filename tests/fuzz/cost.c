/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each input costs, for all targets: the linker has libFuzzer call this file in place of the
 * target. An input that takes more memory at once than the target allows, or more time on
 * processors, is a finding. Inputs that cost more than others are kept like those that reach new
 * code, so that libFuzzer goes on from them.
 *
 * The sanitizer tells of each allocation, also of other libraries. Time under sanitizers is several
 * times what it is without, so the limit is far above what images may take (DESIGN D10k).
 */
#include "fuzz.h"

#include <stdatomic.h>
#include <time.h>

enum {
    EACH = 512,      /* bytes of memory for each byte of an input, which may be compressed */
    SECONDS = 15,    /* for each input */
    LEVELS = 4 * 40, /* four for each power of two */
};

/* As clang's sanitizer/allocator_interface.h has them; gcc lacks that. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t),
                                              void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *memory);

int __real_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

__attribute__((weak)) const size_t fuzz_memory = FUZZ_MEMORY;

/* libFuzzer takes these as if they were places in the code. */
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t reached[2 * LEVELS];

static atomic_bool measuring;
static atomic_llong held, most; /* bytes since the input began */

static void note_malloc(const volatile void *memory, size_t size)
{
    long long now, before;

    (void)memory;
    if (!atomic_load(&measuring))
        return;
    now = atomic_fetch_add(&held, (long long)size) + (long long)size;
    before = atomic_load(&most);
    while (now > before && !atomic_compare_exchange_weak(&most, &before, now))
        ;
}

static void note_free(const volatile void *memory)
{
    if (atomic_load(&measuring) && memory)
        atomic_fetch_sub(&held, (long long)__sanitizer_get_allocated_size(memory));
}

static void reach(unsigned from, uint64_t cost)
{
    unsigned level = 0;

    for (; cost >= 8; cost /= 2)
        level += 4;
    level += (unsigned)(cost >= 4 ? cost - 4 : 0);
    reached[from + (level < LEVELS ? level : LEVELS - 1)] = 1;
}

static uint64_t microseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void judge(size_t size, uint64_t bytes, uint64_t time)
{
    uint64_t allowed = ((uint64_t)fuzz_memory << 20) + EACH * (uint64_t)size;

    if (bytes > allowed)
        fail_msg("%zu bytes of input take %llu bytes of memory; %llu are allowed", size,
                 (unsigned long long)bytes, (unsigned long long)allowed);
    if (time > SECONDS * UINT64_C(1000000))
        fail_msg("%zu bytes of input take %llu ms; %d s are allowed", size,
                 (unsigned long long)time / 1000, SECONDS);
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool installed;
    uint64_t begun, time;
    int rc;

    if (!installed)
        assert_true(__sanitizer_install_malloc_and_free_hooks(note_malloc, note_free) > 0);
    installed = true;
    atomic_store(&held, 0);
    atomic_store(&most, 0);
    begun = microseconds();
    atomic_store(&measuring, true);
    rc = __real_LLVMFuzzerTestOneInput(data, size);
    atomic_store(&measuring, false);
    time = microseconds() - begun;
    reach(0, (uint64_t)atomic_load(&most) / 4096);
    reach(LEVELS, time / 1000);
    judge(size, (uint64_t)atomic_load(&most), time);
    return rc;
}
