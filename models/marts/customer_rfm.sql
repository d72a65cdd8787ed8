with

-- Ids and sums alone: who reads this mart need not see who the customers are.
customers as (
    select
        customer_id,
        days_since_last_order as recency_days,
        total_orders as frequency,
        total_spent as monetary
    from {{ ref('customer_analytics') }}
    where total_orders > 0
),

segments as (
    select * from {{ ref('rfm_segments') }}
),

scored as (
    select
        *,
        cast(ceil(5 * cume_dist() over (order by recency_days desc)) as int) as r_score,
        cast(ceil(5 * cume_dist() over (order by frequency)) as int) as f_score,
        cast(ceil(5 * cume_dist() over (order by monetary)) as int) as m_score
    from customers
),

averaged as (
    select
        *,
        -- Half up: 4 and 5 give 5.
        cast((f_score + m_score + 1) div 2 as int) as fm_score
    from scored
),

-- The first segment, by rank, whose two ranges hold the scores.
segmented as (
    select
        averaged.customer_id,
        min_by(segments.segment, segments.segment_rank) as rfm_segment
    from averaged
    inner join segments
        on averaged.r_score between segments.r_min and segments.r_max
        and averaged.fm_score between segments.fm_min and segments.fm_max
    group by averaged.customer_id
),

final as (
    select
        averaged.customer_id,
        averaged.recency_days,
        averaged.frequency,
        averaged.monetary,
        averaged.r_score,
        averaged.f_score,
        averaged.m_score,
        averaged.fm_score,
        coalesce(segmented.rfm_segment, 'Unknown') as rfm_segment
    from averaged
    left join segmented
        on averaged.customer_id = segmented.customer_id
)

select * from final
