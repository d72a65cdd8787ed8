{#- Full years between two dates; who is born on 29 February has the birthday on 1 March of other years. -#}
{% macro full_years(since, until) -%}
year({{ until }}) - year({{ since }})
- case
    when month({{ until }}) * 100 + day({{ until }}) < month({{ since }}) * 100 + day({{ since }}) then 1
    else 0
end
{%- endmacro %}
