{#- Names of the contract columns of a feed that are NULL in some valid rows: no rule quarantines a row for it. -#}
{% macro nullable_columns(feed) -%}
    {%- set fail_on_null = [
        'expect_column_values_to_not_be_null', 'given', 'readable', 'known_code', 'dimensions_format',
    ] -%}
    {%- set never_null = [] -%}
    {%- for rule in rules(feed)
        if rule.quarantine and rule.test in fail_on_null and not rule.arguments.get('if_present', false) -%}
        {%- do never_null.append(rule.arguments.column_name) -%}
    {%- endfor -%}
    {{ return(contract_columns(feed) | map(attribute='name') | reject('in', never_null) | list) }}
{%- endmacro %}
