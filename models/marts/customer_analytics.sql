with

current_batch as (
    select * from {{ ref('current_batch') }}
),

customers as (
    select * from {{ ref('customers_target') }}
    where expiry_date is null
),

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

segments as (
    select * from {{ ref('customer_segments') }}
),

order_totals as (
    select
        customer_id,
        count(*) as total_orders,
        {{ money_sum('order_amount_usd') }} as total_spent,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date,
        {{ money_sum('profit_usd') }} as total_profit,
        {{ money_sum('estimated_clv') }} as total_estimated_clv
    from revenue_orders
    group by customer_id
),

-- Distinct pairs, then counts: many small count(distinct …) take a lot of memory.
products_purchased as (
    select distinct
        customer_id,
        product_id
    from revenue_orders
),

product_counts as (
    select
        customer_id,
        count(product_id) as unique_products_purchased
    from products_purchased
    group by customer_id
),

categories_purchased as (
    select distinct
        customer_id,
        category
    from revenue_orders
),

category_counts as (
    select
        customer_id,
        count(category) as unique_categories_purchased
    from categories_purchased
    group by customer_id
),

customer_totals as (
    select
        customers.customer_id,
        order_totals.first_order_date,
        order_totals.last_order_date,
        {{ days_between('order_totals.first_order_date', 'current_batch.batch_date') }} as days_since_first_order,
        {{ days_between('order_totals.last_order_date', 'current_batch.batch_date') }} as days_since_last_order,
        coalesce(order_totals.total_orders, 0) as total_orders,
        cast(coalesce(order_totals.total_spent, 0) as decimal(24, 2)) as total_spent,
        cast(coalesce(order_totals.total_profit, 0) as decimal(24, 2)) as total_profit,
        cast(coalesce(order_totals.total_estimated_clv, 0) as decimal(24, 2)) as total_estimated_clv,
        coalesce(product_counts.unique_products_purchased, 0) as unique_products_purchased,
        coalesce(category_counts.unique_categories_purchased, 0) as unique_categories_purchased
    from customers
    cross join current_batch
    left join order_totals
        on customers.customer_id = order_totals.customer_id
    left join product_counts
        on customers.customer_id = product_counts.customer_id
    left join category_counts
        on customers.customer_id = category_counts.customer_id
),

-- The first segment, by rank, whose two thresholds are met.
segmented as (
    select
        customer_totals.customer_id,
        min_by(segments.customer_segment, segments.segment_rank) as customer_segment
    from customer_totals
    inner join segments
        on customer_totals.total_spent >= segments.min_spent
        and customer_totals.total_orders >= segments.min_orders
    group by customer_totals.customer_id
),

final as (
    select
        customers.customer_id,
        customers.first_name,
        customers.last_name,
        customers.email,
        customers.customer_tier,
        customers.country,
        customer_totals.total_orders,
        customer_totals.total_spent,
        {{ ratio('customer_totals.total_spent', 'customer_totals.total_orders') }} as avg_order_value,
        customer_totals.first_order_date,
        customer_totals.last_order_date,
        customer_totals.unique_products_purchased,
        customer_totals.unique_categories_purchased,
        customer_totals.total_profit,
        {{ ratio('customer_totals.total_estimated_clv', 'customer_totals.total_orders') }} as estimated_clv,
        customer_totals.days_since_first_order,
        customer_totals.days_since_last_order,
        {{ ratio('customer_totals.days_since_first_order', 'customer_totals.total_orders') }} as order_frequency_days,
        segmented.customer_segment,
        case
            when customer_totals.total_orders = 0 then 'Never Ordered'
            when customer_totals.days_since_last_order <= 30 then 'Active'
            when customer_totals.days_since_last_order <= 90 then 'At Risk'
            when customer_totals.days_since_last_order <= 180 then 'Inactive'
            else 'Lost'
        end as activity_status
    from customers
    inner join customer_totals
        on customers.customer_id = customer_totals.customer_id
    left join segmented
        on customers.customer_id = segmented.customer_id
)

select * from final
