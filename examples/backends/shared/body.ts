// Request bodies within limits: a length is only a promise, and a chunked body does not even make one.

export const MAX_BODY = 1024 * 1024;
/** How much of a body that is not used is read. A server that leaves a part unread closes the connection, and a client that is still sending
 * can miss the answer. */
const MAX_DISCARDED = 16 * MAX_BODY;

/** The text of the body; `undefined` when it is larger than `MAX_BODY`. */
export async function textOf(request: Request): Promise<string | undefined> {
  if (isHuge(request)) return undefined;
  // A byte order mark stays where it is: JSON has none.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let [text, size] = ["", 0];
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength;
    if (size <= MAX_BODY) text += decoder.decode(chunk, { stream: true });
    if (size > MAX_DISCARDED) break;
  }
  return size > MAX_BODY ? undefined : text + decoder.decode();
}

/** Lets a body go that was not asked for: the next request on the connection may be on its way already. */
export async function discard(request: Request): Promise<void> {
  if (request.bodyUsed || isHuge(request)) return;
  let size = 0;
  try {
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength;
      if (size > MAX_DISCARDED) break;
    }
  } catch {
    // It broke off; the answer does not depend on it.
  }
}

function isHuge(request: Request): boolean {
  return Number(request.headers.get("content-length") ?? 0) > MAX_DISCARDED;
}
