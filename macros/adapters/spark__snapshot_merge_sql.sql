{#-
    dbt-spark inserts `*`, which takes the staging rows for whole rows of the target: a target keeps columns that the contract
    has no more, so what is inserted is named. So are the partitions to look into (docs/adr/0020-targets-are-partitioned.md):
    what a change matches is a current version, or the one that the batch itself has opened, which is current too.
-#}
{% macro spark__snapshot_merge_sql(target, source, insert_cols) -%}
    {%- set columns = config.get('snapshot_table_column_names') -%}
    merge into {{ target }} as versions
    using {{ source }} as changes
    on versions.{{ columns.dbt_scd_id }} = changes.{{ columns.dbt_scd_id }}
    {%- if config.get('partition_by') == [columns.dbt_valid_to] %}
    and versions.{{ columns.dbt_valid_to }} is null
    {%- elif config.get('partition_by') == [columns.dbt_valid_from] %}
    and versions.{{ columns.dbt_valid_from }} in ({{ changed_days(target, source) | join(', ') }})
    {%- endif %}
    when matched and versions.{{ columns.dbt_valid_to }} is null and changes.dbt_change_type = 'update'
        then update set {{ columns.dbt_valid_to }} = changes.{{ columns.dbt_valid_to }}
    when not matched and changes.dbt_change_type = 'insert'
        then insert ({{ insert_cols | join(', ') }}) values (changes.{{ insert_cols | join(', changes.') }})
{%- endmacro %}
