with

orders as (
    select * from {{ ref('base_orders') }}
    where not is_quarantined
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
        currency_code,
        payment_method_code,
        order_status_code,
        record_key,
        _batch_id,
        _batch_date,
        _source_file,
        _file_sha256,
        _row_number,
        _landed_at
    from orders
)

select * from final
