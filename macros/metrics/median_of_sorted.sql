{#- The median of a sorted array; of an even number of values the mean of the two in the middle. -#}
{% macro median_of_sorted(values) -%}
    (
        get({{ values }}, cast(floor((size({{ values }}) - 1) / 2) as int))
        + get({{ values }}, cast(floor(size({{ values }}) / 2) as int))
    ) / 2
{%- endmacro %}
