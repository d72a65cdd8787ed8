-- The archive is a volume of its own: senders get the landing volume alone, and each has its own retention.
create schema if not exists `${catalog}`.`${volume_schema}`;

create volume if not exists `${catalog}`.`${volume_schema}`.`${landing_volume}`
comment 'Feeds and triggers as they arrive, and those that were rejected.';

create volume if not exists `${catalog}`.`${volume_schema}`.`${archive_volume}`
comment 'Processed feeds and triggers, by date and batch.';

create volume if not exists `${catalog}`.`${schema}_ops`.artifacts
comment 'What dbt wrote of each applied batch, and the documentation of the project.';

create volume if not exists `${catalog}`.`${schema}_error_views`.exports
comment 'Rows to correct, and exported tables. Personal data.';
