{# A pattern found in a column, as a condition: see _macros.yml. #}
{% macro regex_condition(column_name, regex, is_raw=false, flags="") %}

{%- if is_raw or flags -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: is_raw and flags have no effect on Spark (" ~ column_name
        ~ "). Leave them out; write flags into the pattern, as in '(?i)abc'."
    ) }}
{%- endif -%}

{%- if "\\" in regex or "'" in regex -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: a pattern cannot have a backslash or a single quote, got "
        ~ regex ~ " (" ~ column_name ~ "). Write [0-9] and [.] for digits and dots."
    ) }}
{%- endif -%}

{{ return("regexp_extract(" ~ column_name ~ ", '" ~ regex ~ "', 0) <> ''") }}

{% endmacro %}
