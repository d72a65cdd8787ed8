{#- A query that counts the current batch's rows of some feeds on their way from the file, one row per feed. -#}
{% macro row_counts(of_feeds) -%}
with

current_batch as (
    select * from {{ pipeline_relation('ops', 'current_batch') }}
),

landed_files as (
    select * from {{ pipeline_relation('landing', 'landed_files') }}
),

counted as (
    {%- for feed in of_feeds %}
    select
        '{{ feed }}' as feed,
        (
            select count(*)
            from {{ pipeline_relation('landing', feed) }} as landed_rows
            inner join landed_files
                on landed_rows._batch_id = landed_files.batch_id
                and landed_rows._file_sha256 = landed_files.file_sha256
            inner join current_batch
                on landed_files.landing_number = current_batch.landing_number
                and landed_rows._batch_date = {{ current_day() }}
            where landed_files.feed = '{{ feed }}'
        ) as landed_rows,
        (select count(*) from {{ pipeline_relation('staging', 'stg_' ~ feed) }}) as valid_rows,
        (
            select count(*)
            from {{ pipeline_relation('staging', feed ~ '_errors') }} as errors
            inner join current_batch
                on errors._batch_date = {{ current_day() }}
        ) as quarantined_rows
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        current_batch.batch_id,
        current_batch.batch_date,
        current_batch.landing_number,
        counted.feed,
        coalesce(landed_files.file_rows, 0) as file_rows,
        counted.landed_rows,
        counted.valid_rows,
        counted.quarantined_rows,
        coalesce(landed_files.file_rows, 0) = counted.landed_rows
        and counted.landed_rows = counted.valid_rows + counted.quarantined_rows as is_balanced
    from current_batch
    cross join counted
    left join landed_files
        on current_batch.landing_number = landed_files.landing_number
        and counted.feed = landed_files.feed
)

select * from final
{%- endmacro %}
