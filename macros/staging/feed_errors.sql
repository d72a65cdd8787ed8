{#-
    The current batch's quarantined rows of a feed, each with the landed row as JSON and the rules that it broke.
    The tables hold all batches: a batch that is applied again replaces its rows.
-#}
{% macro feed_errors(feed) -%}
{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key='error_id',
    liquid_clustered_by=['_batch_date'],
    meta={'published_as': 'error_views', 'dated_by': '_batch_date', 'closed_by': 'resolved_by_batch_id'},
    on_schema_change='fail',
    full_refresh=false,
    post_hook="{{ settle_errors('" ~ feed ~ "') }}",
) }}
{%- set all_rules = rules(feed) -%}
with

quarantined as (
    select * from {{ ref('base_' ~ feed) }}
    where is_quarantined
),

current_batch as (
    select * from {{ ref('current_batch') }}
),

landed as (
    select landed_rows.*
    from {{ source('landing', feed) }} as landed_rows
    inner join current_batch
        on landed_rows._batch_id = current_batch.batch_id
        and landed_rows._batch_date = {{ current_day() }}
),

final as (
    select
        {{ error_id('quarantined') | indent(8) }} as error_id,
        quarantined.record_key,
        -- Of the few rows that are joined here, not of all that landed.
        to_json(struct(
            {%- for column in contract_columns(feed) %}
            landed.{{ column.name }},
            {%- endfor %}
            landed._extra,
            landed._raw_line
        )) as raw_record,
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
        cast(null as string) as resolved_by_batch_id,
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
)

select * from final
{%- endmacro %}
