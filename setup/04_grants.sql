-- Which role may what in each schema. Table by table, dbt grants the stewards the error tables.
grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_landing` to `${ingest_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_landing` to `${transform_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_staging` to `${transform_group}`;
grant use schema on schema `${catalog}`.`${schema}_staging` to `${steward_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_targets` to `${transform_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_marts` to `${transform_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_marts` to `${reader_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_ops` to `${ingest_group}`;
grant use schema, create table, create function, execute, select, modify
on schema `${catalog}`.`${schema}_ops` to `${transform_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_ops` to `${steward_group}`;

-- Volumes: the sender's own identity gets write volume on the landing volume besides.
grant use schema on schema `${catalog}`.`${volume_schema}` to `${ingest_group}`;
grant use schema, create volume on schema `${catalog}`.`${volume_schema}` to `${transform_group}`;
grant read volume, write volume on volume `${catalog}`.`${volume_schema}`.`${landing_volume}` to `${ingest_group}`;
grant read volume, write volume on volume `${catalog}`.`${volume_schema}`.`${archive_volume}` to `${ingest_group}`;
