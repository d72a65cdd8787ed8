with

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

-- December belongs to the Winter of the next year.
dated as (
    select
        *,
        year(order_date) + case when month(order_date) = 12 then 1 else 0 end as season_year
    from revenue_orders
),

totals as (
    select
        season_year,
        season,
        count(*) as orders_count,
        {{ money_sum('order_amount_usd') }} as seasonal_revenue,
        count(distinct customer_id) as unique_customers
    from dated
    group by season_year, season
),

final as (
    select
        season_year,
        season,
        orders_count,
        seasonal_revenue,
        {{ ratio('seasonal_revenue', 'orders_count') }} as avg_order_value,
        unique_customers
    from totals
)

select * from final
