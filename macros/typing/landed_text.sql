{#-
    The text of a contract column in a landed row. A row that landed before its column was declared has the text among its
    unknown columns, under a header that would stand for the column now.
-#}
{% macro landed_text(column) -%}
    {%- set headers = [] -%}
    {%- for header in column.headers -%}
        {%- do headers.append(sql_text(modules.re.sub('[\\s-]', '_', header | trim | lower))) -%}
    {%- endfor -%}
coalesce(
    {{ column.name }},
    case
        when _extra is not null
            then array_max(map_values(map_filter(
                _extra, (header, cell) -> regexp_replace(lower(header), '[\\s-]', '_') in ({{ headers | join(', ') }})
            )))
    end
)
{%- endmacro %}
