{#-
    A node that failed in a dbt run, and why, in one line: the message without dbt's frames, without what the local engine's parser
    would have liked better, and without what stands in single quotes, which may be data; and the file.
-#}
{% macro failure_reason(result) -%}
    {%- set said = [] -%}
    {%- for line in ((result.message or result.status) | string).splitlines() | map('trim') | select
        if not modules.re.match('(Compilation|Runtime|Database) Error( in .*)?$|> (in|called by) ', line) -%}
        {%- do said.append(line) -%}
    {%- endfor -%}
    {%- set heard = modules.re.sub(' at [0-9]+:[0-9]+ expected .*', '.', said | join(' ')) -%}
    {%- set reason = modules.re.sub("'[^']*'", "'…'", heard) -%}
    {%- set short = reason if reason | length <= 400 else reason[:400] ~ ' …' -%}
    {%- set file = result.node.original_file_path -%}
    {{ return(result.node.name ~ ': ' ~ short ~ ('' if file in short else ' In ' ~ file ~ '.')) }}
{%- endmacro %}
