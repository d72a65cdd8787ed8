{#-
    Comment on the columns of the tables that stay, targets and error tables, in one statement a table. dbt would send one for every
    column of every table and batch. What is built anew each time has views with comments, or none that people read.
-#}
{% macro comment_columns(known) -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'snapshot' or node.config.materialized == 'incremental' -%}
        {%- set there = known.get(node.schema ~ '.' ~ node.name, {}).get('columns', {}) -%}
        {%- set table = pipeline_relation(node.config.schema, node.name) -%}
        {#- What the contract describes need not be described again, nor what stg derives. #}
        {%- set described = {} -%}
        {%- set feed = node.config.meta.feed -%}
        {%- if feed is defined -%}
            {%- do described.update(graph.nodes['model.' ~ project_name ~ '.stg_' ~ feed].columns) -%}
            {%- do described.update(contract()[feed].columns) -%}
        {%- endif -%}
        {%- do described.update(node.columns) -%}
        {%- set missing = [] -%}
        {%- for column in described.values() if column.name in there -%}
            {%- set text = column.description | trim -%}
            {%- if there[column.name] != text -%}
                {%- do missing.append(adapter.quote(column.name) ~ ' comment ' ~ sql_text(text)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if missing -%}
            {%- do run_query('alter table ' ~ table ~ ' alter column ' ~ missing | join(', ')) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
