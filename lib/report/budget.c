/* SPDX-License-Identifier: Apache-2.0 */
/* A budget file is written by hand, so it is read strictly: nothing in it is ignored. */
#include "report/budget.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FORMAT = 1 };

static const struct {
    const char *name, *member;
    bool least;
} kinds[LI_BUDGETS] = {
    [LI_BUDGET_NEW_BYTES] = {"max-new-bytes", "max_new_bytes", false},
    [LI_BUDGET_NEW_SHARE] = {"max-new-share", "max_new_share", false},
    [LI_BUDGET_SIZE] = {"max-size", "max_size", false},
    [LI_BUDGET_WASTE] = {"max-waste", "max_waste", false},
    [LI_BUDGET_DEDUP] = {"min-dedup", "min_dedup", true},
};

/* What a size may be on the command line, too. */
static const double bytes_most = 0x1p62;

const char *li_report_budget_name(enum li_report_budget_kind kind)
{
    return kinds[kind].name;
}

bool li_report_budget_is_least(enum li_report_budget_kind kind)
{
    return kinds[kind].least;
}

bool li_report_budget_percent(enum li_report_budget_kind kind, const char *text,
                              struct li_report_budget *out)
{
    bool relative = *text == '+';
    char *end;
    double limit;

    if (kind != (relative ? LI_BUDGET_SIZE : LI_BUDGET_WASTE) ||
        !isdigit((unsigned char)text[relative]))
        return false;
    limit = strtod(text + relative, &end);
    if (strcmp(end, "%") != 0 || !isfinite(limit))
        return false;
    *out = (struct li_report_budget){
        .set = true, .relative = relative, .share = !relative, .limit = limit};
    return true;
}

static bool is_of_bytes(enum li_report_budget_kind kind)
{
    return kind == LI_BUDGET_NEW_BYTES || kind == LI_BUDGET_SIZE || kind == LI_BUDGET_WASTE;
}

static int take_limit(enum li_report_budget_kind kind, const json_t *value,
                      struct li_report_budget *out, struct li_error *err)
{
    if (json_is_string(value) && li_report_budget_percent(kind, json_string_value(value), out))
        return 0;
    if (!json_is_number(value) || json_number_value(value) < 0)
        return li_fail(err, LI_EINVALID, "\"%s\" is not a number%s", kinds[kind].member,
                       kind == LI_BUDGET_SIZE    ? ", nor a string such as \"+3%\""
                       : kind == LI_BUDGET_WASTE ? ", nor a string such as \"3%\""
                                                 : "");
    *out = (struct li_report_budget){.set = true, .limit = json_number_value(value)};
    if (is_of_bytes(kind) && (out->limit > bytes_most || out->limit != floor(out->limit)))
        return li_fail(err, LI_EINVALID, "\"%s\" is not a whole number of bytes up to 2^62",
                       kinds[kind].member);
    return 0;
}

static int take_member(const char *key, const json_t *value, struct li_report_budgets *out,
                       struct li_error *err)
{
    if (strcmp(key, "format") == 0)
        return 0;
    for (int i = 0; i < LI_BUDGETS; i++)
        if (strcmp(key, kinds[i].member) == 0)
            return take_limit((enum li_report_budget_kind)i, value, &out->of[i], err);
    return li_fail(err, LI_EINVALID, "\"%.100s\" is not a budget that this lambdaimg knows", key);
}

static int take_all(json_t *json, struct li_report_budgets *out, struct li_error *err)
{
    const char *key;
    json_t *value;
    int rc = 0;

    if (!json_is_object(json))
        return li_fail(err, LI_EINVALID, "it is not a JSON object");
    if (json_integer_value(json_object_get(json, "format")) != FORMAT)
        return li_fail(err, LI_EINVALID, "\"format\" is not %d", FORMAT);
    json_object_foreach(json, key, value)
    {
        rc = take_member(key, value, out, err);
        if (rc < 0)
            break;
    }
    return rc;
}

int li_report_budgets_parse(const void *data, size_t len, struct li_report_budgets *out,
                            struct li_error *err)
{
    struct li_report_budgets budgets = {0};
    json_error_t why;
    json_t *json = json_loadb(data, len, JSON_REJECT_DUPLICATES, &why);
    int rc;

    if (!json)
        return li_fail(err, LI_EINVALID, "it is not valid JSON: line %d: %s", why.line, why.text);
    rc = take_all(json, &budgets, err);
    json_decref(json);
    if (rc == 0)
        *out = budgets;
    return rc;
}

struct li_report_verdict li_report_budget_judge(enum li_report_budget_kind kind,
                                                const struct li_report_budget *budget, double value,
                                                double base)
{
    struct li_report_verdict v = {.kind = kind, .met = true, .value = value};

    if (budget->relative && base <= 0)
        return v;
    v.known = true;
    v.limit = budget->relative ? base * (1 + budget->limit / 100)
              : budget->share  ? base * budget->limit / 100
                               : budget->limit;
    v.left = kinds[kind].least ? value - v.limit : v.limit - value;
    v.met = v.left >= 0;
    return v;
}

static json_t *limit_json(enum li_report_budget_kind kind, const struct li_report_budget *budget)
{
    char text[64];

    if (budget->relative || budget->share) {
        snprintf(text, sizeof(text), "%s%.10g%%", budget->relative ? "+" : "", budget->limit);
        return json_string(text);
    }
    if (is_of_bytes(kind))
        return json_integer((json_int_t)budget->limit);
    return json_real(budget->limit);
}

int li_report_budgets_encode(const struct li_report_budgets *budgets, struct li_buffer *out,
                             struct li_error *err)
{
    json_t *json = json_pack("{s:i}", "format", FORMAT);
    char *text = NULL;
    int rc = json ? 0 : li_fail_memory(err);

    for (int i = 0; i < LI_BUDGETS && rc == 0; i++)
        if (budgets->of[i].set &&
            json_object_set_new(json, kinds[i].member,
                                limit_json((enum li_report_budget_kind)i, &budgets->of[i])) != 0)
            rc = li_fail_memory(err);
    if (rc == 0 && !(text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(12))))
        rc = li_fail_memory(err);
    out->len = 0;
    if (rc == 0)
        rc = li_buffer_append(out, text, strlen(text), err);
    if (rc == 0)
        rc = li_buffer_append(out, "\n", 1, err);
    json_decref(json);
    free(text);
    return rc;
}

bool li_report_budget_tighten(struct li_report_budget *budget, const struct li_report_verdict *v,
                              double margin)
{
    double unit = is_of_bytes(v->kind) ? 1 : 100, limit;

    /* A limit of nothing could not be met by any change. */
    if (!budget->set || budget->relative || budget->share || !v->known || !v->met || v->value <= 0)
        return false;
    if (kinds[v->kind].least) {
        limit = floor(v->value * (1 - margin / 100) * unit) / unit;
        if (limit <= budget->limit)
            return false;
    } else {
        limit = ceil(v->value * (1 + margin / 100) * unit) / unit;
        if (limit >= budget->limit)
            return false;
    }
    budget->limit = limit;
    return true;
}
