{#- Tag the columns with personal data `pii`, where they are not yet; what an account's policies may go by. -#}
{% macro tag_personal_columns(known) -%}
    {%- set kinds = personal_columns() -%}
    {%- set tagged = [] -%}
    {%- for row in run_query(
        'select schema_name, table_name, column_name, tag_value from ' ~ adapter.quote(target.database)
        ~ ".information_schema.column_tags where tag_name = 'pii'"
    ).rows -%}
        {%- do tagged.append(row.values() | join('.')) -%}
    {%- endfor -%}
    {%- for node in graph.nodes.values() if node.resource_type in ['model', 'snapshot'] -%}
        {%- set name = node.schema ~ '.' ~ node.name -%}
        {%- for column in known.get(name, {}).get('columns', {})
            if column in kinds and [name, column, kinds[column]] | join('.') not in tagged -%}
            {%- do run_query(
                'alter table ' ~ pipeline_relation(node.config.schema, node.name) ~ ' alter column '
                ~ adapter.quote(column) ~ " set tags ('pii' = '" ~ kinds[column] ~ "')"
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
