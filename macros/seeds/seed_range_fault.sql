{#-
    For a seed of which the first row by rank counts whose ranges all hold the value (`first_inside` in its meta): a range
    that ends before it begins, or a row that nothing can reach. What no row holds is no fault: it has no row then.
-#}
{% macro seed_range_fault(seed, table) -%}
    {%- set order = seed.config.meta.first_inside -%}
    {%- if not order -%}
        {{ return(none) }}
    {%- endif -%}
    {%- set tried = [] -%}
    {%- for row in table.rows -%}
        {%- set line = 'line ' ~ (loop.index + 1) ~ ' (' ~ row.values() | first ~ ')' -%}
        {%- set bounds = [] -%}
        {%- for least, most in order.ranges -%}
            {%- if row[least] | float > row[most] | float -%}
                {{ return(line ~ ': ' ~ least ~ ' must be ' ~ row[most] ~ ' or less, as ' ~ most ~ ' is, not ' ~ row[least]
                    ~ '; mend one of the two.') }}
            {%- endif -%}
            {%- do bounds.append((row[least] | float, row[most] | float)) -%}
        {%- endfor -%}
        {%- do tried.append({'rank': row[order.rank] | int, 'line': line, 'bounds': bounds}) -%}
    {%- endfor -%}
    {%- for later in tried | sort(attribute='rank') -%}
        {%- for earlier in tried if earlier.rank < later.rank -%}
            {%- set beyond = [] -%}
            {%- for least, most in later.bounds -%}
                {%- set held = earlier.bounds[loop.index0] -%}
                {%- do beyond.append(least < held[0] or most > held[1]) -%}
            {%- endfor -%}
            {%- if not beyond | select | list -%}
                {{ return(later.line ~ ': nothing can reach it, because ' ~ earlier.line ~ ' has a better ' ~ order.rank
                    ~ ' and holds all of its ranges; mend the ranks or the ranges.') }}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
