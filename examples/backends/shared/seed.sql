-- Three tasks for an empty database, made now: the last is the newest, and a second lies between two of them, so that every backend lists
-- them in the same order. One statement, so that of two that run at once, one seeds.
INSERT INTO tasks (title, description, status, created_at, updated_at)
SELECT title, description, status, made_at, made_at
FROM (
  SELECT title, description, status, strftime('%Y-%m-%dT%H:%M:%fZ', 'now', age) AS made_at
  FROM (
    SELECT 3 AS place, '-0 seconds' AS age, 'inbox' AS status, 'Bring a backend of your own' AS title,
      'It serves the API that openapi.yaml describes; its URL is a variable of the gateway.' AS description
    UNION ALL SELECT 2, '-1 seconds', 'next', 'Compare two backends', 'Name both in x-backend, with a comma between them.'
    UNION ALL SELECT 1, '-2 seconds', 'done', 'Send a request through the gateway', 'The field x-backend names the backend that answers.'
  )
  ORDER BY place
)
WHERE NOT EXISTS (SELECT 1 FROM tasks);
