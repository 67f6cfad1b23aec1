// The statements, in the SQL of SQLite, which Bun and D1 both are; the schema is in migrations/. Knows nothing of HTTP.

import type { Project, Task, Value, Values } from "./resources.ts";

/** A database with the schema. What it throws is a failure of the database, unless `isUnknownProject` says otherwise. */
export interface Database {
  /** Runs one statement; the rows that it gives. */
  rows<Row>(statement: string, values: Value[]): Row[] | Promise<Row[]>;
}

/** The rows of one table. */
export class Collection<Row> {
  readonly #database: Database;
  readonly #table: string;
  readonly #columns: string;

  /** Names of tables and columns become part of statements: they come from this program, never from a request. */
  constructor(database: Database, table: string, columns: (keyof Row & string)[]) {
    this.#database = database;
    this.#table = table;
    this.#columns = columns.join(", ");
  }

  /** The rows that have these values, the newest first. */
  async list(values: Values): Promise<Row[]> {
    const conditions = Object.keys(values).map((column) => ` AND ${column} = ?`);
    return this.#rows(
      `SELECT ${this.#columns} FROM ${this.#table} WHERE true${conditions.join("")} ORDER BY created_at DESC, sequence DESC`,
      Object.values(values),
    );
  }

  async get(id: string): Promise<Row | undefined> {
    const [row] = await this.#rows(`SELECT ${this.#columns} FROM ${this.#table} WHERE id = ?`, [id]);
    return row;
  }

  async create(values: Values): Promise<Row> {
    const columns = Object.keys(values);
    const [row] = await this.#rows(
      `INSERT INTO ${this.#table} (${columns.join(", ")}) VALUES (${columns.map(() => "?").join(", ")}) RETURNING ${this.#columns}`,
      Object.values(values),
    );
    if (!row) throw new Error("the database returned no row for an insert");
    return row;
  }

  /** Changes what is given and keeps the rest; `undefined` when there is no such row. */
  async update(id: string, values: Values): Promise<Row | undefined> {
    const changes = Object.keys(values).map((column) => `${column} = ?, `);
    const [row] = await this.#rows(
      `UPDATE ${this.#table} SET ${changes.join("")}updated_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now') WHERE id = ? RETURNING ${this.#columns}`,
      [...Object.values(values), id],
    );
    return row;
  }

  /** Whether there was such a row. */
  async delete(id: string): Promise<boolean> {
    const rows = await this.#database.rows(`DELETE FROM ${this.#table} WHERE id = ? RETURNING id`, [id]);
    return rows.length > 0;
  }

  #rows(statement: string, values: Value[]): Row[] | Promise<Row[]> {
    return this.#database.rows<Row>(statement, values);
  }
}

/** Tasks and projects in one database. */
export class Store {
  readonly tasks: Collection<Task>;
  readonly projects: Collection<Project>;

  constructor(database: Database) {
    this.tasks = new Collection(database, "tasks", ["id", "title", "description", "status", "project_id", "created_at", "updated_at"]);
    this.projects = new Collection(database, "projects", ["id", "name", "status", "created_at", "updated_at"]);
  }
}

/** Whether a write failed because the project that it names does not exist: the schema has no other reference. */
export function isUnknownProject(error: unknown): boolean {
  return error instanceof Error && error.message.includes("FOREIGN KEY constraint failed");
}
