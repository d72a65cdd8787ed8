{#-
    A query that judges the metrics of a batch by those of the 28 batches before it, one row per metric that can be judged: its median
    there is what was expected, and the score is the distance from it in spreads. A feed that was in each of them and is not in this
    batch has a row, too.
-#}
{% macro judged_metrics(batch_date) -%}
with

metrics as (
    select * from {{ pipeline_relation('ops', 'batch_metrics') }}
),

batches_before as (
    select distinct batch_date from metrics
    where batch_date < date '{{ batch_date }}'
    order by batch_date desc
    limit 28
),

counted_before as (
    select count(*) as batches_count from batches_before
),

-- collect_list leaves NULL out.
values_before as (
    select
        metrics.feed,
        metrics.metric,
        sort_array(collect_list(metrics.value)) as earlier_values,
        count(metrics.value) = max(counted_before.batches_count) as was_always_measured
    from metrics
    inner join batches_before
        on metrics.batch_date = batches_before.batch_date
    cross join counted_before
    group by metrics.feed, metrics.metric
),

expected as (
    select
        *,
        {{ median_of_sorted('earlier_values') | indent(8) }} as expected
    from values_before
    where size(earlier_values) >= {{ var('anomaly_min_batches') }}
),

deviations as (
    select
        *,
        sort_array(transform(earlier_values, earlier_value -> abs(earlier_value - expected))) as deviations
    from expected
),

this_batch as (
    select
        *,
        max(case when metric = 'rows' then value end) over (partition by feed) as feed_rows
    from metrics
    where batch_date = date '{{ batch_date }}'
),

spread as (
    select
        this_batch.batch_id,
        this_batch.batch_date,
        this_batch.feed,
        this_batch.metric,
        coalesce(this_batch.value, cast(0 as double)) as value,
        this_batch.value is null as is_missing,
        deviations.expected,
        greatest(
            1.4826D * {{ median_of_sorted('deviations.deviations') | indent(12) }},
            0.02D * abs(deviations.expected),
            case
                -- Two rows' worth.
                when instr(this_batch.metric, '_pct') > 0
                    then greatest(coalesce(200D / nullif(this_batch.feed_rows, 0D), 0D), 0.5D)
                when right(this_batch.metric, 4) = '_usd' then 0.01D
                else greatest(sqrt(abs(deviations.expected)) / 2, 1D)
            end
        ) as spread
    from this_batch
    inner join deviations
        on this_batch.feed = deviations.feed
        and this_batch.metric = deviations.metric
    where
        this_batch.value is not null
        or (this_batch.metric = 'rows' and deviations.was_always_measured)
),

scored as (
    select
        *,
        (value - expected) / spread as score
    from spread
),

judged as (
    select
        *,
        is_missing or abs(score) > {{ var('anomaly_threshold') }} as is_anomaly
    from scored
),

final as (
    select
        batch_id,
        batch_date,
        feed,
        metric,
        value,
        expected,
        spread,
        score,
        is_anomaly,
        case
            when not is_anomaly then cast(null as string)
            when is_missing or score < 0 then 'low'
            else 'high'
        end as direction,
        case
            when is_anomaly then
                {{ metric_advice() | indent(16) }}
        end as advice
    from judged
)

select * from final
{%- endmacro %}
