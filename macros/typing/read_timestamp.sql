{#- A date, a space or T, a time with up to six decimals and perhaps a zone. -#}
{% macro read_timestamp(text) -%}
    {%- set time = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?' -%}
    {%- set zone = '(Z|[+-](0[0-9]|1[0-7])(:?[0-5][0-9])?|[+-]18(:?00)?)' -%}
try_cast(
    regexp_extract(
        {{ text }},
        '^{{ date_pattern() }}[ T]{{ time }}{{ zone }}?$',
        0
    ) as timestamp
)
{%- endmacro %}
