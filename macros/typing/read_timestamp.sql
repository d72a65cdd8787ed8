{#-
    A date, a space or T, a time with up to six decimals and perhaps a zone. A zone can lead out of the years 1 to 9999,
    where clients of the tables, such as Python's, have no dates any more: such a text is no timestamp.
-#}
{% macro read_timestamp(text) -%}
    {%- set time = '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?' -%}
    {%- set zone = '(Z|[+-](0[0-9]|1[0-7])(:?[0-5][0-9])?|[+-]18(:?00)?)' -%}
    {%- set value -%}
try_cast(
    regexp_extract(
        {{ text }},
        '^{{ date_pattern() }}[ T]{{ time }}{{ zone }}?$',
        0
    ) as timestamp
)
    {%- endset -%}
case
    when
        {{ value | indent(8) }}
        between timestamp '0001-01-01 00:00:00' and timestamp '9999-12-31 23:59:59.999999'
        then
            {{ value | indent(12) }}
end
{%- endmacro %}
