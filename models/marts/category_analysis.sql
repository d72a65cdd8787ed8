with

products as (
    select * from {{ ref('products_target') }}
    where expiry_date is null
),

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue
),

product_totals as (
    select
        category,
        count(*) as products_count
    from products
    group by category
),

order_totals as (
    select
        coalesce(category, 'Unknown') as category,
        count(*) as orders_count,
        {{ money_sum('order_amount_usd') }} as category_revenue,
        {{ money_sum('profit_usd') }} as category_profit
    from revenue_orders
    group by coalesce(category, 'Unknown')
),

final as (
    select
        coalesce(product_totals.category, order_totals.category) as category,
        coalesce(product_totals.products_count, 0) as products_count,
        coalesce(order_totals.orders_count, 0) as orders_count,
        cast(coalesce(order_totals.category_revenue, 0) as decimal(24, 2)) as category_revenue,
        cast(coalesce(order_totals.category_profit, 0) as decimal(24, 2)) as category_profit,
        {{ ratio('order_totals.category_revenue', 'order_totals.orders_count') }} as avg_order_value
    from product_totals
    full outer join order_totals
        on product_totals.category = order_totals.category
)

select * from final
