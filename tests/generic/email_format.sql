{% test email_format(model, column_name) -%}
select _row_number
from {{ model }}
where {{ fails_email_format(column_name) }}
{%- endtest %}
