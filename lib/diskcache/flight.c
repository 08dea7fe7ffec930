/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of several processes that miss a chunk, one fetches it. It holds a lock on one byte of a file, at
 * an offset made of the chunk's name, and the kernel drops the lock with its holder. Each fetch has
 * an open file of its own, because locks of one open file do not exclude each other.
 *
 * Nobody waits for long: whoever holds the lock may have been stopped, or its store may hang.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/bytes.h"
#include "diskcache/internal.h"

/* 2 ms, then twice as long each time up to 32 ms. */
enum { NAP_LEAST = 2, NAP_DOUBLINGS = 4 };

static struct flock byte_of(const uint8_t name[LI_NAME_SIZE])
{
    return (struct flock){.l_type = F_WRLCK,
                          .l_whence = SEEK_SET,
                          .l_start = (off_t)(li_get_le64(name) >> 2),
                          .l_len = 1};
}

/* Keeps the lock FD until the fetch has ended. If there are too many, nobody waits for this one. */
static void keep(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE], int fd)
{
    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < LI_FLIGHTS && fd >= 0; i++) {
        struct li_flight *flight = &cache->flights[i];

        if (flight->fd >= 0)
            continue;
        memcpy(flight->name, name, LI_NAME_SIZE);
        flight->fd = fd;
        fd = -1;
    }
    pthread_mutex_unlock(&cache->lock);
    if (fd >= 0)
        close(fd);
}

static unsigned long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (unsigned long long)now.tv_sec * 1000 + (unsigned long long)now.tv_nsec / 1000000;
}

static void nap(unsigned turn)
{
    unsigned doublings = turn < NAP_DOUBLINGS ? turn : NAP_DOUBLINGS;
    const struct timespec time = {.tv_nsec = ((long)NAP_LEAST << doublings) * 1000000};

    nanosleep(&time, NULL);
}

bool li_flight_wait(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE],
                    struct li_flight_turn *turn)
{
    struct flock byte = byte_of(name);
    bool taken;
    int fd;

    if (turn->count == 0)
        turn->end = now_ms() + turn->patience;
    if (turn->over || now_ms() > turn->end)
        return false;
    fd = openat(cache->root, ".fetching", O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
                0600);
    if (fd < 0)
        return false;
    if (fcntl(fd, F_OFD_SETLK, &byte) == 0) {
        keep(cache, name, fd);
        /* Its last holder may have added the copy between our look and this lock. */
        turn->over = true;
        return true;
    }
    taken = errno == EAGAIN || errno == EACCES;
    close(fd);
    if (taken)
        nap(turn->count++);
    return taken;
}

void li_flight_end(struct li_diskcache *cache, const uint8_t name[LI_NAME_SIZE])
{
    int fd = -1;

    pthread_mutex_lock(&cache->lock);
    for (int i = 0; i < LI_FLIGHTS && fd < 0; i++) {
        struct li_flight *flight = &cache->flights[i];

        if (flight->fd < 0 || memcmp(flight->name, name, LI_NAME_SIZE) != 0)
            continue;
        fd = flight->fd;
        flight->fd = -1;
    }
    pthread_mutex_unlock(&cache->lock);
    if (fd >= 0)
        close(fd);
}
