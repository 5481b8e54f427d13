-- Errors by path.
SELECT substring(path, 1, 60) AS path, status, count() AS records FROM access WHERE status >= 400
GROUP BY path, status ORDER BY records DESC, path, status LIMIT 20;
-- The 95th percentile of the bytes sent, by hour.
SELECT toStartOfHour(requested_at) AS hour, count() AS requests, toUInt64(quantileExact(0.95)(bytes)) AS p95_bytes
FROM access WHERE status IS NOT NULL GROUP BY hour ORDER BY hour LIMIT 30;
-- What is not in a column is in the record.
SELECT level, message, visitParamExtractString(event, 'user_agent') AS user_agent FROM access
WHERE status >= 500 ORDER BY requested_at, path LIMIT 3;
-- Every record is stored once.
SELECT count() AS records, uniqExact(id) AS ids FROM access;
-- What a record takes, in bytes: before and after compression.
SELECT column, round(sum(column_data_uncompressed_bytes) / (SELECT count() FROM access), 1) AS plain,
       round(sum(column_data_compressed_bytes) / (SELECT count() FROM access), 1) AS on_disk
FROM system.parts_columns WHERE active AND table = 'access' GROUP BY column ORDER BY on_disk DESC;
