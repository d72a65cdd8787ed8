{#- The nodes that failed in a dbt run, each with the reason. -#}
{% macro failed_nodes(results) -%}
    {%- set failed = [] -%}
    {%- for result in results if result.status | string in ['error', 'fail', 'runtime error'] -%}
        {%- do failed.append(failure_reason(result)) -%}
    {%- endfor -%}
    {{ return(failed) }}
{%- endmacro %}
