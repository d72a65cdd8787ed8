{#- Names of the nodes that failed in a dbt run. -#}
{% macro failed_nodes(results) -%}
    {%- set failed = [] -%}
    {%- for result in results if result.status | string in ['error', 'fail', 'runtime error'] -%}
        {%- do failed.append(result.node.name) -%}
    {%- endfor -%}
    {{ return(failed) }}
{%- endmacro %}
