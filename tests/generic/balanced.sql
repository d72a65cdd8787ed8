{% test balanced(model) -%}
select feed
from {{ model }}
where not is_balanced
{%- endtest %}
