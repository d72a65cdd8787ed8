{#- Statement that makes the view of a model's table: its columns in their order, those with personal data masked. -#}
{% macro view_statement(model, view, columns, kinds, digest='') -%}
    create or replace view {{ view }} (
    {%- for column in columns %}
        {{ adapter.quote(column) }}
        {%- set described = model.columns.get(column) %}
        {%- if described %} comment {{ sql_text(described.description | trim) }}{% endif %}{{ ',' if not loop.last }}
    {%- endfor %}
    )
    comment {{ sql_text(model.description | trim ~ ' Personal data is masked outside the group '
        ~ var('personal_data_group') ~ '. ' ~ digest) }}
    as
    select
    {%- for column in columns %}
        {% if column in kinds %}{{ masked(column, kinds[column]) }}{% else %}{{ adapter.quote(column) }}{% endif %}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ pipeline_relation(model.config.schema, model.name) }}
{%- endmacro %}
