{#- SQL texts of the headers under which a contract column may arrive, as they are compared: header_key in ingest/contract.py. -#}
{% macro header_keys(column) -%}
    {%- set keys = [] -%}
    {%- for header in column.headers -%}
        {%- do keys.append(sql_text(modules.re.sub('[\\s-]', '_', header | trim | lower))) -%}
    {%- endfor -%}
    {{ return(keys) }}
{%- endmacro %}
