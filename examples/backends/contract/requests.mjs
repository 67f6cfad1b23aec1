// The requests of the contract check, in their order. Data only; check.mjs sends them and says what each field does.
//
//   title    what is checked
//   method, path
//   body     sent as JSON, or as it is where it is a string or a buffer
//   chunked  sends the body in two chunks and without a length
//   headers  further request headers
//   status   of the answer; whatever else openapi.yaml says about an answer of this status is checked anyway
//   task     fields that the task in the answer has
//   as       a name for the task that is created: `<name>` in a later path stands for its id
//   direct   only without the gateway, which answers this path itself

const MAX_BODY = 1024 * 1024;
/** An id that no task has. */
const NOBODY = "999999999999999";

/** A task in JSON of exactly `size` bytes. */
const ofSize = (size) => JSON.stringify({ title: "x".repeat(size - JSON.stringify({ title: "" }).length) });

const NOT_A_TASK = [
  ["no body", undefined],
  ["no JSON", "{"],
  ["JSON behind a byte order mark", '\uFEFF{"title":"x"}'],
  ["an array", "[]"],
  ["null", "null"],
  ["a string", '"title"'],
  ["an empty title", { title: "" }],
  ["a title of white space", { title: " \t\n\u00A0" }],
  ["a title that is a number", { title: 1 }],
  ["a title that is null", { title: null }],
  ["done that is a string", { title: "x", done: "yes" }],
  ["done that is a number", { title: "x", done: 1 }],
  ["done that is null", { title: "x", done: null }],
];

/** Titles that an encoding, or a statement put together from strings, would spoil. */
const TITLES = [
  ["beyond ASCII", "Ünïcode 🦀 \u2028 日本語"],
  ["quotes", `"double" 'single' \\ '; DROP TABLE tasks; --`],
  ["white space around it", "  kept \n"],
  ["a number in a string", "007"],
  ["NUL", "a\0b"],
];

/** `{"title":"a?b"}` with a byte that is no UTF-8 for the question mark. */
const NOT_UTF8 = Buffer.from('{"title":"a\xFFb"}', "latin1");

export const REQUESTS = [
  { title: "health", method: "GET", path: "/health", status: 200, direct: true },
  { title: "health without the body", method: "HEAD", path: "/health", status: 200, direct: true },
  { title: "health has no other method", method: "POST", path: "/health", body: { title: "x" }, status: 405, direct: true },

  { title: "a task needs no more than a title", method: "POST", path: "/tasks", body: { title: "One" }, status: 201, task: { title: "One", done: false }, as: "one" },
  { title: "a task can be done from the beginning", method: "POST", path: "/tasks", body: { title: "Two", done: true }, status: 201, task: { title: "Two", done: true }, as: "two" },
  { title: "id, time and unknown fields of a body are ignored", method: "POST", path: "/tasks", body: { id: 7, title: "Three", created_at: "1970-01-01T00:00:00Z", x: {} }, status: 201, task: { title: "Three", done: false }, as: "three" },
  { title: "a body without a length", method: "POST", path: "/tasks", body: { title: "Four" }, chunked: true, status: 201, task: { title: "Four" }, as: "four" },
  { title: "another content type makes no difference", method: "POST", path: "/tasks", body: { title: "Five" }, headers: { "content-type": "text/plain" }, status: 201, task: { title: "Five" }, as: "five" },
  ...TITLES.flatMap(([what, title]) => [
    { title: `a title with ${what}`, method: "PATCH", path: "/tasks/<five>", body: { title }, status: 200, task: { title } },
    { title: `a title with ${what}, read`, method: "GET", path: "/tasks/<five>", status: 200, task: { title } },
  ]),

  // JSON can spell half of a surrogate pair, UTF-8 cannot.
  { title: "a title with half a character", method: "PATCH", path: "/tasks/<five>", body: '{"title":"a\\ud83eb"}', status: 200, task: { title: "a\uFFFDb" } },
  { title: "a title that is not UTF-8", method: "PATCH", path: "/tasks/<five>", body: NOT_UTF8, status: 200, task: { title: "a\uFFFDb" } },

  { title: "all tasks", method: "GET", path: "/tasks", status: 200 },
  { title: "a query is ignored", method: "GET", path: "/tasks?done=true&limit=1", status: 200 },
  { title: "all tasks without the body", method: "HEAD", path: "/tasks", status: 200 },
  { title: "one task", method: "GET", path: "/tasks/<one>", status: 200, task: { title: "One", done: false } },
  { title: "one task, its id with zeros", method: "GET", path: "/tasks/000<one>", status: 200, task: { title: "One", done: false } },
  { title: "one task without the body", method: "HEAD", path: "/tasks/<one>", status: 200 },
  { title: "no task without the body", method: "HEAD", path: `/tasks/${NOBODY}`, status: 404 },

  { title: "PATCH of done leaves the title", method: "PATCH", path: "/tasks/<one>", body: { done: true }, status: 200, task: { title: "One", done: true } },
  { title: "PATCH of the title leaves done", method: "PATCH", path: "/tasks/<one>", body: { title: "First" }, status: 200, task: { title: "First", done: true } },
  { title: "PATCH back to not done", method: "PATCH", path: "/tasks/<two>", body: { done: false }, status: 200, task: { title: "Two", done: false } },
  { title: "PATCH of nothing", method: "PATCH", path: "/tasks/<one>", body: {}, status: 200, task: { title: "First", done: true } },
  { title: "PUT without done makes it not done", method: "PUT", path: "/tasks/<one>", body: { title: "Again" }, status: 200, task: { title: "Again", done: false } },
  { title: "PUT of both", method: "PUT", path: "/tasks/<one>", body: { title: "Once more", done: true }, status: 200, task: { title: "Once more", done: true } },
  { title: "what was written is read", method: "GET", path: "/tasks/<one>", status: 200, task: { title: "Once more", done: true } },

  ...NOT_A_TASK.map(([what, body]) => ({ title: `POST of ${what}`, method: "POST", path: "/tasks", body, status: 400 })),
  ...NOT_A_TASK.map(([what, body]) => ({ title: `PUT of ${what}`, method: "PUT", path: "/tasks/<one>", body, status: 400 })),
  ...NOT_A_TASK.map(([what, body]) => ({ title: `PATCH of ${what}`, method: "PATCH", path: "/tasks/<one>", body, status: 400 })),
  { title: "POST without a title", method: "POST", path: "/tasks", body: { done: true }, status: 400 },
  { title: "PUT without a title", method: "PUT", path: "/tasks/<one>", body: { done: true }, status: 400 },
  { title: "the body is looked at before the id", method: "PUT", path: `/tasks/${NOBODY}`, body: "{", status: 400 },
  { title: "what was refused changed nothing", method: "GET", path: "/tasks/<one>", status: 200, task: { title: "Once more", done: true } },

  { title: "a body of 1 MiB", method: "PUT", path: "/tasks/<two>", body: ofSize(MAX_BODY), status: 200 },
  { title: "POST of one byte more", method: "POST", path: "/tasks", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PUT of one byte more", method: "PUT", path: "/tasks/<two>", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PATCH of one byte more", method: "PATCH", path: "/tasks/<two>", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "one byte more without a length", method: "POST", path: "/tasks", body: ofSize(MAX_BODY + 1), chunked: true, status: 413 },

  ...["/", "/nothing", "/tasks/", "/task", "/Tasks", "/tasks/x", "/tasks/-1", "/tasks/1.5", "/tasks/1/x", "/tasks/%31", "/tasks/1000000000000000"].map((path) => ({
    title: "nothing is at this path", method: "GET", path, status: 404,
  })),
  { title: "nor can anything be made there", method: "POST", path: "/nothing", body: { title: "x" }, status: 404 },
  { title: "no task to read", method: "GET", path: `/tasks/${NOBODY}`, status: 404 },
  { title: "no task has the id 0", method: "GET", path: "/tasks/0", status: 404 },
  { title: "no task to replace", method: "PUT", path: `/tasks/${NOBODY}`, body: { title: "x" }, status: 404 },
  { title: "no task to change", method: "PATCH", path: `/tasks/${NOBODY}`, body: { done: true }, status: 404 },
  { title: "no task to delete", method: "DELETE", path: `/tasks/${NOBODY}`, status: 404 },

  ...["PUT", "PATCH", "DELETE"].map((method) => ({ title: "not with all tasks", method, path: "/tasks", status: 405 })),
  { title: "not with one task", method: "POST", path: "/tasks/<one>", body: { title: "x" }, status: 405 },
  { title: "nor with one that does not exist", method: "POST", path: `/tasks/${NOBODY}`, body: { title: "x" }, status: 405 },

  { title: "a task is deleted", method: "DELETE", path: "/tasks/<five>", status: 204 },
  { title: "a deleted task is gone", method: "GET", path: "/tasks/<five>", status: 404 },
  { title: "and cannot be deleted again", method: "DELETE", path: "/tasks/<five>", status: 404 },
  { title: "its id is not used again", method: "POST", path: "/tasks", body: { title: "Six" }, status: 201, task: { title: "Six" }, as: "six" },
  ...["one", "two", "three", "four", "six"].map((name) => ({ title: "tidying up", method: "DELETE", path: `/tasks/<${name}>`, status: 204 })),
  { title: "the rest was left alone", method: "GET", path: "/tasks", status: 200 },
];
