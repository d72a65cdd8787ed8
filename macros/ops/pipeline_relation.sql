{#- A table of the pipeline by its schema's suffix, for hooks, where ref() and source() cannot reach. -#}
{% macro pipeline_relation(suffix, name) -%}
    {{ return(api.Relation.create(
        database=target.database if target.type == 'databricks' else none,
        schema=target.schema ~ '_' ~ suffix,
        identifier=name,
        type='table',
    )) }}
{%- endmacro %}
