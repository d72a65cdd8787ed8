{#-
    A text that is written as the contract's `format` says (yyyy, MM or M, and so on; a single letter takes one digit or two) as
    yyyy-MM-dd HH:mm:ss. The parts that the format lacks are 0, and so are all parts of a text that is not written like that:
    no date.
-#}
{% macro iso_text(text, format) -%}
    {%- set parts = modules.re.findall('yyyy|MM?|dd?|HH?|mm?|ss?|.', format) -%}
    {%- set pattern = [] -%}
    {%- set groups = [] -%}
    {%- for part in parts -%}
        {%- if part[0] in 'yMdHms' -%}
            {%- do groups.append(part[0]) -%}
            {%- do pattern.append('([0-9]{4})' if part == 'yyyy' else '([0-9]{2})' if part | length == 2 else '([0-9]{1,2})') -%}
        {%- else -%}
            {%- do pattern.append('[' ~ part ~ ']') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set separators = {'y': '-', 'M': '-', 'd': ' ', 'H': ':', 'm': ':', 's': ''} -%}
concat(
    {%- for letter, separator in separators.items() %}
    {%- if letter in groups %}
    lpad(
        regexp_extract({{ text }}, '^{{ pattern | join }}$', {{ groups.index(letter) + 1 }}), {{ 4 if letter == 'y' else 2 }}, '0'
    ){{ ", '" ~ separator ~ "'," if separator }}
    {%- else %}
    '00{{ separator }}'{{ ',' if separator }}
    {%- endif %}
    {%- endfor %}
)
{%- endmacro %}
