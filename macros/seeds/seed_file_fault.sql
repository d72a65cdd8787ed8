{#-
    The first fault of a seed's rows, against what _seeds.yml declares: where it is, what is wrong, what to do. None when
    there is none. Seeds hold no personal data, so the message may show a cell.
    Line 1 is the header. A cell with a line end is a fault itself, so that lines up to the first fault are counted right.
-#}
{% macro seed_file_fault(seed, table) -%}
    {%- set types = seed.config.column_types -%}
    {%- if table.column_names | sort != types | sort -%}
        {{ return('line 1: the columns must be ' ~ types | join(',') ~ ', not ' ~ table.column_names | join(',')
            ~ '; mend the header.') }}
    {%- elif not table.rows -%}
        {{ return('line 2: there are no rows; write at least one.') }}
    {%- endif -%}
    {%- set lines_of = {} -%}
    {%- for row in table.rows -%}
        {%- set line = loop.index + 1 -%}
        {%- if not row.values() | select | list -%}
            {{ return('line ' ~ line ~ ': the line is blank; delete it.') }}
        {%- endif -%}
        {%- for name, type in types.items() -%}
            {%- set cell = row[name] -%}
            {%- set meta = seed.columns[name].meta -%}
            {%- set place = 'line ' ~ line ~ ' (' ~ row.values() | select | first ~ '): ' ~ name -%}
            {%- if not cell -%}
                {{ return(place ~ ' is blank; write it, or delete the line.') }}
            {%- elif not cell.isprintable() or modules.re.search("['\"\\\\]", cell) -%}
                {{ return('line ' ~ line ~ ': ' ~ name ~ ' ' ~ tojson(cell)
                    ~ ' has a quote, a backslash, a line end or a sign that cannot be seen; write it without.') }}
            {%- endif -%}
            {%- set demand = seed_value_fault(cell | trim, type, meta) -%}
            {%- if demand -%}
                {{ return(place ~ ' must be ' ~ demand ~ ', not ' ~ cell ~ '; mend it.') }}
            {%- endif -%}
            {%- if meta.is_unique -%}
                {%- set value = name ~ ' ' ~ (seed_code(cell) if type == 'string' else cell | float) -%}
                {%- if value in lines_of -%}
                    {{ return(place ~ ' ' ~ cell ~ ' stands in line ' ~ lines_of[value] ~ ' already'
                        ~ (', for case, blanks and hyphens make no difference' if type == 'string' else '')
                        ~ '; keep one of the two.') }}
                {%- endif -%}
                {%- do lines_of.update({value: line}) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(none) }}
{%- endmacro %}
