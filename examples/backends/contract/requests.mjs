// The requests of the contract check, in their order. Data only; check.mjs sends them and says what each field does.
//
//   title    what is checked
//   method, path
//   body     sent as JSON, or as it is where it is a string or a buffer
//   chunked  sends the body in two chunks and without a length
//   headers  further request headers
//   status   of the answer; whatever else openapi.yaml says about an answer of this status is checked anyway
//   has      members that the answer has
//   not      members that the answer has, but not with these values
//   list     the names of what the list in the answer has, in this order, apart from what the check did not make
//   details  the fields that the error names
//   later    sent until `updated_at` is later than `created_at`, as times may be whole seconds
//   as       a name for what is created: `<name>` in paths, bodies and `has` stands for its id from then on, `<name!>` for the id in capitals
//   direct   only without the gateway, which answers this path itself

const MAX_BODY = 1024 * 1024;
/** An id that nothing has. */
const NOBODY = "00000000-0000-4000-8000-000000000000";

/** A task in JSON of exactly `size` bytes. */
const ofSize = (size) => JSON.stringify({ title: "x".repeat(size - JSON.stringify({ title: "" }).length) });

const NOT_JSON = [
  ["no body", undefined],
  ["no JSON", "{"],
  ["JSON behind a byte order mark", '\uFEFF{"title":"x","name":"x"}'],
  ["an array", "[]"],
  ["null", "null"],
  ["a string", '"title"'],
];

const NOT_A_TASK = [
  ...NOT_JSON,
  ["an empty title", { title: "" }, ["title"]],
  ["a title of white space", { title: " \t\n\u00A0\uFEFF" }, ["title"]],
  ["a title that is a number", { title: 1 }, ["title"]],
  ["a title that is null", { title: null }, ["title"]],
  ["a description that is null", { title: "x", description: null }, ["description"]],
  ["a status that there is not", { title: "x", status: "someday" }, ["status"]],
  ["a status in capitals", { title: "x", status: "DONE" }, ["status"]],
  ["a status that is a boolean", { title: "x", status: true }, ["status"]],
  ["a project that is no UUID", { title: "x", project_id: "1" }, ["project_id"]],
  ["a project that is a number", { title: "x", project_id: 1 }, ["project_id"]],
  ["several mistakes", { title: "", description: 1, status: null }, ["title", "description", "status"]],
];

const NOT_A_PROJECT = [
  ...NOT_JSON,
  ["an empty name", { name: "" }, ["name"]],
  ["a name that is a number", { name: 1 }, ["name"]],
  ["a status of tasks", { name: "x", status: "inbox" }, ["status"]],
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

  { title: "a task needs no more than a title", method: "POST", path: "/tasks", body: { title: "One" }, status: 201, has: { title: "One", description: "", status: "inbox", project_id: null }, as: "one" },
  { title: "a task with everything", method: "POST", path: "/tasks", body: { title: "Two", description: "The second", status: "done", project_id: null }, status: 201, has: { title: "Two", description: "The second", status: "done", project_id: null }, as: "two" },
  { title: "id, times and unknown members of a body are ignored", method: "POST", path: "/tasks", body: { id: NOBODY, title: "Three", created_at: "1970-01-01T00:00:00Z", updated_at: "1970-01-01T00:00:00Z", x: {} }, status: 201, has: { title: "Three" }, not: { id: NOBODY, created_at: "1970-01-01T00:00:00Z", updated_at: "1970-01-01T00:00:00Z" }, as: "three" },
  { title: "a body without a length", method: "POST", path: "/tasks", body: { title: "Four", status: "next" }, chunked: true, status: 201, has: { title: "Four" }, as: "four" },
  { title: "another content type makes no difference", method: "POST", path: "/tasks", body: { title: "Five", status: "waiting" }, headers: { "content-type": "text/plain" }, status: 201, has: { title: "Five", status: "waiting" }, as: "five" },
  ...TITLES.flatMap(([what, title]) => [
    { title: `a title with ${what}`, method: "PATCH", path: "/tasks/<five>", body: { title }, status: 200, has: { title } },
    { title: `a title with ${what}, read`, method: "GET", path: "/tasks/<five>", status: 200, has: { title } },
  ]),
  { title: "a description keeps its lines", method: "PATCH", path: "/tasks/<five>", body: { description: "one\r\n\ttwo\n" }, status: 200, has: { description: "one\r\n\ttwo\n" } },

  // JSON can spell half of a surrogate pair, UTF-8 cannot.
  { title: "a title with half a character", method: "PATCH", path: "/tasks/<five>", body: '{"title":"a\\ud83eb"}', status: 200, has: { title: "a\uFFFDb" } },
  { title: "a title with an escaped pair", method: "PATCH", path: "/tasks/<five>", body: '{"title":"a\\ud83e\\udd80b"}', status: 200, has: { title: "a🦀b" } },
  { title: "a title that is not UTF-8", method: "PATCH", path: "/tasks/<five>", body: NOT_UTF8, status: 200, has: { title: "a\uFFFDb" } },
  { title: "of a member that comes twice, the last counts", method: "PATCH", path: "/tasks/<five>", body: '{"title":"a","title":"b"}', status: 200, has: { title: "b" } },

  { title: "all tasks, the newest first", method: "GET", path: "/tasks", status: 200, list: ["five", "four", "three", "two", "one"] },
  { title: "the tasks of one status", method: "GET", path: "/tasks?status=inbox", status: 200, list: ["three", "one"] },
  { title: "the tasks of another one, percent-encoded", method: "GET", path: "/tasks?status=%64one", status: 200, list: ["two"] },
  { title: "of several, the first counts", method: "GET", path: "/tasks?status=next&status=done", status: 200, list: ["four"] },
  { title: "other parameters are ignored", method: "GET", path: "/tasks?limit=1&done=true", status: 200, list: ["five", "four", "three", "two", "one"] },
  { title: "a status that there is not", method: "GET", path: "/tasks?status=nope", status: 400, details: ["status"] },
  { title: "an empty status", method: "GET", path: "/tasks?status=", status: 400, details: ["status"] },
  { title: "a status of projects", method: "GET", path: "/tasks?status=active", status: 400, details: ["status"] },
  { title: "all tasks without the body", method: "HEAD", path: "/tasks", status: 200 },
  { title: "a status that there is not, without the body", method: "HEAD", path: "/tasks?status=nope", status: 400 },
  { title: "one task", method: "GET", path: "/tasks/<one>", status: 200, has: { title: "One", description: "", status: "inbox", project_id: null } },
  { title: "one task, its id in capitals", method: "GET", path: "/tasks/<one!>", status: 200, has: { title: "One" } },
  { title: "one task without the body", method: "HEAD", path: "/tasks/<one>", status: 200 },
  { title: "no task without the body", method: "HEAD", path: `/tasks/${NOBODY}`, status: 404 },

  { title: "PATCH of the status leaves the rest", method: "PATCH", path: "/tasks/<two>", body: { status: "next" }, status: 200, has: { title: "Two", description: "The second", status: "next" } },
  { title: "PATCH of the title leaves the rest", method: "PATCH", path: "/tasks/<two>", body: { title: "Second" }, status: 200, has: { title: "Second", description: "The second", status: "next" } },
  { title: "PATCH of nothing", method: "PATCH", path: "/tasks/<two>", body: {}, status: 200, has: { title: "Second", description: "The second", status: "next" } },
  { title: "PUT replaces, what is not named too", method: "PUT", path: "/tasks/<two>", body: { title: "Again" }, status: 200, has: { title: "Again", description: "", status: "inbox", project_id: null } },
  { title: "PUT of everything", method: "PUT", path: "/tasks/<one>", body: { title: "Once more", description: "All of it", status: "waiting", project_id: null }, status: 200, has: { title: "Once more", description: "All of it", status: "waiting", project_id: null } },
  { title: "a write has a time", method: "PUT", path: "/tasks/<one>", body: { title: "Once more", description: "All of it", status: "done" }, status: 200, later: true },
  { title: "so has a change", method: "PATCH", path: "/tasks/<two>", body: { status: "done" }, status: 200, later: true },
  { title: "what was written is read", method: "GET", path: "/tasks/<one>", status: 200, has: { title: "Once more", description: "All of it", status: "done" } },
  { title: "the order is that of creation", method: "GET", path: "/tasks", status: 200, list: ["five", "four", "three", "two", "one"] },

  ...NOT_A_TASK.map(([what, body, details]) => ({ title: `POST of ${what}`, method: "POST", path: "/tasks", body, status: 400, details })),
  ...NOT_A_TASK.map(([what, body, details]) => ({ title: `PUT of ${what}`, method: "PUT", path: "/tasks/<one>", body, status: 400, details })),
  ...NOT_A_TASK.map(([what, body, details]) => ({ title: `PATCH of ${what}`, method: "PATCH", path: "/tasks/<one>", body, status: 400, details })),
  { title: "POST without a title", method: "POST", path: "/tasks", body: { status: "next" }, status: 400, details: ["title"] },
  { title: "PUT without a title", method: "PUT", path: "/tasks/<one>", body: { status: "next" }, status: 400, details: ["title"] },
  ...["POST", "PUT", "PATCH"].map((method) => ({ title: "a project that does not exist", method, path: method === "POST" ? "/tasks" : "/tasks/<one>", body: { title: "x", project_id: NOBODY }, status: 400, details: ["project_id"] })),
  { title: "the body is looked at before the id", method: "PUT", path: `/tasks/${NOBODY}`, body: "{", status: 400 },
  { title: "what was refused changed nothing", method: "GET", path: "/tasks/<one>", status: 200, has: { title: "Once more", description: "All of it", status: "done", project_id: null } },

  { title: "a project needs no more than a name", method: "POST", path: "/projects", body: { name: "Home" }, status: 201, has: { name: "Home", status: "active" }, as: "home" },
  { title: "a project with everything", method: "POST", path: "/projects", body: { name: "Garden", status: "someday" }, status: 201, has: { name: "Garden", status: "someday" }, as: "garden" },
  { title: "all projects, the newest first", method: "GET", path: "/projects", status: 200, list: ["garden", "home"] },
  { title: "the projects of one status", method: "GET", path: "/projects?status=active", status: 200, list: ["home"] },
  { title: "the projects of a status that there is not", method: "GET", path: "/projects?status=done", status: 400, details: ["status"] },
  { title: "all projects without the body", method: "HEAD", path: "/projects", status: 200 },
  { title: "the same without the body", method: "HEAD", path: "/projects?status=done", status: 400 },
  { title: "one project", method: "GET", path: "/projects/<home>", status: 200, has: { name: "Home", status: "active" } },
  { title: "one project without the body", method: "HEAD", path: "/projects/<home>", status: 200 },
  { title: "no project without the body", method: "HEAD", path: `/projects/${NOBODY}`, status: 404 },
  { title: "PATCH of a project", method: "PATCH", path: "/projects/<garden>", body: { name: "Yard" }, status: 200, has: { name: "Yard", status: "someday" } },
  { title: "PUT of a project", method: "PUT", path: "/projects/<garden>", body: { name: "Balcony" }, status: 200, has: { name: "Balcony", status: "active" } },
  { title: "a project has a time", method: "PATCH", path: "/projects/<garden>", body: { status: "archive" }, status: 200, has: { name: "Balcony", status: "archive" }, later: true },
  ...NOT_A_PROJECT.map(([what, body, details]) => ({ title: `POST of ${what}`, method: "POST", path: "/projects", body, status: 400, details })),
  ...NOT_A_PROJECT.map(([what, body, details]) => ({ title: `PUT of ${what}`, method: "PUT", path: "/projects/<home>", body, status: 400, details })),
  ...NOT_A_PROJECT.map(([what, body, details]) => ({ title: `PATCH of ${what}`, method: "PATCH", path: "/projects/<home>", body, status: 400, details })),
  { title: "POST without a name", method: "POST", path: "/projects", body: { title: "x" }, status: 400, details: ["name"] },

  { title: "a task in a project", method: "POST", path: "/tasks", body: { title: "Six", project_id: "<home>" }, status: 201, has: { title: "Six", project_id: "<home>" }, as: "six" },
  { title: "a task comes into a project", method: "PATCH", path: "/tasks/<one>", body: { project_id: "<home!>" }, status: 200, has: { status: "done", project_id: "<home>" } },
  { title: "the tasks of a project, the newest first", method: "GET", path: "/projects/<home>/tasks", status: 200, list: ["six", "one"] },
  { title: "the same, its id in capitals", method: "GET", path: "/projects/<home!>/tasks", status: 200, list: ["six", "one"] },
  { title: "those of one status", method: "GET", path: "/projects/<home>/tasks?status=done", status: 200, list: ["one"] },
  { title: "those of a status that there is not", method: "GET", path: "/projects/<home>/tasks?status=active", status: 400, details: ["status"] },
  { title: "those of a project without any", method: "GET", path: "/projects/<garden>/tasks", status: 200, list: [] },
  { title: "those of no project", method: "GET", path: `/projects/${NOBODY}/tasks`, status: 404 },
  { title: "the tasks of a project without the body", method: "HEAD", path: "/projects/<home>/tasks", status: 200 },
  { title: "those of a status that there is not, without the body", method: "HEAD", path: "/projects/<home>/tasks?status=active", status: 400 },
  { title: "those of no project without the body", method: "HEAD", path: `/projects/${NOBODY}/tasks`, status: 404 },
  { title: "a task leaves its project", method: "PATCH", path: "/tasks/<six>", body: { project_id: null }, status: 200, has: { project_id: null } },
  { title: "it is not listed there any more", method: "GET", path: "/projects/<home>/tasks", status: 200, list: ["one"] },
  { title: "a project is deleted", method: "DELETE", path: "/projects/<home>", status: 204 },
  { title: "a deleted project is gone", method: "GET", path: "/projects/<home>", status: 404 },
  { title: "and cannot be deleted again", method: "DELETE", path: "/projects/<home>", status: 404 },
  { title: "its tasks stay", method: "GET", path: "/tasks/<one>", status: 200, has: { title: "Once more", project_id: null } },

  { title: "a body of 1 MiB", method: "PUT", path: "/tasks/<two>", body: ofSize(MAX_BODY), status: 200 },
  { title: "POST of one byte more", method: "POST", path: "/tasks", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PUT of one byte more", method: "PUT", path: "/tasks/<two>", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PATCH of one byte more", method: "PATCH", path: "/tasks/<two>", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "one byte more without a length", method: "POST", path: "/tasks", body: ofSize(MAX_BODY + 1), chunked: true, status: 413 },
  { title: "2 MiB", method: "POST", path: "/tasks", body: ofSize(2 * MAX_BODY), status: 413 },
  { title: "POST of a project that is too large", method: "POST", path: "/projects", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PUT of a project that is too large", method: "PUT", path: "/projects/<garden>", body: ofSize(MAX_BODY + 1), status: 413 },
  { title: "PATCH of a project that is too large", method: "PATCH", path: "/projects/<garden>", body: ofSize(MAX_BODY + 1), status: 413 },

  ...["/", "/nothing", "/tasks/", "/task", "/Tasks", "/tasks/x", "/tasks/1", "/tasks/<one>x", "/tasks/<one>/tasks", "/tasks/<one>/", "/projects/x", "/projects/<garden>/projects", `/tasks/urn:uuid:${NOBODY}`, `/tasks/{${NOBODY}}`, `/tasks/${NOBODY.replaceAll("-", "")}`].map((path) => ({
    title: "nothing is at this path", method: "GET", path, status: 404,
  })),
  { title: "nor can anything be made there", method: "POST", path: "/nothing", body: { title: "x" }, status: 404 },
  { title: "no task to read", method: "GET", path: `/tasks/${NOBODY}`, status: 404 },
  { title: "no task to replace", method: "PUT", path: `/tasks/${NOBODY}`, body: { title: "x" }, status: 404 },
  { title: "no task to change", method: "PATCH", path: `/tasks/${NOBODY}`, body: { status: "done" }, status: 404 },
  { title: "no task to delete", method: "DELETE", path: `/tasks/${NOBODY}`, status: 404 },
  { title: "a project is no task", method: "GET", path: "/tasks/<garden>", status: 404 },
  { title: "no project to replace", method: "PUT", path: `/projects/${NOBODY}`, body: { name: "x" }, status: 404 },
  { title: "no project to change", method: "PATCH", path: `/projects/${NOBODY}`, body: { status: "someday" }, status: 404 },

  ...["/tasks", "/projects"].flatMap((path) => ["PUT", "PATCH", "DELETE"].map((method) => ({ title: "not with all of them", method, path, status: 405 }))),
  { title: "not with one task", method: "POST", path: "/tasks/<one>", body: { title: "x" }, status: 405 },
  { title: "nor with one that does not exist", method: "POST", path: `/tasks/${NOBODY}`, body: { title: "x" }, status: 405 },
  { title: "not with one project", method: "POST", path: "/projects/<garden>", body: { name: "x" }, status: 405 },
  ...["POST", "PUT", "PATCH", "DELETE"].map((method) => ({ title: "not with the tasks of a project", method, path: "/projects/<garden>/tasks", status: 405 })),

  { title: "a task is deleted", method: "DELETE", path: "/tasks/<five>", status: 204 },
  { title: "a deleted task is gone", method: "GET", path: "/tasks/<five>", status: 404 },
  { title: "and cannot be deleted again", method: "DELETE", path: "/tasks/<five>", status: 404 },
  { title: "its id is not used again", method: "POST", path: "/tasks", body: { title: "Seven" }, status: 201, has: { title: "Seven" }, as: "seven" },
  ...["one", "two", "three", "four", "six", "seven"].map((name) => ({ title: "tidying up", method: "DELETE", path: `/tasks/<${name}>`, status: 204 })),
  { title: "tidying up", method: "DELETE", path: "/projects/<garden>", status: 204 },
  { title: "the rest was left alone", method: "GET", path: "/tasks", status: 200, list: [] },
];
