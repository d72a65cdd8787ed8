{#- Three decimals separated by x or X, with spaces wherever one likes. -#}
{% macro dimensions_pattern() -%}
    {%- set number = ' *[0-9]+([.][0-9]+)? *' -%}
    ^{{ number }}[xX]{{ number }}[xX]{{ number }}$
{%- endmacro %}
