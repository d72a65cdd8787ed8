{% macro fails_expect_column_values_to_be_between(column_name, min_value=none, max_value=none, strictly=false) -%}
    {%- set conditions = [] -%}
    {%- if min_value is not none -%}
        {%- do conditions.append(column_name ~ (' <= ' if strictly else ' < ') ~ min_value) -%}
    {%- endif -%}
    {%- if max_value is not none -%}
        {%- do conditions.append(column_name ~ (' >= ' if strictly else ' > ') ~ max_value) -%}
    {%- endif -%}
    {{ conditions | join(' or ') }}
{%- endmacro %}
