with

segments as (
    select * from {{ ref('customer_segments') }}
),

customers as (
    select * from {{ ref('customer_analytics') }}
),

totals as (
    select
        segments.customer_segment,
        count(customers.customer_id) as customers_count,
        {{ money_sum('customers.total_spent') }} as segment_revenue
    from segments
    left join customers
        on segments.customer_segment = customers.customer_segment
    group by segments.customer_segment
),

all_segments as (
    select {{ money_sum('segment_revenue') }} as revenue
    from totals
),

final as (
    select
        totals.customer_segment,
        totals.customers_count,
        totals.segment_revenue,
        {{ ratio('totals.segment_revenue', 'totals.customers_count') }} as avg_customer_value,
        100 * {{ ratio('totals.segment_revenue', 'all_segments.revenue') }} as revenue_share_pct
    from totals
    cross join all_segments
)

select * from final
