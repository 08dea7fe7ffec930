/* SPDX-License-Identifier: Apache-2.0 */
/* An unmounter waits for the loaders of a device number, also for one that had the number before.
 */
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "fuse/internal.h"
#include "tests/fixtures/unit.h"

/* Not a device number, so no mount has it; and no other run of this test either. */
static const char *device(void)
{
    static char text[32];

    snprintf(text, sizeof(text), "test:%ld", (long)getpid());
    return text;
}

static unsigned connections(const struct li_loader_watch *watch)
{
    unsigned n = 0;

    for (int i = 0; i < LI_LOADER_NAMES; i++)
        n += watch->fd[i] >= 0;
    return n;
}

/* Connections that broke. */
static unsigned broken(const struct li_loader_watch *watch)
{
    unsigned n = 0;

    for (int i = 0; i < LI_LOADER_NAMES; i++) {
        struct pollfd over = {.fd = watch->fd[i]};

        n += poll(&over, 1, 0) > 0;
    }
    return n;
}

static void test_no_loader(void **state)
{
    struct li_loader_watch watch;

    (void)state;
    li_loader_watch(device(), &watch);
    assert_int_equal(connections(&watch), 0);
    li_loader_outwait(&watch, 60);
    li_loader_watch(NULL, &watch);
    assert_int_equal(connections(&watch), 0);
    li_loader_outwait(&watch, 60);
}

static void test_predecessor(void **state)
{
    int before = li_loader_announce(device()), now = li_loader_announce(device());
    struct li_loader_watch watch;

    (void)state;
    assert_true(before >= 0 && now >= 0);
    li_loader_watch(device(), &watch);
    assert_int_equal(connections(&watch), 2);
    assert_int_equal(broken(&watch), 0);
    close(before);
    assert_int_equal(broken(&watch), 1);
    close(now);
    assert_int_equal(broken(&watch), 2);
    li_loader_outwait(&watch, 60);
}

static void test_names_are_free_again(void **state)
{
    int loaders[LI_LOADER_NAMES + 1];

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i <= LI_LOADER_NAMES; i++) {
            loaders[i] = li_loader_announce(device());
            assert_int_equal(loaders[i] >= 0, i < LI_LOADER_NAMES);
        }
        for (int i = 0; i < LI_LOADER_NAMES; i++)
            close(loaders[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_loader),
        cmocka_unit_test(test_predecessor),
        cmocka_unit_test(test_names_are_free_again),
    };

    return cmocka_run_group_tests_name("loader", tests, NULL, NULL);
}
