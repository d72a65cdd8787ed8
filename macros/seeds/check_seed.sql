{#- Pre-hook of every seed: a fault in its file stops it, and with it everything downstream, before a row is loaded. -#}
{% macro check_seed() -%}
    {%- if execute -%}
        {%- set table = load_agate_table() -%}
        {%- set fault = seed_file_fault(model, table) or seed_order_fault(model, table) or seed_range_fault(model, table) -%}
        {%- if fault -%}
            {%- do exceptions.raise_compiler_error(model.original_file_path ~ ', ' ~ fault) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
