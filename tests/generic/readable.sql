{% test readable(model, column_name, min_value=none, strictly=false, if_present=false) -%}
select _row_number
from {{ model }}
where {{ fails_readable(column_name, min_value, strictly, if_present) }}
{%- endtest %}
