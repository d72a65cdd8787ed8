{#- Names of the feeds: the landing tables that have a contract. None while dbt parses, when they are not known yet. -#}
{% macro feeds() -%}
    {{ return(contract().keys() | list) }}
{%- endmacro %}
