{% test expect_table_row_count_to_be_between(
    model,
    min_value=none,
    max_value=none,
    group_by=none,
    row_condition=none,
    strictly=false
) %}

{{ dbt_expectations.failing_rows(
    model,
    dbt_expectations.range_condition("count(*)", min_value, max_value, strictly),
    group_by_columns=group_by,
    row_condition=row_condition
) }}

{% endtest %}
