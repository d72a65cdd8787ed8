{#- An amount in US dollars, rounded half up to cents; `rate` is dollars for one unit. -#}
{% macro usd(amount, rate) -%}
    cast(round({{ amount }} * {{ rate }}, 2) as decimal(24, 2))
{%- endmacro %}
