{% macro read_int(text) -%}
try_cast(
    regexp_extract({{ text }}, '^[+-]?[0-9]+$', 0) as int
)
{%- endmacro %}
