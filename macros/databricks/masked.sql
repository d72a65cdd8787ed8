{#- Expression for a column of a view: what those outside the group `personal_data_group` see of personal data. -#}
{% macro masked(column, kind) -%}
    {%- set value = adapter.quote(column) -%}
    {%- set mask = {
        'email': "regexp_replace(" ~ value ~ ", '^[^@]*', '***')",
        'phone': "'***'",
        'address': "'***'",
        'text': "'***'",
        'date': 'make_date(year(' ~ value ~ '), 1, 1)',
        'map': 'transform_values(' ~ value ~ ", (name, text) -> '***')",
    }[kind] -%}
    case when {{ value }} is null or is_account_group_member({{ sql_text(var('personal_data_group')) }}) then {{ value }} else {{ mask }} end as {{ value }}
{%- endmacro %}
