{#- Optional columns of a feed that a landed file lacks, by its `header` in landed_files; none where that is unknown. -#}
{% macro absent_columns(feed, header) -%}
    {%- set optional = contract_columns(feed) | selectattr('is_optional') | list -%}
    {%- if optional -%}
cast(filter(
    array(
        {%- for column in optional %}
        case
            when not arrays_overlap(split({{ header }}, ' '), array({{ header_keys(column) | join(', ') }}))
                then '{{ column.name }}'
        end{{ ',' if not loop.last }}
        {%- endfor %}
    ),
    column_name -> column_name is not null
) as array<string>)
    {%- else -%}
cast(array() as array<string>)
    {%- endif -%}
{%- endmacro %}
