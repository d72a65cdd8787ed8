-- The current batch's valid orders with what the cross-table rules and the metrics ask about them.
with

orders as (
    select * from {{ ref('stg_orders') }}
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

order_statuses as (
    select
        {{ code('status') }} as status_code,
        counts_as_revenue
    from {{ ref('order_statuses') }}
),

known_customers as (
    select * from {{ ref('customers_target') }}
    where expiry_date is null
),

known_products as (
    select * from {{ ref('products_target') }}
    where expiry_date is null
),

known_shipments as (
    select * from {{ ref('shipping_target') }}
    where expiry_date is null
),

product_versions as (
    select * from {{ ref('int_product_versions') }}
),

final as (
    select
        orders.order_id,
        orders.order_amount,
        orders.currency_code,
        orders.order_status_code,
        orders.created_timestamp,
        {{ usd('orders.order_amount', 'currency_rates.usd_rate') }} as order_amount_usd,
        coalesce(order_statuses.counts_as_revenue, true) as counts_as_revenue,
        known_customers.customer_id is not null as is_customer_known,
        known_customers.customer_tier_code as known_customer_tier_code,
        known_products.product_id is not null as is_product_known,
        known_shipments.order_id is not null as is_shipment_known,
        product_versions.price as price_at_order_date,
        product_versions.currency_code as price_currency_code,
        product_versions.discontinued as is_discontinued_at_order_date
    from orders
    left join currency_rates
        on orders.currency_code = currency_rates.currency_code
    left join order_statuses
        on orders.order_status_code = order_statuses.status_code
    left join known_customers
        on orders.customer_id = known_customers.customer_id
    left join known_products
        on orders.product_id = known_products.product_id
    left join known_shipments
        on orders.order_id = known_shipments.order_id
    left join product_versions
        on orders.product_id = product_versions.product_id
        and {{ holds_on('product_versions', 'orders.order_date') | indent(8) }}
)

select * from final
