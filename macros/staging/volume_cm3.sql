{#- Length x width x height as a double; NULL when the text is not written like that. -#}
{% macro volume_cm3(dimensions) -%}
    {%- set trimmed = 'btrim(' ~ dimensions ~ ', ' ~ white_space() ~ ')' -%}
    {%- set parts = "split(replace(" ~ trimmed ~ ", ' ', ''), '[xX]')" -%}
case
    when {{ trimmed }} rlike '{{ dimensions_pattern() }}'
        then
            cast({{ parts }}[0] as double)
            * cast({{ parts }}[1] as double)
            * cast({{ parts }}[2] as double)
end
{%- endmacro %}
