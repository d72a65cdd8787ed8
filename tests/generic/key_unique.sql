{% test key_unique(model) -%}
select _row_number
from {{ model }}
where {{ fails_key_unique() }}
{%- endtest %}
