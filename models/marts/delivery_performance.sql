with

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

priced as (
    select
        {{ month_start('shipments.estimated_delivery') }} as delivery_month,
        coalesce({{ code('shipments.carrier', white_space()) }}, 'unknown') as carrier,
        coalesce(shipments.shipping_method_code, 'unknown') as shipping_method,
        shipments.actual_delivery,
        shipments.delivery_days,
        shipments.delivery_performance,
        {{ usd('shipments.shipping_cost', 'currency_rates.usd_rate') }} as shipping_cost_usd
    from shipments
    left join currency_rates
        on shipments.currency_code = currency_rates.currency_code
),

totals as (
    select
        delivery_month,
        carrier,
        shipping_method,
        count(*) as shipments_count,
        count(actual_delivery) as delivered_count,
        count_if(delivery_performance = 'On Time') as on_time_count,
        sum(delivery_days) as total_delivery_days,
        count(delivery_days) as timed_count,
        percentile(delivery_days, 0.9) as p90_delivery_days,
        {{ money_sum('shipping_cost_usd') }} as total_cost_usd,
        count(shipping_cost_usd) as priced_count
    from priced
    group by delivery_month, carrier, shipping_method
),

final as (
    select
        delivery_month,
        carrier,
        shipping_method,
        shipments_count,
        delivered_count,
        on_time_count,
        100 * {{ ratio('on_time_count', 'delivered_count') }} as on_time_pct,
        {{ ratio('total_delivery_days', 'timed_count') }} as avg_delivery_days,
        p90_delivery_days,
        {{ ratio('total_cost_usd', 'priced_count') }} as avg_cost_usd
    from totals
)

select * from final
