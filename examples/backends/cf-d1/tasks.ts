// The tasks in D1: the statements. The schema is in migrations/. Knows nothing of HTTP.

import type { D1Database } from "@cloudflare/workers-types";
import { fromRow, now, type Row, type Task, type Tasks } from "../shared/tasks.ts";

export class D1Tasks implements Tasks {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async list(): Promise<Task[]> {
    const { results } = await this.#database.prepare("SELECT id, title, done, created_at FROM tasks ORDER BY id").all<Row>();
    return results.map(fromRow);
  }

  get(id: number): Promise<Task | undefined> {
    return this.#one("SELECT id, title, done, created_at FROM tasks WHERE id = ?", id);
  }

  async create(title: string, done: boolean): Promise<Task> {
    const task = await this.#one(
      "INSERT INTO tasks (title, done, created_at) VALUES (?, ?, ?) RETURNING id, title, done, created_at",
      title,
      Number(done),
      now(),
    );
    if (!task) throw new Error("the database returned no row for an insert");
    return task;
  }

  update(id: number, { title, done }: { title?: string; done?: boolean }): Promise<Task | undefined> {
    return this.#one(
      "UPDATE tasks SET title = coalesce(?, title), done = coalesce(?, done) WHERE id = ? RETURNING id, title, done, created_at",
      title ?? null,
      done === undefined ? null : Number(done),
      id,
    );
  }

  async delete(id: number): Promise<boolean> {
    const { meta } = await this.#database.prepare("DELETE FROM tasks WHERE id = ?").bind(id).run();
    return meta.changes > 0;
  }

  /** The first row of an answer. */
  async #one(statement: string, ...values: (string | number | null)[]): Promise<Task | undefined> {
    const row = await this.#database.prepare(statement).bind(...values).first<Row>();
    return row ? fromRow(row) : undefined;
  }
}
