/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/time.h"

#include <stdbool.h>
#include <string.h>

#include "base/error.h"

/* COUNT digits, then the character AFTER, or any character if AFTER is 0. */
static bool take(const char **p, int count, char after, int *out)
{
    int n = 0;

    for (int i = 0; i < count; i++, (*p)++) {
        if (**p < '0' || **p > '9')
            return false;
        n = 10 * n + (**p - '0');
    }
    *out = n;
    if (!after)
        return true;
    return *(*p)++ == after;
}

static int days_in(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap);
}

/* Days from 1970-01-01, in the Gregorian calendar. */
static int64_t days_to(int year, int month, int day)
{
    int64_t before = year - 1;
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;

    for (int m = 1; m < month; m++)
        days += days_in(year, m);
    return days + day - 1;
}

/* The part after the seconds. OFFSET is in seconds east of Greenwich. */
static bool take_zone(const char *p, int *offset)
{
    int sign, hours, minutes = 0;

    *offset = 0;
    if (*p == '\0' || strcmp(p, "Z") == 0 || strcmp(p, "z") == 0 || strcmp(p, "UTC") == 0)
        return true;
    if (*p != '+' && *p != '-')
        return false;
    sign = *p++ == '-' ? -1 : 1;
    if (!take(&p, 2, 0, &hours))
        return false;
    if (*p == ':')
        p++;
    if (*p != '\0' && !take(&p, 2, 0, &minutes))
        return false;
    *offset = sign * (hours * 3600 + minutes * 60);
    return *p == '\0' && hours < 24 && minutes < 60;
}

int li_aws_time_parse(const char *text, int64_t *out)
{
    int year, month, day, hour, minute, second, offset;
    const char *p = text;

    if (!take(&p, 4, '-', &year) || !take(&p, 2, '-', &month) || !take(&p, 2, 0, &day))
        return LI_EINVALID;
    if (*p != 'T' && *p != 't' && *p != ' ')
        return LI_EINVALID;
    p++;
    if (!take(&p, 2, ':', &hour) || !take(&p, 2, ':', &minute) || !take(&p, 2, 0, &second))
        return LI_EINVALID;
    if (*p == '.' || *p == ',')
        for (p++; *p >= '0' && *p <= '9';)
            p++;
    if (!take_zone(p, &offset) || year < 1 || month < 1 || month > 12 || day < 1 ||
        day > days_in(year, month) || hour > 23 || minute > 59 || second > 60)
        return LI_EINVALID;
    *out = days_to(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - offset;
    return 0;
}
