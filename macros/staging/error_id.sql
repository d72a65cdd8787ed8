{#- Identifies a landed row among all batches: its batch, its file's content and its row number. -#}
{% macro error_id(from) -%}
concat_ws(
    ':',
    {{ from }}._batch_id,
    {{ from }}._file_sha256,
    cast({{ from }}._row_number as string)
)
{%- endmacro %}
