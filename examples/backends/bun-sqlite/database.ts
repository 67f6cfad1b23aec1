// SQLite in a file: migrations, the seed, and how statements run. The statements themselves are in ../shared/store.ts.

import { Database as Sqlite } from "bun:sqlite";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Value } from "../shared/resources.ts";
import type { Database } from "../shared/store.ts";

const shared = (path: string) => fileURLToPath(new URL(`../shared/${path}`, import.meta.url));

export class SqliteDatabase implements Database {
  readonly #sqlite: Sqlite;

  /** Opens or creates the database; `:memory:` keeps it for the life of the process. */
  constructor(file: string) {
    this.#sqlite = new Sqlite(file, { create: true, strict: true });
    // Readers and the writer do not block each other, and a second process waits for its turn instead of failing.
    this.#sqlite.run("PRAGMA journal_mode = WAL");
    this.#sqlite.run("PRAGMA busy_timeout = 2000");
    this.#sqlite.run("PRAGMA foreign_keys = ON");
    // IMMEDIATE: of two processes that start at once, one migrates and seeds.
    this.#sqlite.transaction(() => this.#prepare()).immediate();
  }

  /** Applies the migrations that are new, and seeds. `user_version` counts those that were applied. */
  #prepare(): void {
    const { user_version } = this.#sqlite.query<{ user_version: number }, []>("PRAGMA user_version").get() ?? { user_version: 0 };
    const names = readdirSync(shared("migrations")).sort();
    for (const name of names.slice(user_version)) this.#sqlite.run(readFileSync(shared(`migrations/${name}`), "utf8"));
    if (user_version < names.length) this.#sqlite.run(`PRAGMA user_version = ${names.length}`);
    this.#sqlite.run(readFileSync(shared("seed.sql"), "utf8"));
  }

  rows<Row>(statement: string, values: Value[]): Row[] {
    return this.#sqlite.query<Row, Value[]>(statement).all(...values);
  }

  close(): void {
    this.#sqlite.close();
  }
}
