{% test given(model, column_name) -%}
select _row_number
from {{ model }}
where {{ fails_given(column_name) }}
{%- endtest %}
