{#- What the contract makes of a feed's rows in its base model: the contract's columns, the normal forms of codes, the key. -#}
{% macro base_columns(feed) -%}
    {%- set names = [] -%}
    {%- for column in contract_columns(feed) -%}
        {%- do names.append(column.name) -%}
    {%- endfor -%}
    {%- for column in contract_columns(feed) if column.is_code -%}
        {%- do names.append(column.name ~ '_code') -%}
    {%- endfor -%}
    {{ return(names + ['record_key']) }}
{%- endmacro %}
