{% macro read_boolean(text) -%}
case
    when lower({{ text }}) in ('true', '1', 'yes', 't') then true
    when lower({{ text }}) in ('false', '0', 'no', 'f') then false
end
{%- endmacro %}
