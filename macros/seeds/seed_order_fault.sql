{#-
    For a seed of which the first row by rank counts whose thresholds are all met (`first_match` in its meta): a row that
    nothing can reach, or a last row that leaves something out.
-#}
{% macro seed_order_fault(seed, table) -%}
    {%- set order = seed.config.meta.first_match -%}
    {%- if not order -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set tried = [] -%}
    {%- for row in table.rows -%}
        {%- set thresholds = [] -%}
        {%- for name in order.thresholds -%}
            {%- do thresholds.append(row[name] | float) -%}
        {%- endfor -%}
        {%- do tried.append({
            'rank': row[order.rank] | int,
            'line': 'line ' ~ (loop.index + 1) ~ ' (' ~ row.values() | first ~ ')',
            'thresholds': thresholds,
        }) -%}
    {%- endfor -%}
    {%- set names = order.thresholds | join(' and ') -%}
    {%- for later in tried | sort(attribute='rank') -%}
        {%- for earlier in tried if earlier.rank < later.rank -%}
            {%- set asked = [] -%}
            {%- for threshold in earlier.thresholds -%}
                {%- do asked.append(threshold > later.thresholds[loop.index0]) -%}
            {%- endfor -%}
            {%- if not asked | select | list -%}
                {{ return(later.line ~ ': nothing can reach it, because ' ~ earlier.line ~ ' has a better ' ~ order.rank
                    ~ ' and asks for no more ' ~ names ~ '; mend the ranks or the thresholds.') }}
            {%- endif -%}
        {%- endfor -%}
        {%- if loop.last and later.thresholds | select | list -%}
            {{ return(later.line ~ ': the last ' ~ order.rank ~ ' must have 0 for ' ~ names
                ~ ', so that all belong somewhere; mend it, or write a row for the rest.') }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
