import * as v from 'valibot'

/** The operation by which a spoke says what it is, on connect and after each reconnect. */
export const REGISTER = 'hub.register'

const short = v.pipe(v.string(), v.maxLength(256))

/** What a spoke says of itself. Nothing in it proves anything: who it is, its peer id says. */
export const registrationShape = v.object({
  name: v.optional(short),
  spokeType: v.optional(short),
  projectId: v.optional(short),
  hostInfo: v.optional(v.record(short, v.union([short, v.number()]))),
  /** names of the operations that the hub may call */
  operations: v.optional(v.pipe(v.array(short), v.maxLength(256))),
})

export type Registration = v.InferOutput<typeof registrationShape>
