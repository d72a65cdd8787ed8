{#- Names of the feeds: the landing tables whose columns are a contract. None while dbt parses, when they are not known yet. -#}
{% macro feeds() -%}
    {%- set names = [] -%}
    {%- if execute -%}
        {%- for source in graph.sources.values()
            if source.source_name == 'landing' and source.config.meta.key is defined -%}
            {%- do names.append(source.name) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(names | sort) }}
{%- endmacro %}
