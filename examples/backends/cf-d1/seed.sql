-- Two tasks for an empty database. One statement, so that of two that run at once, one seeds.
INSERT INTO tasks (title, created_at)
SELECT title, strftime('%Y-%m-%dT%H:%M:%SZ')
FROM (SELECT 1 AS position, 'Try the gateway' AS title UNION SELECT 2, 'Compare two backends')
WHERE NOT EXISTS (SELECT 1 FROM tasks)
ORDER BY position;
