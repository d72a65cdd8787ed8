{#- Length x width x height as a double; NULL when the text is not written like that. -#}
{% macro volume_cm3(dimensions) -%}
    {%- set parts = "split(replace(" ~ dimensions ~ ", ' ', ''), '[xX]')" -%}
case
    when {{ dimensions }} rlike '{{ dimensions_pattern() }}'
        then
            cast({{ parts }}[0] as double)
            * cast({{ parts }}[1] as double)
            * cast({{ parts }}[2] as double)
end
{%- endmacro %}
