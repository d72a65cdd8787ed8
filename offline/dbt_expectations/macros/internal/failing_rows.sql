{# The query behind all tests but compound uniqueness: see _macros.yml. #}
{% macro failing_rows(
    model,
    expression,
    test_condition="= true",
    group_by_columns=none,
    row_condition=none
) %}

{%- set keys = dbt_expectations.column_names("group_by", group_by_columns) -%}

with evaluated as (

    select
        {% for key in keys -%}
        {{ key }} as col_{{ loop.index }},
        {% endfor -%}
        {{ expression }} as expression
    from {{ model }}
    {% if row_condition -%}
    where {{ row_condition }}
    {% endif -%}
    {% if keys -%}
    group by {{ keys | join(", ") }}
    {% endif %}

)

select *
from evaluated
where not (expression {{ test_condition }})

{% endmacro %}
