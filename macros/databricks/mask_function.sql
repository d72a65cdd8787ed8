{#- Name of the function that masks a kind of personal data. -#}
{% macro mask_function(kind) -%}
    {{ adapter.quote(target.database) }}.{{ adapter.quote(target.schema ~ '_ops') }}.mask_{{ kind }}
{%- endmacro %}
