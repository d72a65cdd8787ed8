-- The five schemas. Tables and their columns are created by ingest and dbt.
create schema if not exists `${catalog}`.`${schema}_landing`
comment 'Every row of every landed batch, as text.';

create schema if not exists `${catalog}`.`${schema}_staging`
comment 'The current batch, typed and judged, and the quarantined rows of all batches.';

create schema if not exists `${catalog}`.`${schema}_targets`
comment 'SCD2 history of the five feeds.';

create schema if not exists `${catalog}`.`${schema}_marts`
comment 'What analysts read.';

create schema if not exists `${catalog}`.`${schema}_ops`
comment 'What the pipeline did, and the functions that mask personal data.';
