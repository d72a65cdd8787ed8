{#-
    Make the views through which people read, one for each model with `published_as` in its meta: personal columns are masked.
    Only a view that is missing, or whose table or mask has changed, is made; its comment ends with a digest of its
    statement to tell by. The tables are granted to nobody, so there is no moment at which a reader sees more.
-#}
{% macro publish_views(known) -%}
    {%- set kinds = personal_columns() -%}
    {%- set schemas = [] -%}
    {%- for model in graph.nodes.values() if model.config.get('meta', {}).published_as is defined -%}
        {%- set columns = known.get(model.schema ~ '.' ~ model.name, {}).get('columns', {}) -%}
        {%- set view = pipeline_relation(model.config.meta.published_as, model.name) -%}
        {%- set published = known.get(view.schema ~ '.' ~ view.identifier, {'comment': ''}) -%}
        {%- if columns -%}
            {%- set digest = local_md5(view_statement(model, view, columns, kinds)) -%}
            {%- if not published['comment'].endswith(digest) -%}
                {%- if view.schema not in schemas -%}
                    {%- do schemas.append(view.schema) -%}
                    {%- if not adapter.check_schema_exists(view.database, view.schema) -%}
                        {%- do adapter.create_schema(view) -%}
                    {%- endif -%}
                {%- endif -%}
                {%- do run_query(view_statement(model, view, columns, kinds, digest)) -%}
                {%- do log('Made the view ' ~ view, info=true) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
