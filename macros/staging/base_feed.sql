{#-
    The current batch's rows of a feed: typed by the contract, each with the rules that it breaks.
    Every row of the landed file is here exactly once.
-#}
{% macro base_feed(feed) -%}
{%- set columns = contract_columns(feed) -%}
{%- set typed_columns = columns | rejectattr('type', 'equalto', 'string') | list -%}
{%- set lineage = lineage_columns() -%}
{%- set key_rule = feed ~ '_key_unique' -%}
{%- set form_rule = feed ~ '_row_well_formed' -%}
{%- set all_rules = rules(feed) -%}
{%- set value_rules = all_rules | rejectattr('id', 'in', [key_rule, form_rule]) | list -%}
{%- set quarantining = all_rules | selectattr('quarantine') | list -%}
with

current_batch as (
    select * from {{ ref('current_batch') }}
),

landed_files as (
    select
        batch_id,
        file_sha256,
        landing_number,
        {{ absent_columns(feed, 'header') | indent(8) }} as _absent_columns
    from {{ source('landing', 'landed_files') }}
    where feed = '{{ feed }}'
),

landed as (
    select
        landed_rows.*,
        landed_files._absent_columns,
        {{ white_space() }} as white_space
    from {{ source('landing', feed) }} as landed_rows
    inner join landed_files
        on landed_rows._batch_id = landed_files.batch_id
        and landed_rows._file_sha256 = landed_files.file_sha256
    inner join current_batch
        on landed_files.landing_number = current_batch.landing_number
        -- A batch_id may have been withdrawn from another date.
        and landed_rows._batch_date = {{ current_day() }}
),

declared as (
    select
        {%- for column in columns %}
        {{ landed_text(column) | indent(8) }} as {{ column.name }},
        {%- endfor %}
        _extra,
        _raw_line,
        {{ lineage | join(',\n') | indent(8) }},
        _absent_columns,
        white_space
    from landed
),

typed as (
    select
        {%- for column in columns if column.type == 'string' %}
        {{ column.name }},
        {%- endfor %}
        {%- for column in columns if column.is_code %}
        {{ code(column.name, 'white_space') }} as {{ column.name }}_code,
        {%- endfor %}
        {%- for column in typed_columns %}
        {{ read_value('btrim(' ~ column.name ~ ', white_space)', column) | indent(8) }} as {{ column.name }},
        {{ column.name }} as _{{ column.name }}_text,
        {%- endfor %}
        _extra,
        _raw_line,
        {{ lineage | join(',\n') | indent(8) }},
        _absent_columns
    from declared
),

parsed as (
    select
        *,
        {{ record_key(feed) | indent(8) }} as record_key,
        cast(filter(
            array(
                {%- for column in typed_columns %}
                case
                    when {{ column.name }} is null and _{{ column.name }}_text is not null then '{{ column.name }}'
                end{{ ',' if not loop.last }}
                {%- endfor %}
            ),
            column_name -> column_name is not null
        ) as array<string>) as _parse_errors
    from typed
),

judged as (
    select
        *,
        array(
            {%- for rule in value_rules %}
            {{ broken_rule(rule) | indent(12) }}{{ ',' if not loop.last }}
            {%- endfor %}
        ) as judgements
    from parsed
),

ruled as (
    select
        *,
        case
            when _raw_line is not null then array('{{ form_rule }}')
            else filter(judgements, rule_id -> rule_id is not null)
        end as row_failed_rules
    from judged
),

contended as (
    select
        *,
        not arrays_overlap(
            row_failed_rules,
            {{ rule_ids(quarantining) | indent(12) }}
        ) as is_contender
    from ruled
),

ranked as (
    select
        *,
        case
            when is_contender then row_number() over (
                partition by record_key, is_contender
                order by created_timestamp desc nulls last, _row_number desc
            )
        end as _key_rank
    from contended
),

final as (
    select
        {{ base_columns(feed) | join(',\n') | indent(8) }},
        _extra,
        _raw_line,
        {{ lineage | join(',\n') | indent(8) }},
        _parse_errors,
        _absent_columns,
        _key_rank,
        cast(
            case
                when _key_rank > 1 then array_sort(concat(row_failed_rules, array('{{ key_rule }}')))
                else row_failed_rules
            end as array<string>
        ) as failed_rules,
        coalesce(_key_rank, 2) > 1 as is_quarantined
    from ranked
)

select * from final
{%- endmacro %}
