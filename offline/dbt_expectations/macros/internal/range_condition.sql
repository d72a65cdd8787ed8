{# An expression within bounds, as a condition: see _macros.yml. #}
{% macro range_condition(expression, min_value=none, max_value=none, strictly=false) %}

{%- if min_value is none and max_value is none -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: set min_value, max_value or both for '" ~ expression ~ "'."
    ) }}
{%- endif -%}

{%- set bounds = [] -%}
{%- if min_value is not none -%}
    {%- do bounds.append(expression ~ (" > " if strictly else " >= ") ~ min_value) -%}
{%- endif -%}
{%- if max_value is not none -%}
    {%- do bounds.append(expression ~ (" < " if strictly else " <= ") ~ max_value) -%}
{%- endif -%}

{{ return("(" ~ bounds | join(" and ") ~ ")") }}

{% endmacro %}
