{#-
    Start of a dbt run on Databricks: the functions that mask personal data from everyone outside the group
    `personal_data_group`. Who runs dbt must be in the group: else the masks would be built into the tables downstream.
-#}
{% macro create_mask_functions() -%}
    {%- set group = var('personal_data_group', '') -%}
    {%- if execute and target.type == 'databricks' and group
        and flags.WHICH in ['build', 'retry', 'run', 'seed', 'snapshot'] -%}
        {%- set is_member = 'is_account_group_member(' ~ sql_text(group) ~ ')' -%}
        {%- if not run_query('select ' ~ is_member).rows[0][0] -%}
            {%- do exceptions.raise_compiler_error(
                'Who runs dbt must be in the group ' ~ group ~ ', or it would read masked values and build tables from '
                ~ 'them. Add the user or service principal to the group, or run without masks: '
                ~ "--vars '{personal_data_group: \"\"}'"
            ) -%}
        {%- endif -%}
        {%- for kind, type, masked in [
            ('email', 'string', "regexp_replace(value, '^[^@]*', '***')"),
            ('phone', 'string', "'***'"),
            ('address', 'string', "'***'"),
            ('text', 'string', "'***'"),
            ('date', 'date', 'make_date(year(value), 1, 1)'),
            ('map', 'map<string, string>', "transform_values(value, (name, text) -> '***')"),
        ] -%}
            {%- set create -%}
                create or replace function {{ mask_function(kind) }}(value {{ type }})
                returns {{ type }}
                return case when value is null or {{ is_member }} then value else {{ masked }} end
            {%- endset -%}
            {%- do run_query(create) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
