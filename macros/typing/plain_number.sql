{#-
    A number with the contract's `thousands` and `decimal` separators as one with a point alone. Thousands stand in whole groups
    of three, or not at all; what is written otherwise becomes an empty text, which is no number.
-#}
{% macro plain_number(text, thousands, decimal) -%}
    {%- set point = decimal or '.' -%}
    {%- set whole = '([0-9]{1,3}([' ~ thousands ~ '][0-9]{3})+|[0-9]+)' if thousands else '[0-9]+' -%}
    {%- set pattern = '^[+-]?' ~ whole ~ '([' ~ point ~ '][0-9]+)?$' -%}
translate(regexp_extract({{ text }}, {{ sql_text(pattern) }}, 0), {{ sql_text(point ~ (thousands or '')) }}, '.')
{%- endmacro %}
