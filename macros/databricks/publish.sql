{#-
    End of a dbt run on Databricks: what people find in the catalog. One statement asks what there is, a second one which tags;
    then only what is missing or has changed is set, so that a batch like the one before costs these two.
-#}
{% macro publish() -%}
    {%- if execute and target.type == 'databricks' and flags.WHICH in ['build', 'retry', 'run', 'snapshot'] -%}
        {%- set known = known_columns() -%}
        {%- do comment_columns(known) -%}
        {%- if var('personal_data_group', '') -%}
            {%- do tag_personal_columns(known) -%}
            {%- do publish_views(known) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
