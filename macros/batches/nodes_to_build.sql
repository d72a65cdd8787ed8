{#- Ids of the project's models and snapshots: all that a batch has to go through. -#}
{% macro nodes_to_build() -%}
    {{ return(graph.nodes.values()
        | selectattr('package_name', 'equalto', project_name)
        | selectattr('resource_type', 'in', ['model', 'snapshot'])
        | map(attribute='unique_id') | list) }}
{%- endmacro %}
