{#- The meteorological season of a day in the northern hemisphere. -#}
{% macro season(day) -%}
case
    when month({{ day }}) in (12, 1, 2) then 'Winter'
    when month({{ day }}) in (3, 4, 5) then 'Spring'
    when month({{ day }}) in (6, 7, 8) then 'Summer'
    else 'Fall'
end
{%- endmacro %}
