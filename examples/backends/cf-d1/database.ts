// D1: how statements run. The statements themselves are in ../shared/store.ts, the schema and the seed in ../shared too.

import type { D1Database } from "@cloudflare/workers-types";
import type { Value } from "../shared/resources.ts";
import type { Database } from "../shared/store.ts";

export class D1 implements Database {
  readonly #database: D1Database;

  constructor(database: D1Database) {
    this.#database = database;
  }

  async rows<Row>(statement: string, values: Value[]): Promise<Row[]> {
    const { results } = await this.#database.prepare(statement).bind(...values).all<Row>();
    return results;
  }
}
