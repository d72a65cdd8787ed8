-- What each rule across tables finds in the current batch: the SQL of all their tests in one statement.
-- A rule that reads one more model or target needs a line for it here; until then dbt names what is missing.
-- depends_on: {{ ref('currency_rates') }}
-- depends_on: {{ ref('customers_target') }}
-- depends_on: {{ ref('int_batch_orders') }}
-- depends_on: {{ ref('int_product_stock') }}
-- depends_on: {{ ref('inventory_target') }}
-- depends_on: {{ ref('orders_target') }}
-- depends_on: {{ ref('products_target') }}
-- depends_on: {{ ref('shipping_target') }}
-- depends_on: {{ ref('stg_customers') }}
-- depends_on: {{ ref('stg_inventory') }}
-- depends_on: {{ ref('stg_products') }}
-- depends_on: {{ ref('stg_shipping') }}
with

final as (
    {%- for rule in declared_rules() if not rule.base_model %}
    select
        '{{ rule.id }}' as rule_id,
        count(*) as failed_records
    from (
        {{ render(rule.sql) | indent(8) }}
    ) as broken
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- else %}
    select
        cast(null as string) as rule_id,
        cast(null as bigint) as failed_records
    where false
    {%- endfor %}
)

select * from final
