{#- Whole days from one date to another. The cast is for Sail, whose datediff is a bigint. -#}
{% macro days_between(since, until) -%}
    cast(datediff({{ until }}, {{ since }}) as int)
{%- endmacro %}
