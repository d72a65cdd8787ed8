{#- A quotient as a double, so that every engine gives the same digits; NULL when the divisor is 0. -#}
{% macro ratio(dividend, divisor) -%}
    cast({{ dividend }} as double) / nullif(cast({{ divisor }} as double), 0)
{%- endmacro %}
