{#- A date alone means its midnight. -#}
{% macro read_date_or_timestamp(text) -%}
coalesce(
    {{ read_timestamp(text) | indent(4) }},
    cast(
        {{ read_date(text) | indent(8) }} as timestamp
    )
)
{%- endmacro %}
