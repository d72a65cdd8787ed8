{#- The kind of personal data in each column that has some, by column name, as the landing sources declare it. -#}
{% macro personal_columns() -%}
    {%- set kinds = {} -%}
    {%- for table in graph.sources.values() if table.source_name == 'landing' -%}
        {%- for column in table.columns.values() if column.meta.personal is defined -%}
            {%- do kinds.update({column.name: column.meta.personal}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {#- A quarantined row as JSON holds them all. -#}
    {%- do kinds.update({'raw_record': 'text'}) -%}
    {{ return(kinds) }}
{%- endmacro %}
