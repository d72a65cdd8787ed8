{#-
    The text of a contract column in a landed row. A row that landed before its column was declared has the text among its
    unknown columns, under a header that would stand for the column now.
-#}
{% macro landed_text(column) -%}
coalesce(
    {{ column.name }},
    case
        when _extra is not null
            then array_max(map_values(map_filter(
                _extra, (header, cell) -> regexp_replace(lower(header), '[\\s-]', '_') in ({{ header_keys(column) | join(', ') }})
            )))
    end
)
{%- endmacro %}
