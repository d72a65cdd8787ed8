-- The schemas. Tables are created by ingest and dbt, views by dbt.
create schema if not exists `${catalog}`.`${schema}_landing`
comment 'Every row of every landed batch, as text.';

create schema if not exists `${catalog}`.`${schema}_staging`
comment 'The current batch, typed and judged, and the quarantined rows of all batches.';

create schema if not exists `${catalog}`.`${schema}_targets`
comment 'SCD2 history of the five feeds.';

create schema if not exists `${catalog}`.`${schema}_marts`
comment 'The marts as tables, with personal data.';

create schema if not exists `${catalog}`.`${schema}_views`
comment 'What analysts read - the marts, personal data masked.';

create schema if not exists `${catalog}`.`${schema}_error_views`
comment 'What stewards read - the quarantined rows, personal data masked.';

create schema if not exists `${catalog}`.`${schema}_ops`
comment 'What the pipeline did.';
