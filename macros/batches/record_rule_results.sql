{#-
    Put a result for every rule into validation_results, in place of earlier ones: what this dbt run's test of it counted, or else what
    the models have judged.
-#}
{% macro record_rule_results(results, batch, counts) -%}
    {%- set failures = judged_rules() -%}
    {%- for result in results
        if result.node.resource_type == 'test'
        and result.node.config.meta.quarantine is defined
        and result.status | string in ['pass', 'warn', 'fail'] -%}
        {%- do failures.update({result.node.name: result.failures}) -%}
    {%- endfor -%}
    {%- if failures -%}
        {%- set results_of_rules -%}
            with

            tested as (
                select
                    *,
                    cast(failures as bigint) as failed_records
                from values
                    {%- for rule in declared_rules() %}
                    (
                        {{ sql_text(rule.id) }},
                        {{ sql_text(rule.feed) }},
                        {{ sql_text(rule.category) }},
                        {{ sql_text(rule.severity) }},
                        {{ 'true' if rule.base_model else 'false' }},
                        {{ failures[rule.id] }},
                        {{ sql_text(rule.description) }}
                    )
                    {{- ',' if not loop.last }}
                    {%- endfor %}
                    as rules (rule_id, feed, category, declared_severity, is_row_level, failures, description)
            ),

            counted as (
                select
                    tested.*,
                    batch_counts.batch_id,
                    batch_counts.batch_date,
                    case
                        when tested.is_row_level then batch_counts.landed_rows
                        else batch_counts.valid_rows
                    end as checked_records
                from tested
                inner join {{ counts }} as batch_counts
                    on tested.feed = batch_counts.feed
            )

            select
                batch_id,
                batch_date,
                rule_id,
                feed,
                category,
                declared_severity,
                case when failed_records = 0 then 'NONE' else declared_severity end as severity,
                checked_records,
                failed_records,
                coalesce(
                    cast(100 as double)
                    * (
                        cast(1 as double)
                        - cast(failed_records as double) / nullif(cast(checked_records as double), 0)
                    ),
                    cast(100 as double)
                ) as score,
                case
                    when failed_records = 0 then 'PASS'
                    when declared_severity = 'HIGH' then 'FAIL'
                    else 'WARN'
                end as status,
                description,
                {{ sql_text(invocation_id) }} as invocation_id,
                timestamp '{{ run_started_at.strftime("%Y-%m-%d %H:%M:%S.%f") }}' as validated_at
            from counted
        {%- endset -%}
        {%- do replace_rows(
            'validation_results', 'batch_id', sql_text(batch['batch_id']), ['rule_id'], results_of_rules
        ) -%}
    {%- endif -%}
{%- endmacro %}
