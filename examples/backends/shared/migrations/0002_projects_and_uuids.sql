-- Projects, and tasks with a UUID, a description and a status. Tasks from before are kept, each with a new id.
--
-- The database makes ids (UUIDs of version 4) and times (UTC, in milliseconds), for the API as for the seed. `sequence` orders what was
-- made in the same millisecond.

ALTER TABLE tasks RENAME TO old_tasks;

CREATE TABLE projects (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
    || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
  )),
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('active', 'someday', 'archive')),
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE tasks (
  sequence INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE DEFAULT (lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-'
    || substr('89ab', 1 + (random() & 3), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))
  )),
  title TEXT NOT NULL,
  description TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('inbox', 'next', 'waiting', 'done')),
  project_id TEXT REFERENCES projects (id) ON DELETE SET NULL,
  created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
  updated_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE INDEX tasks_of_project ON tasks (project_id);

INSERT INTO tasks (title, description, status, created_at, updated_at)
SELECT title, '', iif(done, 'done', 'inbox'), strftime('%Y-%m-%dT%H:%M:%fZ', created_at), strftime('%Y-%m-%dT%H:%M:%fZ', created_at)
FROM old_tasks ORDER BY id;
DROP TABLE old_tasks;
