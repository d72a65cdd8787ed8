{% test phone_format(model, column_name) -%}
select _row_number
from {{ model }}
where {{ fails_phone_format(column_name) }}
{%- endtest %}
