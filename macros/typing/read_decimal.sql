{#- An optional sign, digits, and at most as many decimals as the type has: no value is rounded on its way in. -#}
{% macro read_decimal(text, type) -%}
    {%- set scale = type.split(',') | last | replace(')', '') | trim -%}
try_cast(
    regexp_extract({{ text }}, '^[+-]?[0-9]+([.][0-9]{1,{{ scale }}})?$', 0) as {{ type | replace(',', ', ') }}
)
{%- endmacro %}
