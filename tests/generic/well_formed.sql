{% test well_formed(model) -%}
select _row_number
from {{ model }}
where {{ fails_well_formed() }}
{%- endtest %}
