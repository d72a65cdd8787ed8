{#- A text as an SQL literal. -#}
{% macro sql_text(text) -%}
    {%- if text is none -%}cast(null as string)
    {%- else -%}'{{ text | string | replace('\\', '\\\\') | replace("'", "\\'") }}'
    {%- endif -%}
{%- endmacro %}
