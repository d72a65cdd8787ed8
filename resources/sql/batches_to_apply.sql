-- The batches that the next builds will apply, by date, and on each row how many: the first row is there even when there
-- are none. A build applies the oldest pending batch; a late one makes those after it pending again, so the list goes from
-- the oldest pending date on. A withdrawn batch rewinds in the same way; where it was the only one, one build empties the
-- tables. What is beyond the limit stays pending for the next run. A SQL task may hand on 1,000 rows
-- and 48 KB.
with

landed_files as (
    select * from `{{catalog}}`.`{{landing}}`.landed_files
),

applied as (
    select distinct landing_number
    from `{{catalog}}`.`{{ops}}`.batch_reconciliation
),

withdrawals as (
    select * from `{{catalog}}`.`{{ops}}`.withdrawals
),

effective as (
    select
        landed_files.batch_date,
        max(landed_files.landing_number) as landing_number
    from landed_files
    left anti join withdrawals
        on landed_files.landing_number = withdrawals.landing_number
    group by landed_files.batch_date
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

withdrawn as (
    select min(batch_date) as oldest_date
    from withdrawals
    where not is_undone
),

rewound as (
    select
        withdrawn.oldest_date is not null as is_withdrawal_open,
        case
            when withdrawn.oldest_date is null then pending.oldest_date
            else least(withdrawn.oldest_date, coalesce(pending.oldest_date, newest.newest_date))
        end as rewound_to
    from pending
    cross join newest
    cross join withdrawn
),

to_apply as (
    select effective.batch_date
    from effective
    inner join rewound
        on effective.batch_date >= rewound.rewound_to
),

counted as (
    select
        case
            when rewound.is_withdrawal_open then greatest(count(to_apply.batch_date), 1)
            else count(to_apply.batch_date)
        end as batches
    from rewound
    left join to_apply
        on true
    group by rewound.is_withdrawal_open
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
