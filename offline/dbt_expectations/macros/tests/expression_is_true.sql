{% test expression_is_true(
    model,
    expression,
    test_condition="= true",
    group_by_columns=none,
    row_condition=none
) %}

{{ dbt_expectations.failing_rows(
    model, expression, test_condition, group_by_columns, row_condition
) }}

{% endtest %}
