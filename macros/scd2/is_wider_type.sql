{#- True when each value of one SQL type is exact in another one too, as ingest/batches/evolution.py has it for the contract. -#}
{% macro is_wider_type(old, new) -%}
    {%- set digits = {'int': [10, 0], 'bigint': [19, 0]} -%}
    {%- for kind in [old, new] if kind.startswith('decimal') -%}
        {%- set precision, scale = modules.re.findall('[0-9]+', kind) | map('int') | list -%}
        {%- do digits.update({kind: [precision - scale, scale]}) -%}
    {%- endfor -%}
    {%- if old in digits and new in digits -%}
        {{ return(
            digits[new][0] >= digits[old][0] and digits[new][1] >= digits[old][1]
            and (new != 'int' and (new != 'bigint' or old == 'int'))
        ) }}
    {%- endif -%}
    {{ return(old == 'date' and new == 'timestamp') }}
{%- endmacro %}
