{#- The source of a feed's landing table, which declares the contract; known once dbt has parsed the project. -#}
{% macro contract_source(feed) -%}
    {{ return(graph.sources.values()
        | selectattr('source_name', 'equalto', 'landing')
        | selectattr('name', 'equalto', feed) | first) }}
{%- endmacro %}
