-- NULLs, values on and next to the bounds 0 and 10, keys that occur more than once.
select
    id,
    team,
    cast(amount as decimal(10, 2)) as amount,
    cast(started_on as date) as started_on,
    cast(ended_on as date) as ended_on,
    code,
    key_a,
    key_b,
    cast(null as string) as nothing
from values
    (1, 'a', 0.00, '2024-01-01', '2024-01-02', 'AB-123', 'k1', 'x'),
    (2, 'a', 10.00, '2024-01-01', '2024-01-01', 'AB-124', 'k1', 'x'),
    (3, 'a', 5.00, '2024-01-02', '2024-01-01', 'ab-125', 'k1', 'x'),
    (4, 'b', -0.01, '2024-01-01', null, 'ZAB-1234', 'k2', null),
    (5, 'b', 10.01, null, '2024-01-01', '', 'k2', null),
    (6, 'c', null, null, null, null, null, null),
    (7, 'c', 5.00, '2024-03-01', '2024-02-01', 'x', null, null),
    (8, null, 7.50, '2024-01-01', '2024-01-03', 'a b', null, 'y'),
    (9, null, null, '2024-01-01', '2024-01-01', 'AB.123', 'k3', 'y')
    as t (id, team, amount, started_on, ended_on, code, key_a, key_b)
