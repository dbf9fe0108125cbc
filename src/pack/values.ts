/** What rows and other free-form parts of a pack hold. */

/** A value of JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject

export interface JsonObject {
  readonly [key: string]: JsonValue
}

/** A value in a row of a table: JSON, or bytes in a `bytes` column. */
export type Cell = JsonValue | Uint8Array

/** A row of a table, by column. */
export interface Row {
  readonly [column: string]: Cell
}

/** True for an object that is neither null nor a list. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The same for a row, whose values may be bytes. */
export function isRow(value: JsonValue | Row): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Sets an own property, whatever its name. Assignment would change the prototype for `__proto__`, which a
 * sender may well choose for a key.
 */
export function setOwn<T>(target: Record<string, T>, key: string, value: T): void {
  if (key !== '__proto__') {
    target[key] = value
    return
  }
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true })
}
