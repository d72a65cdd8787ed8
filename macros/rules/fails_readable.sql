{#- NULL fails, unless if_present: then only a text that cannot be read does. -#}
{% macro fails_readable(column_name, min_value=none, strictly=false, if_present=false) -%}
    {%- if if_present -%}
        array_contains(_parse_errors, '{{ column_name }}')
    {%- else -%}
        {{ column_name }} is null
    {%- endif -%}
    {%- if min_value is not none %} or {{ column_name }} {{ '<=' if strictly else '<' }} {{ min_value }}{% endif -%}
{%- endmacro %}
