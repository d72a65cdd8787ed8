{#-
    Pre-hook of a target's snapshot: the target gets the columns that are new in its staging model, NULL in the versions that
    are there, and wider types; values stay exact. A column that the staging model lacks stays. Any other change of a type
    stops the build, unless the target is empty, as a replay of all batches leaves it. What is cut short is done the next time.
-#}
{% macro follow_contract() -%}
    {%- if execute and load_relation(this) is not none -%}
        {%- set staged = {} -%}
        {%- for column in adapter.get_columns_in_relation(pipeline_relation('staging', 'stg_' ~ model.config.meta.feed)) -%}
            {%- do staged.update({column.name: column.data_type}) -%}
        {%- endfor -%}
        {%- set present, widened, other = {}, {}, {} -%}
        {%- for column in adapter.get_columns_in_relation(this) -%}
            {%- do present.update({column.name: column.data_type}) -%}
            {%- set new_type = staged.get(column.name, column.data_type) -%}
            {%- if new_type != column.data_type -%}
                {%- do (widened if is_wider_type(column.data_type, new_type) else other).update({column.name: new_type}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set added = {} -%}
        {%- for name, type in staged.items() if name not in present -%}
            {%- do added.update({name: type}) -%}
        {%- endfor -%}
        {%- if other and run_query('select 1 from ' ~ this ~ ' limit 1').rows -%}
            {%- set name = other | first -%}
            {%- do exceptions.raise_compiler_error(
                'Column ' ~ name ~ ' of ' ~ this.identifier ~ ' was ' ~ present[name] ~ ' and is ' ~ other[name]
                ~ ' in its staging model: take that back, or rebuild the targets from landing: python -m ingest replay'
            ) -%}
        {%- endif -%}
        {%- do alter_target(added, widened, other) -%}
    {%- endif -%}
{%- endmacro %}
