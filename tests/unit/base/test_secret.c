/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fixtures/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "tests/fixtures/wipes.h"

/* What was overwritten last. */
static const void *cleansed;
static size_t cleansed_len;

void see_wipe(void *data, size_t len)
{
    memset(data, 0, len);
    cleansed = data;
    cleansed_len = len;
}

static const size_t sizes[] = {0, 1, 32, 100, 4096, 4097, 100000, 3 << 20};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void memory_is_zeroed_and_wiped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        uint8_t *memory = li_secret_alloc(sizes[i]);
        uintptr_t page;

        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(memory[at], 0);
        memset(memory, 1, sizes[i]);
        cleansed = NULL;
        li_secret_free(memory);
        assert_ptr_equal(cleansed, memory);
        assert_true(cleansed_len >= sizes[i]);
        page = (uintptr_t)memory / 4096 * 4096;
        assert_int_equal(madvise((void *)page, 1, MADV_NORMAL), -1);
        assert_int_equal(errno, ENOMEM);
    }
}

static void what_cannot_be_had_is_refused(void **state)
{
    (void)state;
    assert_null(li_secret_alloc(SIZE_MAX));
    assert_null(li_secret_alloc(SIZE_MAX / 2 + 1));
    assert_null(li_secret_alloc(SIZE_MAX / 4));
    li_secret_free(NULL);
    li_wipe_free(NULL);
}

/* The flags that the kernel has for the mapping of MEMORY. */
static void flags_of(const void *memory, char flags[512])
{
    FILE *maps = fopen("/proc/self/smaps", "re");
    unsigned long begin, end;
    bool within = false;
    char line[512];

    assert_non_null(maps);
    flags[0] = '\0';
    while (!flags[0] && fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
            within = begin <= (unsigned long)memory && (unsigned long)memory < end;
        else if (within && strncmp(line, "VmFlags:", 8) == 0)
            snprintf(flags, 512, "%s", line + 8);
    }
    fclose(maps);
}

static void it_is_left_out_of_dumps_and_swap(void **state)
{
    uint8_t *memory = li_secret_alloc(32);
    const struct rlimit none = {0, RLIM_INFINITY};
    struct rlimit before;
    char flags[512];

    (void)state;
    assert_non_null(memory);
    flags_of(memory, flags);
    assert_non_null(strstr(flags, " dd"));
    assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &before), 0);
    if (before.rlim_cur >= 1 << 16)
        assert_non_null(strstr(flags, " lo"));
    li_secret_free(memory);
    /* Where it may not be locked, it is given all the same. */
    if (setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){none.rlim_cur, before.rlim_max}) == 0) {
        memory = li_secret_alloc(32);
        assert_non_null(memory);
        li_secret_free(memory);
        assert_int_equal(setrlimit(RLIMIT_MEMLOCK, &before), 0);
    }
}

/* A large table takes memory only where it is used. */
static void it_is_not_filled_before_it_is_used(void **state)
{
    struct rusage before, after;
    uint8_t *memory;

    (void)state;
    getrusage(RUSAGE_SELF, &before);
    memory = li_secret_alloc(256 << 20);
    assert_non_null(memory);
    memory[0] = 1;
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 64 << 10);
    assert_true(after.ru_minflt - before.ru_minflt < 1000);
    munmap(memory, 256 << 20);
}

/* In another process: a sanitizer would end this one. */
static int status_of_read(const uint8_t *at)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        const volatile uint8_t *byte = at;

        signal(SIGSEGV, SIG_DFL);
        _exit(*byte == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void a_read_past_its_end_fails(void **state)
{
    uint8_t *memory = li_secret_alloc(48);
    int status;

    (void)state;
    assert_non_null(memory);
    assert_int_equal(status_of_read(memory + 47), 0);
    status = status_of_read(memory + 48);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    li_secret_free(memory);
}

static void all_of_an_allocation_is_wiped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        void *memory = malloc(sizes[i] + 1);

        assert_non_null(memory);
        cleansed = NULL;
        li_wipe_free(memory);
        assert_ptr_equal(cleansed, memory);
        assert_true(cleansed_len >= sizes[i] + 1);
    }
}

static void memory_that_is_outgrown_is_wiped(void **state)
{
    (void)state;
    for (size_t i = 0; i < SIZES; i++) {
        char *memory = li_wipe_realloc(NULL, sizes[i] + 1), *was = memory;

        assert_non_null(memory);
        memset(memory, 'x', sizes[i] + 1);
        cleansed = NULL;
        memory = li_wipe_realloc(memory, 2 * sizes[i] + 2);
        assert_non_null(memory);
        assert_ptr_equal(cleansed, was);
        assert_true(cleansed_len >= sizes[i] + 1);
        assert_int_equal(memory[sizes[i]], 'x');
        memory = li_wipe_realloc(memory, 1);
        assert_int_equal(*memory, 'x');
        free(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_wiped),
        cmocka_unit_test(what_cannot_be_had_is_refused),
        cmocka_unit_test(it_is_left_out_of_dumps_and_swap),
        cmocka_unit_test(it_is_not_filled_before_it_is_used),
        cmocka_unit_test(a_read_past_its_end_fails),
        cmocka_unit_test(all_of_an_allocation_is_wiped),
        cmocka_unit_test(memory_that_is_outgrown_is_wiped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
