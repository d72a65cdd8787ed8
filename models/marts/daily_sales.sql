with

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

first_and_last as (
    select
        min(order_date) as first_date,
        max(order_date) as last_date
    from revenue_orders
),

days as (
    select explode(sequence(first_date, last_date, interval 1 day)) as order_date
    from first_and_last
),

order_totals as (
    select
        order_date,
        count(*) as orders_count,
        {{ money_sum('order_amount_usd') }} as revenue,
        {{ money_sum('profit_usd') }} as profit
    from revenue_orders
    group by order_date
),

customer_days as (
    select distinct
        customer_id,
        order_date
    from revenue_orders
),

first_days as (
    select
        customer_id,
        min(order_date) as first_order_date
    from customer_days
    group by customer_id
),

customer_counts as (
    select
        customer_days.order_date,
        count(*) as unique_customers,
        count_if(customer_days.order_date = first_days.first_order_date) as new_customers
    from customer_days
    inner join first_days
        on customer_days.customer_id = first_days.customer_id
    group by customer_days.order_date
),

daily as (
    select
        days.order_date,
        coalesce(order_totals.orders_count, 0) as orders_count,
        cast(coalesce(order_totals.revenue, 0) as decimal(24, 2)) as revenue,
        cast(coalesce(order_totals.profit, 0) as decimal(24, 2)) as profit,
        coalesce(customer_counts.unique_customers, 0) as unique_customers,
        coalesce(customer_counts.new_customers, 0) as new_customers
    from days
    left join order_totals
        on days.order_date = order_totals.order_date
    left join customer_counts
        on days.order_date = customer_counts.order_date
),

rolled as (
    select
        *,
        sum(revenue) over (order by order_date rows between 6 preceding and current row) as revenue_7d,
        count(*) over (order by order_date rows between 6 preceding and current row) as days_7d,
        sum(revenue) over (order by order_date rows between unbounded preceding and current row) as revenue_to_date
    from daily
),

final as (
    select
        order_date,
        orders_count,
        revenue,
        profit,
        {{ ratio('revenue', 'orders_count') }} as avg_order_value,
        unique_customers,
        new_customers,
        unique_customers - new_customers as returning_customers,
        {{ ratio('revenue_7d', 'days_7d') }} as revenue_7d_avg,
        cast(revenue_to_date as decimal(24, 2)) as revenue_cumulative
    from rolled
)

select * from final
