{#- The parts of a feed's key, as the contract has them: a column each, or a list of which the first that is given counts. -#}
{% macro contract_key(feed) -%}
    {{ return(contract()[feed].config.meta.key if execute else ['record_key']) }}
{%- endmacro %}
