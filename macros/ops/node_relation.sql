{#- The table that a node of dbt's graph builds. -#}
{% macro node_relation(node) -%}
    {{ return(api.Relation.create(database=node.database, schema=node.schema, identifier=node.alias, type='table')) }}
{%- endmacro %}
