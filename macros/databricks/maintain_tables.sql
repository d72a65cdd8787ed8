{#-
    Operation for a quiet hour: compacts every table of the pipeline and removes the files that no version younger than
    the table's retention needs. On Databricks and on Apache Spark; Sail knows neither statement,
    and a laptop's warehouse has python -m ingest maintain.
-#}
{% macro maintain_tables() -%}
    {%- if target.name == 'local' -%}
        {%- do exceptions.raise_compiler_error('The local engine cannot maintain tables: run python -m ingest maintain.') -%}
    {%- endif -%}
    {%- set nodes = graph.nodes.values() | selectattr('resource_type', 'in', ['model', 'seed', 'snapshot']) | list -%}
    {%- for node in nodes + (graph.sources.values() | list) -%}
        {%- set table = load_relation(api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.alias | default(node.identifier)
        )) -%}
        {%- if table -%}
            {%- do run_query('optimize ' ~ table) -%}
            {%- do run_query('vacuum ' ~ table) -%}
            {%- do log('Maintained ' ~ table, info=true) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
