// What the API keeps: tasks and projects, and what a request may say about them. openapi.yaml describes both.

export interface Task {
  /** A UUID in lower case. */
  id: string;
  title: string;
  description: string;
  status: "inbox" | "next" | "waiting" | "done";
  /** The id of a project, or of none. */
  project_id: string | null;
  /** UTC, in milliseconds: `2026-02-07T10:00:00.000Z`. */
  created_at: string;
  /** When it was last written, in the same form. */
  updated_at: string;
}

export interface Project {
  id: string;
  name: string;
  status: "active" | "someday" | "archive";
  created_at: string;
  updated_at: string;
}

/** A value as the database keeps it. */
export type Value = string | null;
export type Values = Record<string, Value>;

/** What is wrong with one member of a body, or of a query. */
export interface Detail {
  field: string;
  message: string;
}

/** The value to keep, or what is wrong with the one that was given. */
type Read = { value: Value } | { problem: string };

/** A member that a client may write. */
interface Field {
  /** What it is where a whole body does not name it. Without, the body has to. */
  initial?: Value;
  read(given: unknown): Read;
}

/** The members that a client may write. Both kinds have a status, by which their lists can be filtered. */
export type Fields = Record<string, Field> & { status: Field };

export const TASK: Fields = {
  title: { read: line },
  description: { initial: "", read: text },
  status: { initial: "inbox", read: oneOf("inbox", "next", "waiting", "done") },
  project_id: { initial: null, read: reference },
};

export const PROJECT: Fields = {
  name: { read: line },
  status: { initial: "active", read: oneOf("active", "someday", "archive") },
};

/**
 * The members of a body that are written, and everything that is wrong with them. Of a `whole` body, those that it does not name get their
 * initial values. Members that are not in `fields` are ignored.
 */
export function readFields(fields: Record<string, Field>, body: Record<string, unknown>, whole: boolean): { values: Values; details: Detail[] } {
  const values: Values = {};
  const details: Detail[] = [];
  for (const [field, { initial, read }] of Object.entries(fields)) {
    const given = body[field];
    if (given === undefined && !whole) continue;
    const result: Read =
      given !== undefined ? read(given) : initial !== undefined ? { value: initial } : { problem: "is required" };
    if ("value" in result) values[field] = result.value;
    else details.push({ field, message: result.problem });
  }
  return { values, details };
}

/** The id as it is kept, or `undefined` for what is not a UUID, which is the same in capitals (RFC 9562, section 4). */
export function uuid(text: string): string | undefined {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : undefined;
}

function text(given: unknown): Read {
  // Half of a surrogate pair, which JSON can spell, has no UTF-8, and databases differ in what they make of it.
  return typeof given === "string" ? { value: given.toWellFormed() } : { problem: "must be a string" };
}

function line(given: unknown): Read {
  return typeof given === "string" && given.trim() === "" ? { problem: "must not be empty" } : text(given);
}

function oneOf(...allowed: string[]): Field["read"] {
  return (given) =>
    typeof given === "string" && allowed.includes(given) ? { value: given } : { problem: `must be one of ${allowed.join(", ")}` };
}

function reference(given: unknown): Read {
  if (given === null) return { value: null };
  const value = typeof given === "string" ? uuid(given) : undefined;
  return value === undefined ? { problem: "must be a UUID or null" } : { value };
}
