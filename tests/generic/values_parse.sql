{% test values_parse(model, columns) -%}
select _row_number
from {{ model }}
where {{ fails_values_parse(columns) }}
{%- endtest %}
