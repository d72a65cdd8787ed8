{#- The feed whose rows a rule counts: that of its base model, or as a cross-table rule declares. -#}
{% macro rule_feed(rule) -%}
    {%- if rule_is_row_level(rule) -%}
        {{ return(rule.attached_node.split('.base_') | last) }}
    {%- else -%}
        {{ return(rule.config.meta.feed) }}
    {%- endif -%}
{%- endmacro %}
