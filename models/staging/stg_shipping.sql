with

shipments as (
    select * from {{ ref('base_shipping') }}
    where not is_quarantined
),

currency_rates as (
    select
        {{ code('currency') }} as currency_code,
        usd_rate
    from {{ ref('currency_rates') }}
),

-- The only join: the cost in USD decides the cost category.
timed as (
    select
        shipments.*,
        {{ usd('shipments.shipping_cost', 'currency_rates.usd_rate') }} as shipping_cost_usd,
        {{ days_between('cast(shipments.created_timestamp as date)', 'shipments.actual_delivery') }}
            as delivery_days,
        {{ days_between('cast(shipments.created_timestamp as date)', 'shipments.estimated_delivery') }}
            as estimated_delivery_days
    from shipments
    left join currency_rates
        on shipments.currency_code = currency_rates.currency_code
),

final as (
    select
        order_id,
        shipping_method,
        shipping_cost,
        currency,
        tracking_number,
        package_weight,
        dimensions_cm,
        estimated_delivery,
        actual_delivery,
        created_timestamp,
        shipping_id,
        carrier,
        origin_warehouse,
        destination_address,
        shipping_status,
        insurance_value,
        shipping_method_code,
        currency_code,
        record_key,
        delivery_days,
        estimated_delivery_days,
        case
            when actual_delivery is null then 'Pending'
            when estimated_delivery is null then 'Unknown'
            when actual_delivery <= estimated_delivery then 'On Time'
            when {{ days_between('estimated_delivery', 'actual_delivery') }} <= 1 then 'Slightly Delayed'
            else 'Delayed'
        end as delivery_performance,
        case
            when shipping_cost_usd is null then 'Unknown'
            when shipping_cost_usd < 10 then 'Low Cost'
            when shipping_cost_usd < 20 then 'Medium Cost'
            else 'High Cost'
        end as cost_category,
        cast(shipping_cost as double) / nullif(cast(package_weight as double), 0) as cost_per_kg,
        _batch_id,
        _batch_date,
        _source_file,
        _file_sha256,
        _row_number,
        _landed_at
    from timed
)

select * from final
