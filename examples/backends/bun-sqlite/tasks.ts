// The tasks in SQLite: the schema and the statements. Knows nothing of HTTP.

import { Database } from "bun:sqlite";
import { fromRow, now, type Row, type Task, type Tasks } from "../shared/tasks.ts";

const EXAMPLES = ["Try the gateway", "Compare two backends"];

export class SqliteTasks implements Tasks {
  readonly #database: Database;

  /** Opens or creates the database; `:memory:` keeps it for the life of the process. */
  constructor(file: string) {
    this.#database = new Database(file, { create: true, strict: true });
    // Readers and the writer do not block each other, and a second process waits for its turn instead of failing.
    this.#database.run("PRAGMA journal_mode = WAL");
    this.#database.run("PRAGMA busy_timeout = 2000");
    // AUTOINCREMENT: the id of a deleted task is never given to another one.
    this.#database.run(`CREATE TABLE IF NOT EXISTS tasks (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      title TEXT NOT NULL,
      done INTEGER NOT NULL DEFAULT 0,
      created_at TEXT NOT NULL
    )`);
    // IMMEDIATE: of two processes that start at once, one seeds.
    this.#database
      .transaction(() => {
        if (this.list().length === 0) EXAMPLES.forEach((title) => this.create(title, false));
      })
      .immediate();
  }

  list(): Task[] {
    return this.#database.query<Row, []>("SELECT id, title, done, created_at FROM tasks ORDER BY id").all().map(fromRow);
  }

  get(id: number): Task | undefined {
    const row = this.#database.query<Row, [number]>("SELECT id, title, done, created_at FROM tasks WHERE id = ?").get(id);
    return row ? fromRow(row) : undefined;
  }

  create(title: string, done: boolean): Task {
    const row = this.#database
      .query<Row, [string, number, string]>(
        "INSERT INTO tasks (title, done, created_at) VALUES (?, ?, ?) RETURNING id, title, done, created_at",
      )
      .get(title, Number(done), now());
    if (!row) throw new Error("the database returned no row for an insert");
    return fromRow(row);
  }

  update(id: number, { title, done }: { title?: string; done?: boolean }): Task | undefined {
    const row = this.#database
      .query<Row, [string | null, number | null, number]>(
        "UPDATE tasks SET title = coalesce(?, title), done = coalesce(?, done) WHERE id = ? RETURNING id, title, done, created_at",
      )
      .get(title ?? null, done === undefined ? null : Number(done), id);
    return row ? fromRow(row) : undefined;
  }

  delete(id: number): boolean {
    return this.#database.query("DELETE FROM tasks WHERE id = ?").run(id).changes > 0;
  }

  close(): void {
    this.#database.close();
  }
}
