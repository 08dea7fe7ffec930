/* SPDX-License-Identifier: Apache-2.0 */
/* The budgets in a page. */
#include <math.h>

#include "cmd/report/html.h"

static void put_verdict(FILE *to, const struct li_report_verdict *v)
{
    char value[SIZE_TEXT], limit[SIZE_TEXT] = "-", left[SIZE_TEXT] = "-";

    budget_value_text(v->kind, v->value, value);
    if (v->known) {
        budget_value_text(v->kind, v->limit, limit);
        budget_value_text(v->kind, fabs(v->left), left);
    }
    fprintf(to,
            "<tr><th scope=\"row\">%s</th><td class=\"%s\">%s</td><td class=\"n\">%s</td>"
            "<td class=\"n\">%s</td><td class=\"n\">%s%s</td></tr>\n",
            li_report_budget_name(v->kind), v->met ? "good" : "bad", v->met ? "met" : "broken",
            value, limit, v->known && v->left < 0 ? "-" : "", left);
}

void html_budgets(FILE *to, const struct verdicts *verdicts)
{
    if (verdicts->count == 0) {
        fputs("<p>No budget is set.</p>\n", to);
        return;
    }
    html_table_begin(to, "Limits, and what is left of them", "Budget|Verdict|#Value|#Limit|#Left");
    for (size_t i = 0; i < verdicts->count; i++)
        put_verdict(to, &verdicts->verdict[i]);
    html_table_end(to, 0, "");
}
