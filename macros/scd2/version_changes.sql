{#-
    A query of what a batch changes in a target, as dbt merges it: of each key that is new or has changed the version to insert, and
    of each that has changed the update that closes the version of before. dbt's own query joins the batch with the target once for
    each of the two.
-#}
{% macro version_changes(strategy, sql, target) -%}
{%- set columns = config.get('snapshot_table_column_names') -%}
{%- set key, updated_at = strategy.unique_key, 'source_data.' ~ strategy.updated_at -%}
with

source_data as (
    {{ sql }}
),

snapshotted_data as (
    select * from {{ target }}
    where {{ columns.dbt_valid_to }} is null
),

change_types as (
    select explode(array('insert', 'update')) as dbt_change_type
),

final as (
    select
        change_types.dbt_change_type,
        source_data.*,
        {{ updated_at }} as {{ columns.dbt_updated_at }},
        {{ updated_at }} as {{ columns.dbt_valid_from }},
        case
            when change_types.dbt_change_type = 'update' then {{ updated_at }}
        end as {{ columns.dbt_valid_to }},
        case change_types.dbt_change_type
            when 'update' then snapshotted_data.{{ columns.dbt_scd_id }}
            else {{ snapshot_hash_arguments(['source_data.' ~ key, updated_at]) }}
        end as {{ columns.dbt_scd_id }}
    from source_data
    left join snapshotted_data
        on source_data.{{ key }} = snapshotted_data.{{ key }}
    cross join change_types
    where
        (snapshotted_data.{{ key }} is null or {{ strategy.row_changed }})
        and (snapshotted_data.{{ key }} is not null or change_types.dbt_change_type = 'insert')
)

select * from final
{%- endmacro %}
