{#-
    The source of each feed's landing table, which declares its contract, by the feed's name; none while dbt parses. dbt makes a
    node of its graph anew whenever it is looked at, so what was read is kept there.
-#}
{% macro contract() -%}
    {%- if execute and 'ecomm_contract' not in graph -%}
        {%- set found = {} -%}
        {%- for id in graph.sources.keys() | sort if id.startswith('source.' ~ project_name ~ '.landing.') -%}
            {%- set table = graph.sources[id] -%}
            {%- if table.config.meta.key is defined -%}
                {%- do found.update({table.name: table}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- do graph.update({'ecomm_contract': found}) -%}
    {%- endif -%}
    {{ return(graph['ecomm_contract'] if execute else {}) }}
{%- endmacro %}
