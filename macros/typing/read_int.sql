{% macro read_int(text, type='int') -%}
try_cast(
    regexp_extract({{ text }}, '^[+-]?[0-9]+$', 0) as {{ type }}
)
{%- endmacro %}
