with

orders as (
    select * from {{ ref('orders_target') }}
    where expiry_date is null
),

product_stock as (
    select * from {{ ref('int_product_stock') }}
),

shipments as (
    select * from {{ ref('shipping_target') }}
    where expiry_date is null
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

customer_tiers as (
    select
        {{ code('tier') }} as tier_code,
        clv_multiplier
    from {{ ref('customer_tiers') }}
),

product_categories as (
    select
        {{ code('category') }} as category_code,
        margin_rate
    from {{ ref('product_categories') }}
),

order_statuses as (
    select
        {{ code('status') }} as status_code,
        counts_as_revenue
    from {{ ref('order_statuses') }}
),

customer_versions as (
    select
        versions.*,
        customer_tiers.clv_multiplier
    from {{ ref('int_customer_versions') }} as versions
    left join customer_tiers
        on versions.customer_tier_code = customer_tiers.tier_code
),

product_versions as (
    select
        versions.*,
        product_categories.margin_rate
    from {{ ref('int_product_versions') }} as versions
    left join product_categories
        on versions.category_code = product_categories.category_code
),

-- Customer and product as they were on the order date; stock and shipment as they are now.
joined as (
    select
        orders.order_id,
        orders.customer_id,
        orders.product_id,
        orders.order_date,
        orders.order_amount,
        orders.currency,
        orders.payment_method,
        orders.shipping_address,
        orders.order_status,
        orders.created_timestamp,
        customer_versions.first_name,
        customer_versions.last_name,
        customer_versions.customer_tier,
        customer_versions.country,
        customer_versions.age_segment,
        product_versions.product_name,
        product_versions.category,
        product_versions.brand,
        product_versions.price,
        product_versions.discontinued,
        coalesce(product_stock.total_stock_quantity, 0) as total_stock_quantity,
        coalesce(product_stock.total_reserved_quantity, 0) as total_reserved_quantity,
        coalesce(product_stock.total_available_stock, 0) as total_available_stock,
        shipments.shipping_method,
        shipments.shipping_cost,
        shipments.carrier,
        shipments.tracking_number,
        shipments.estimated_delivery,
        shipments.actual_delivery,
        shipments.shipping_status,
        shipments.delivery_days,
        shipments.delivery_performance,
        shipments.cost_category,
        {{ usd('orders.order_amount', 'currency_rates.usd_rate') }} as order_amount_usd,
        coalesce(product_versions.margin_rate, {{ var('default_margin_rate') }}) as margin_rate,
        coalesce(customer_versions.clv_multiplier, {{ var('default_clv_multiplier') }}) as clv_multiplier,
        coalesce(order_statuses.counts_as_revenue, true) as counts_as_revenue,
        not coalesce(customer_versions.is_known, false) as is_orphan_customer,
        not coalesce(product_versions.is_known, false) as is_orphan_product
    -- Each join copies all columns that it has by then, so those that add few come first.
    from orders
    left join currency_rates
        on orders.currency_code = currency_rates.currency_code
    left join order_statuses
        on orders.order_status_code = order_statuses.status_code
    left join product_stock
        on orders.product_id = product_stock.product_id
    left join shipments
        on orders.order_id = shipments.order_id
    left join customer_versions
        on orders.customer_id = customer_versions.customer_id
        and {{ holds_on('customer_versions', 'orders.order_date') | indent(8) }}
    left join product_versions
        on orders.product_id = product_versions.product_id
        and {{ holds_on('product_versions', 'orders.order_date') | indent(8) }}
),

final as (
    select
        order_id,
        customer_id,
        product_id,
        order_date,
        order_amount,
        currency,
        payment_method,
        shipping_address,
        order_status,
        created_timestamp,
        first_name,
        last_name,
        customer_tier,
        country,
        age_segment,
        product_name,
        category,
        brand,
        price,
        discontinued,
        total_stock_quantity,
        total_reserved_quantity,
        total_available_stock,
        shipping_method,
        shipping_cost,
        carrier,
        tracking_number,
        estimated_delivery,
        actual_delivery,
        shipping_status,
        delivery_days,
        delivery_performance,
        cost_category,
        order_amount_usd,
        {{ usd('order_amount_usd', 'margin_rate') }} as profit_usd,
        {{ usd('order_amount_usd', 'clv_multiplier') }} as estimated_clv,
        counts_as_revenue,
        {{ season('order_date') | indent(8) }} as season,
        dayofweek(order_date) as day_of_week,
        dayofweek(order_date) in (1, 7) as is_weekend,
        case
            when created_timestamp is null then 'Unknown'
            when hour(created_timestamp) < 6 then 'Early Morning'
            when hour(created_timestamp) < 12 then 'Morning'
            when hour(created_timestamp) < 18 then 'Afternoon'
            else 'Evening'
        end as time_of_day,
        is_orphan_customer,
        is_orphan_product
    from joined
)

select * from final
