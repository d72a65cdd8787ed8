-- The catalog, and the way into it for each role. Roles may look into a schema only where 04_grants.sql lets them.
create catalog if not exists `${catalog}`;

-- Whoever deploys creates schemas and volumes.
grant use catalog, create schema on catalog `${catalog}` to `${transform_group}`;
grant use catalog on catalog `${catalog}` to `${ingest_group}`;
grant use catalog on catalog `${catalog}` to `${sender_group}`;
grant use catalog on catalog `${catalog}` to `${reader_group}`;
grant use catalog on catalog `${catalog}` to `${steward_group}`;
grant use catalog on catalog `${catalog}` to `${personal_data_group}`;
