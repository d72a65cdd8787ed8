-- Which role may what in each schema. Nobody but the pipeline may read tables with personal data: people get views.
grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_landing` to `${ingest_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_landing` to `${transform_group}`;
grant use schema on schema `${catalog}`.`${schema}_landing` to `${sender_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_staging` to `${transform_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_targets` to `${transform_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_marts` to `${transform_group}`;

grant use schema, create table, select on schema `${catalog}`.`${schema}_views` to `${transform_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_views` to `${reader_group}`;

grant use schema, create table, select on schema `${catalog}`.`${schema}_error_views` to `${transform_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_error_views` to `${steward_group}`;
grant use schema on schema `${catalog}`.`${schema}_error_views` to `${ingest_group}`;
grant use schema on schema `${catalog}`.`${schema}_error_views` to `${personal_data_group}`;

grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_ops` to `${ingest_group}`;
grant use schema, create table, select, modify on schema `${catalog}`.`${schema}_ops` to `${transform_group}`;
grant use schema, select on schema `${catalog}`.`${schema}_ops` to `${steward_group}`;

-- The way to the volumes, and the right to make them.
grant use schema on schema `${catalog}`.`${volume_schema}` to `${ingest_group}`;
grant use schema on schema `${catalog}`.`${volume_schema}` to `${sender_group}`;
grant use schema, create volume on schema `${catalog}`.`${volume_schema}` to `${transform_group}`;

grant read volume, write volume on volume `${catalog}`.`${volume_schema}`.`${landing_volume}` to `${ingest_group}`;
grant read volume, write volume on volume `${catalog}`.`${volume_schema}`.`${landing_volume}` to `${sender_group}`;
grant read volume, write volume on volume `${catalog}`.`${volume_schema}`.`${archive_volume}` to `${ingest_group}`;
grant read volume, write volume on volume `${catalog}`.`${schema}_ops`.artifacts to `${transform_group}`;
grant read volume on volume `${catalog}`.`${schema}_ops`.artifacts to `${steward_group}`;
grant read volume, write volume on volume `${catalog}`.`${schema}_error_views`.exports to `${ingest_group}`;
grant read volume on volume `${catalog}`.`${schema}_error_views`.exports to `${personal_data_group}`;
