// What a task is, and what a database of tasks has to offer. The backends differ in how they keep tasks, not in what tasks are.

export interface Task {
  id: number;
  title: string;
  done: boolean;
  /** UTC, in seconds: `2026-02-07T10:00:00Z`. */
  created_at: string;
}

/** A task as a row. SQLite has no boolean: `done` is 0 or 1 there. */
export type Row = Omit<Task, "done"> & { done: number };

type Soon<T> = T | Promise<T>;

/** The tasks in some database. What it throws is a failure of the database, never of the request. */
export interface Tasks {
  /** All, by ascending id. */
  list(): Soon<Task[]>;
  get(id: number): Soon<Task | undefined>;
  /** The id is greater than every id given before, those of deleted tasks included. */
  create(title: string, done: boolean): Soon<Task>;
  /** Changes what is given and keeps the rest; `undefined` when there is no such task. */
  update(id: number, changes: { title?: string; done?: boolean }): Soon<Task | undefined>;
  /** Whether there was such a task. */
  delete(id: number): Soon<boolean>;
}

export function fromRow(row: Row): Task {
  return { ...row, done: row.done !== 0 };
}

/** The present as `created_at`. */
export function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, "Z");
}
