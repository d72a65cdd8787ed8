{#- The row rules of a feed, sorted by id. -#}
{% macro rules(feed) -%}
    {{ return(declared_rules()
        | selectattr('base_model', 'equalto', 'model.' ~ project_name ~ '.base_' ~ feed) | list) }}
{%- endmacro %}
