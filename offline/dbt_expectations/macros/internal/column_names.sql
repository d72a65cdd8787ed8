{# A list argument, checked: see _macros.yml. #}
{% macro column_names(argument, columns) %}

{%- if columns is string or columns is mapping -%}
    {{ exceptions.raise_compiler_error(
        "dbt_expectations: " ~ argument ~ " takes a list of columns, not '" ~ columns ~ "'."
    ) }}
{%- endif -%}

{{ return(columns or []) }}

{% endmacro %}
