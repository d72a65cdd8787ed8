{#- A sum of money; over nothing it is 0. -#}
{% macro money_sum(amount) -%}
    cast(coalesce(sum({{ amount }}), 0) as decimal(24, 2))
{%- endmacro %}
