{#-
    The batch to apply next, one row or none: the oldest effective batch that is not wholly applied, else the newest
    one again. Of several landings for one batch_date the last that was not withdrawn is effective.
-#}
{% macro next_batch() -%}
with

landed_files as (
    select landed.*
    from {{ source('landing', 'landed_files') }} as landed
    left anti join {{ source('ops', 'withdrawals') }} as withdrawals
        on landed.landing_number = withdrawals.landing_number
),

applied as (
    select distinct landing_number
    from {{ source('ops', 'batch_reconciliation') }}
),

effective as (
    select
        batch_date,
        max(landing_number) as landing_number
    from landed_files
    group by batch_date
),

pending as (
    select min(effective.batch_date) as oldest_date
    from effective
    left anti join applied
        on effective.landing_number = applied.landing_number
),

newest as (
    select max(batch_date) as newest_date
    from effective
),

final as (
    select distinct
        landed_files.batch_id,
        landed_files.batch_date,
        landed_files.landing_number
    from landed_files
    inner join effective
        on landed_files.landing_number = effective.landing_number
    cross join pending
    cross join newest
    where effective.batch_date = coalesce(pending.oldest_date, newest.newest_date)
)

select * from final
{%- endmacro %}
