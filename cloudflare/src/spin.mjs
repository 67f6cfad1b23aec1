// fermyon:spin: variables from the Worker's environment, the key-value store on Workers KV.

/** Cases of the variables' error, then those of the store's. */
const UNDEFINED = 1;
const NO_SUCH_STORE = 1;
const OTHER = 3;

const VARIABLE_NAME = /^[a-z](?:_?[a-z0-9])*$/;

/**
 * The variables that the component sees.
 *
 * @param {Record<string, string>} defaults from spin.toml, by name
 * @param {Record<string, unknown>} env the Worker's environment: `request_timeout` is REQUEST_TIMEOUT there
 * @returns {Map<string, string>}
 */
export function variablesOf(defaults, env) {
  const variables = new Map();
  for (const [name, fallback] of Object.entries(defaults)) {
    const value = env[name.toUpperCase()] ?? fallback;
    variables.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  return variables;
}

/** @param {import("./instance.mjs").Instance} instance */
export function variables({ memory, host }) {
  return {
    get: (name, length, result) => {
      const text = memory.text(name, length);
      const value = host.variables.get(text);
      memory.u8(result, value === undefined ? 1 : 0);
      if (value !== undefined) return memory.putText(result + 4, value);
      memory.u8(result + 4, VARIABLE_NAME.test(text) ? UNDEFINED : 0);
      memory.putText(result + 8, text);
    },
  };
}

/** @param {import("./instance.mjs").Instance} instance */
export function keyValue(instance) {
  const { memory, handles, host } = instance;
  const failed = (result, tag, text) => {
    memory.u8(result, 1);
    memory.u8(result + 4, tag);
    if (text !== undefined) memory.putText(result + 8, text);
  };
  /** Lowers what `work` brings; waits only for a promise. */
  const lower = (result, work, put) => {
    const ok = (value) => {
      memory.u8(result, 0);
      put(value);
    };
    const error = (reason) => failed(result, OTHER, String(reason?.message ?? reason));
    try {
      const value = work();
      return value instanceof Promise ? value.then(ok).catch(error) : ok(value);
    } catch (reason) {
      error(reason);
    }
  };
  return {
    "[static]store.open": (label, length, result) => {
      if (memory.text(label, length) !== "default" || host.store === null) return failed(result, NO_SUCH_STORE);
      memory.u8(result, 0);
      memory.u32(result + 4, handles.add({ store: host.store }));
    },
    "[method]store.get": instance.suspending((self, key, length, result) => {
      const name = memory.text(key, length);
      return lower(
        result,
        () => handles.get(self).store.get(name),
        (value) => {
          memory.u8(result + 4, value === null ? 0 : 1);
          if (value !== null) memory.putBytes(result + 8, value);
        },
      );
    }),
    "[method]store.set": instance.suspending((self, key, keyLength, value, length, result) => {
      const name = memory.text(key, keyLength);
      const content = memory.copy(value, length);
      return lower(result, () => handles.get(self).store.set(name, content, instance.later), () => {});
    }),
    "[method]store.delete": instance.suspending((self, key, length, result) => {
      const name = memory.text(key, length);
      return lower(result, () => handles.get(self).store.delete(name), () => {});
    }),
    "[method]store.get-keys": instance.suspending((self, result) =>
      lower(
        result,
        () => handles.get(self).store.keys(),
        (keys) => {
          const at = memory.allocate(4, 8 * keys.length);
          for (const [index, key] of keys.entries()) memory.putText(at + 8 * index, key);
          memory.putPair(result + 4, at, keys.length);
        },
      ),
    ),
    "[resource-drop]store": (self) => void handles.take(self),
  };
}
