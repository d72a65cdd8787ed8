{% test balanced(model, feed) -%}
-- Built before it: {{ model }}, {{ ref('stg_' ~ feed) }}
select feed
from ({{ row_counts([feed]) }}) as counts
where not is_balanced
{%- endtest %}
