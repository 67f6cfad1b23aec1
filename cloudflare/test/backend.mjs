// Backends for tests: sockets that the test itself answers, so that it decides about every byte.

import { createServer } from "node:net";
import { once } from "node:events";

/**
 * Listens. `arrival()` resolves with the next connection, once the head of its request is there.
 *
 * @returns {Promise<{ origin: string, arrival: () => Promise<Exchange>, close: () => void }>}
 */
export async function backend() {
  const arrived = [];
  const waiting = [];
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
    const exchange = new Exchange(socket);
    exchange.until("\r\n\r\n").then((head) => {
      exchange.head = head;
      // The gateway's own checks are not what a test waits for.
      if (head.startsWith("GET /health ")) return exchange.answer("fine");
      const next = waiting.shift();
      if (next) next(exchange);
      else arrived.push(exchange);
    }, () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    arrival: () => (arrived.length > 0 ? Promise.resolve(arrived.shift()) : new Promise((resolve) => waiting.push(resolve))),
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Either end of a connection: reads until something came, writes. */
export class Exchange {
  head = "";
  #socket;
  #seen = "";
  #ended = false;
  #wake = () => {};

  constructor(socket) {
    this.#socket = socket;
    socket.setEncoding("latin1");
    socket.on("data", (text) => {
      this.#seen += text;
      this.#wake();
    });
    const end = () => {
      this.#ended = true;
      this.#wake();
    };
    socket.on("end", end).on("close", end);
  }

  /** Everything up to and including `text`; rejects if the connection ends before. */
  async until(text) {
    for (;;) {
      const at = this.#seen.indexOf(text);
      if (at !== -1) {
        const taken = this.#seen.slice(0, at + text.length);
        this.#seen = this.#seen.slice(at + text.length);
        return taken;
      }
      if (this.#ended) throw new Error(`the connection ended before '${text}', after '${this.#seen}'`);
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  /** Everything up to the end of the connection. */
  async rest() {
    while (!this.#ended) await new Promise((resolve) => (this.#wake = resolve));
    return this.#seen;
  }

  write(text) {
    this.#socket.write(text, "latin1");
  }

  /** Answers with `body`, and ends. */
  answer(body, more = "") {
    this.#socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n${more}content-length: ${body.length}\r\n\r\n${body}`, "latin1");
  }

  destroy() {
    this.#socket.destroy();
  }

  /** The values of a field of the head. */
  values(name) {
    return this.head
      .split("\r\n")
      .filter((line) => line.toLowerCase().startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim());
  }
}
