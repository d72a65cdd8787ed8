with

current_batch as (
    select * from {{ ref('current_batch') }}
),

products as (
    select * from {{ ref('products_target') }}
    where expiry_date is null
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

performance_categories as (
    select * from {{ ref('product_performance') }}
),

order_totals as (
    select
        product_id,
        count(*) as total_orders,
        {{ money_sum('order_amount_usd') }} as total_revenue,
        {{ money_sum('profit_usd') }} as total_profit,
        min(order_date) as first_order_date,
        max(order_date) as last_order_date
    from revenue_orders
    group by product_id
),

-- Distinct pairs, then counts: many small count(distinct …) take a lot of memory.
buyers as (
    select distinct
        product_id,
        customer_id
    from revenue_orders
),

buyer_counts as (
    select
        product_id,
        count(customer_id) as unique_customers
    from buyers
    group by product_id
),

product_totals as (
    select
        products.product_id,
        order_totals.first_order_date,
        order_totals.last_order_date,
        {{ days_between('order_totals.last_order_date', 'current_batch.batch_date') }} as days_since_last_order,
        coalesce(order_totals.total_orders, 0) as total_orders,
        cast(coalesce(order_totals.total_revenue, 0) as decimal(24, 2)) as total_revenue,
        cast(coalesce(order_totals.total_profit, 0) as decimal(24, 2)) as total_profit,
        coalesce(buyer_counts.unique_customers, 0) as unique_customers
    from products
    cross join current_batch
    left join order_totals
        on products.product_id = order_totals.product_id
    left join buyer_counts
        on products.product_id = buyer_counts.product_id
),

-- The first category, by rank, whose two thresholds are met.
categorised as (
    select
        product_totals.product_id,
        min_by(
            performance_categories.performance_category, performance_categories.performance_rank
        ) as performance_category
    from product_totals
    inner join performance_categories
        on product_totals.total_revenue >= performance_categories.min_revenue
        and product_totals.total_orders >= performance_categories.min_orders
    group by product_totals.product_id
),

final as (
    select
        products.product_id,
        products.product_name,
        products.category,
        products.brand,
        {{ usd('products.price', 'currency_rates.usd_rate') }} as price_usd,
        products.discontinued,
        product_totals.total_orders,
        product_totals.total_revenue,
        {{ ratio('product_totals.total_revenue', 'product_totals.total_orders') }} as avg_order_value,
        product_totals.unique_customers,
        product_totals.total_profit,
        100 * {{ ratio('product_totals.total_profit', 'product_totals.total_revenue') }} as profit_margin_pct,
        {{ ratio('product_totals.total_revenue', 'product_totals.unique_customers') }} as revenue_per_customer,
        product_totals.first_order_date,
        product_totals.last_order_date,
        categorised.performance_category,
        case
            when products.discontinued then 'Discontinued'
            when product_totals.total_orders = 0 then 'Never Sold'
            when product_totals.days_since_last_order <= 30 then 'Active'
            when product_totals.days_since_last_order <= 90 then 'Declining'
            else 'Stagnant'
        end as sales_status
    from products
    inner join product_totals
        on products.product_id = product_totals.product_id
    left join categorised
        on products.product_id = categorised.product_id
    left join currency_rates
        on products.currency_code = currency_rates.currency_code
)

select * from final
