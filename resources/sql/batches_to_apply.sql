-- The batches that the next builds will apply, by date, and on each row how many: the first row is there even when there
-- are none. A build applies the oldest pending batch; a late one makes those after it pending again, so the list goes from
-- the oldest pending date on. What is beyond the limit stays pending for the next run. A SQL task may hand on 1,000 rows
-- and 48 KB.
with

landed_files as (
    select * from `{{catalog}}`.`{{landing}}`.landed_files
),

applied as (
    select distinct landing_number
    from `{{catalog}}`.`{{ops}}`.batch_reconciliation
),

effective as (
    select
        batch_date,
        max(landing_number) as landing_number
    from landed_files
    group by batch_date
),

pending as (
    select effective.batch_date
    from effective
    left anti join applied
        on effective.landing_number = applied.landing_number
),

to_apply as (
    select batch_date
    from effective
    where batch_date >= (select min(pending.batch_date) from pending)
),

counted as (
    select count(*) as batches
    from to_apply
),

final as (
    select
        counted.batches,
        date_format(to_apply.batch_date, 'yyyy-MM-dd') as batch_date
    from counted
    left join to_apply
        on true
)

select * from final
order by batch_date
limit 500
