{#-
    Note in built_nodes which nodes this dbt run has built for the batch, and give the ids of those that are still to be built.
    What failed is no longer built.
-#}
{% macro record_built(results, batch) -%}
    {%- set noted = pipeline_relation('ops', 'built_nodes') -%}
    {%- set tried, values = [], [] -%}
    {%- for result in results if result.node.unique_id in nodes_to_build() -%}
        {%- do tried.append(sql_text(result.node.unique_id)) -%}
        {%- if result.status == 'success' -%}
            {%- do values.append('(' ~ sql_text(result.node.unique_id) ~ ', ' ~ batch['landing_number'] ~ ')') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if tried -%}
        {%- do run_query('delete from ' ~ noted ~ ' where node_id in (' ~ tried | join(', ') ~ ')') -%}
    {%- endif -%}
    {%- if values -%}
        {%- do run_query('insert into ' ~ noted ~ ' (node_id, landing_number) values ' ~ values | join(', ')) -%}
    {%- endif -%}
    {%- set built = run_query(
        'select node_id from ' ~ noted ~ ' where landing_number = ' ~ batch['landing_number']
    ).columns[0].values() -%}
    {{ return(nodes_to_build() | reject('in', built) | list) }}
{%- endmacro %}
