{% test known_code(model, column_name, seed, field, if_present=false) -%}
select _row_number
from {{ model }}
where
    {{ fails_known_code(column_name, seed, field, if_present) | indent(4) }}
{%- endtest %}
