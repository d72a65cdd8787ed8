{% test dimensions_format(model, column_name) -%}
select _row_number
from {{ model }}
where {{ fails_dimensions_format(column_name) }}
{%- endtest %}
