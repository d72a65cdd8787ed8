{# Which rows a compound key test looks at: see _macros.yml. #}
{% macro filled_keys_condition(ignore_row_if, columns) %}

{%- set joined_by = {"all_values_are_missing": " or ", "any_value_is_missing": " and "} -%}

{%- if ignore_row_if not in joined_by -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: ignore_row_if cannot be '" ~ ignore_row_if ~ "', choose from: "
        ~ joined_by | join(", ") ~ "."
    ) }}
{%- endif -%}

{%- set filled = [] -%}
{%- for column in columns -%}
    {%- do filled.append(column ~ " is not null") -%}
{%- endfor -%}

{{ return("(" ~ filled | join(joined_by[ignore_row_if]) ~ ")") }}

{% endmacro %}
