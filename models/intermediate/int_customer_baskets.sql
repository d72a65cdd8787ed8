-- What each known customer has bought of the known products, the product bought last first.
with

revenue_orders as (
    select * from {{ ref('orders_enriched') }}
    where counts_as_revenue and not is_orphan_customer and not is_orphan_product
),

bought as (
    select
        customer_id,
        product_id,
        max(order_date) as last_order_date
    from revenue_orders
    group by customer_id, product_id
),

ranked as (
    select
        *,
        row_number() over (partition by customer_id order by last_order_date desc, product_id asc) as product_rank
    from bought
),

final as (
    select
        customer_id,
        product_id,
        last_order_date,
        product_rank,
        product_rank > {{ var('affinity_max_products') }} as is_left_out
    from ranked
)

select * from final
