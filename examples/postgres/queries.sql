-- Errors by path.
SELECT left(path, 60) AS path, status, count(*) FROM access WHERE status >= 400
GROUP BY 1, 2 ORDER BY count(*) DESC, 1, 2 LIMIT 20;

-- The 95th percentile of the bytes sent, by hour.
SELECT to_char(date_trunc('hour', requested_at), 'YYYY-MM-DD HH24:00') AS hour, count(*) AS requests,
       round(percentile_cont(0.95) WITHIN GROUP (ORDER BY bytes)) AS p95_bytes
FROM access WHERE status IS NOT NULL GROUP BY 1 ORDER BY 1;

-- The records of one request.
SELECT level, message, event->'log'->'data'->>'client' AS client, path, status
FROM access WHERE correlation_id = 'request-4' ORDER BY id;

-- Every record is stored once.
SELECT count(*) AS records, count(DISTINCT id) AS ids FROM access;
