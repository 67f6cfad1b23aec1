// The API as a Worker. What is answered is decided in ../shared/api.ts.

import type { D1Database } from "@cloudflare/workers-types";
import { answer } from "../shared/api.ts";
import { Store } from "../shared/store.ts";
import { D1 } from "./database.ts";

interface Env {
  /** The binding of wrangler.toml. */
  DB: D1Database;
}

export default {
  fetch: (request: Request, env: Env) => answer(request, new Store(new D1(env.DB)), "cf-d1"),
};
