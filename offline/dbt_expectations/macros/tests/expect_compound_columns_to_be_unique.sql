{% test expect_compound_columns_to_be_unique(
    model,
    column_list,
    quote_columns=false,
    ignore_row_if="all_values_are_missing",
    row_condition=none
) %}

{%- if not column_list -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: column_list takes at least one column."
    ) }}
{%- endif -%}

{%- set keys = [] -%}
{%- for column in dbt_expectations.column_names("column_list", column_list) -%}
    {%- do keys.append(adapter.quote(column) if quote_columns else column) -%}
{%- endfor -%}

{#- No parentheses around row_condition: the hub package has none (README.md). #}
select
    {{ keys | join(", ") }},
    count(*) as {{ adapter.quote("n_records") }}
from {{ model }}
where
    {% if row_condition -%}
    {{ row_condition }} and
    {% endif -%}
    {{ dbt_expectations.filled_keys_condition(ignore_row_if, keys) }}
group by {{ keys | join(", ") }}
having count(*) > 1

{% endtest %}
