with

baskets as (
    select
        customer_id,
        product_id
    from {{ ref('int_customer_baskets') }}
    where not is_left_out
),

customers as (
    select count(*) as customers_count from {{ ref('customer_rfm') }}
),

-- No pair has more customers than either of its products: the others need not be paired.
-- Millions of pairs are counted, hence numbers; those of the products are in the order of their ids.
products as (
    select
        product_id,
        row_number() over (order by product_id) as product_number,
        count(*) as customers_count
    from baskets
    group by product_id
    having count(*) >= {{ var('affinity_min_customers') }}
),

buyers as (
    select
        customer_id,
        row_number() over (order by customer_id) as buyer_number
    from baskets
    group by customer_id
),

frequent as (
    select
        buyers.buyer_number,
        products.product_number
    from baskets
    inner join buyers
        on baskets.customer_id = buyers.customer_id
    inner join products
        on baskets.product_id = products.product_id
),

pairs as (
    select
        item_a.product_number as number_a,
        item_b.product_number as number_b,
        count(*) as customers_both
    from frequent as item_a
    inner join frequent as item_b
        on item_a.buyer_number = item_b.buyer_number
        and item_a.product_number < item_b.product_number
    group by item_a.product_number, item_b.product_number
    having count(*) >= {{ var('affinity_min_customers') }}
),

named_pairs as (
    select
        product_a.product_id as product_id_a,
        product_b.product_id as product_id_b,
        pairs.customers_both,
        product_a.customers_count as customers_a,
        product_b.customers_count as customers_b
    from pairs
    inner join products as product_a
        on pairs.number_a = product_a.product_number
    inner join products as product_b
        on pairs.number_b = product_b.product_number
),

final as (
    select
        named_pairs.product_id_a,
        named_pairs.product_id_b,
        named_pairs.customers_both,
        named_pairs.customers_a,
        named_pairs.customers_b,
        100 * {{ ratio('named_pairs.customers_both', 'customers.customers_count') }} as support_pct,
        100 * {{ ratio('named_pairs.customers_both', 'named_pairs.customers_a') }} as confidence_a_to_b_pct,
        100 * {{ ratio('named_pairs.customers_both', 'named_pairs.customers_b') }} as confidence_b_to_a_pct,
        {{ ratio(
            'named_pairs.customers_both * customers.customers_count',
            'named_pairs.customers_a * named_pairs.customers_b'
        ) }} as lift
    from named_pairs
    cross join customers
)

select * from final
