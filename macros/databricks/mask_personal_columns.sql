{#- Post-hook of every table on Databricks: tags its columns with personal data, and masks them. -#}
{% macro mask_personal_columns() -%}
    {%- if execute and target.type == 'databricks' and var('personal_data_group', '') -%}
        {%- set kinds = personal_columns() -%}
        {%- for column in model.columns if column in kinds -%}
            {%- set alter = 'alter table ' ~ this ~ ' alter column ' ~ adapter.quote(column) -%}
            {%- do run_query(alter ~ " set tags ('pii' = '" ~ kinds[column] ~ "')") -%}
            {%- do run_query(alter ~ ' set mask ' ~ mask_function(kinds[column])) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
