{#- Ids of the project's models and snapshots: all that a batch has to go through. -#}
{% macro nodes_to_build() -%}
    {%- set ids = [] -%}
    {%- for id in graph.nodes.keys() if id.startswith(('model.' ~ project_name ~ '.', 'snapshot.' ~ project_name ~ '.')) -%}
        {%- do ids.append(id) -%}
    {%- endfor -%}
    {{ return(ids) }}
{%- endmacro %}
