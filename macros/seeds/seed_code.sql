{#- A seed's text in the normal form in which codes compare, as the macro `code` makes it in SQL. -#}
{% macro seed_code(text) -%}
    {{ return(text.strip().lower().replace(' ', '_').replace('-', '_')) }}
{%- endmacro %}
