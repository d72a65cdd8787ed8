{#-
    The current batch's quarantined rows of a feed, each with the landed row as JSON and the rules that it broke; and, of
    earlier batches, those that the current batch resolves by bringing a valid row for their key.
    The tables hold all batches: a batch that is applied again replaces its rows.
-#}
{% macro feed_errors(feed) -%}
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='error_id',
    liquid_clustered_by=['_batch_date'],
    grants={'select': [var('stewards_group')]} if target.type == 'databricks' and var('stewards_group', '') else {},
    on_schema_change='fail',
    full_refresh=false,
    post_hook="{{ release_errors('" ~ feed ~ "') }}",
) }}
{%- set all_rules = rules(feed) -%}
{%- set kept_columns = [
    'error_id', 'record_key', 'raw_record', 'failed_rules', 'max_severity', 'error_description',
    '_batch_id', '_batch_date', '_source_file', '_file_sha256', '_row_number', '_landed_at',
] -%}
with

quarantined as (
    select * from {{ ref('base_' ~ feed) }}
    where is_quarantined
),

current_batch as (
    select * from {{ ref('current_batch') }}
),

landed as (
    select
        landed_rows._batch_id,
        landed_rows._file_sha256,
        landed_rows._row_number,
        to_json(struct(
            {%- for column in contract_columns(feed) %}
            landed_rows.{{ column.name }},
            {%- endfor %}
            landed_rows._extra,
            landed_rows._raw_line
        )) as raw_record
    from {{ source('landing', feed) }} as landed_rows
    inner join current_batch
        on landed_rows._batch_id = current_batch.batch_id
),

broken as (
    select
        {{ error_id('quarantined') | indent(8) }} as error_id,
        quarantined.record_key,
        landed.raw_record,
        quarantined.failed_rules,
        case
            {%- for severity in ['HIGH', 'MEDIUM'] %}
            when arrays_overlap(
                quarantined.failed_rules,
                {{ rule_ids(all_rules | selectattr('severity', 'equalto', severity) | list) | indent(16) }}
            ) then '{{ severity }}'
            {%- endfor %}
            else 'LOW'
        end as max_severity,
        concat_ws(' ', transform(
            quarantined.failed_rules,
            rule_id -> element_at(
                map(
                    {%- for rule in all_rules %}
                    '{{ rule.id }}', {{ sql_text(rule.description) }}{{ ',' if not loop.last }}
                    {%- endfor %}
                ),
                rule_id
            )
        )) as error_description,
        quarantined._batch_id,
        quarantined._batch_date,
        quarantined._source_file,
        quarantined._file_sha256,
        quarantined._row_number,
        quarantined._landed_at
    from quarantined
    inner join landed
        on quarantined._batch_id = landed._batch_id
        and quarantined._file_sha256 = landed._file_sha256
        and quarantined._row_number = landed._row_number
),
{% if is_incremental() %}
valid_keys as (
    select record_key from {{ ref('base_' ~ feed) }}
    where not is_quarantined
),

-- The second half of the condition is for a batch that is applied again after a rule or a seed was changed.
settled as (
    select
        errors.*,
        case when valid_keys.record_key is not null then current_batch.batch_id end as settled_by_batch_id
    from {{ this }} as errors
    cross join current_batch
    left join valid_keys
        on errors.record_key = valid_keys.record_key
    where
        errors._batch_date < current_batch.batch_date
        and (
            (errors.resolved_by_batch_id is null and valid_keys.record_key is not null)
            or (errors.resolved_by_batch_id = current_batch.batch_id and valid_keys.record_key is null)
        )
),
{% endif %}
final as (
    select
        {{ kept_columns | join(',\n        ') }},
        cast(null as string) as resolved_by_batch_id
    from broken
    {%- if is_incremental() %}
    union all
    select
        {{ kept_columns | join(',\n        ') }},
        settled_by_batch_id as resolved_by_batch_id
    from settled
    {%- endif %}
)

select * from final
{%- endmacro %}
