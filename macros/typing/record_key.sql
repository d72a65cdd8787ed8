{#-
    The key of a feed's row as one text, from the contract's `key`: its parts joined by '|', which is escaped in all but the
    last one so that different keys never look the same. Of a part with several columns the first that is given counts.
-#}
{% macro record_key(feed) -%}
    {%- set parts = [] -%}
    {%- for part in contract_key(feed) -%}
        {%- set value = part if part is string else 'coalesce(' ~ part | join(', ') ~ ')' -%}
        {%- do parts.append(value if loop.last else "replace(replace(" ~ value ~ ", '%', '%25'), '|', '%7C')") -%}
    {%- endfor -%}
    {%- if parts | length > 1 -%}
concat(
    {{ parts | join(",\n    '|',\n    ") }}
)
    {%- else -%}
{{ parts | first }}
    {%- endif -%}
{%- endmacro %}
