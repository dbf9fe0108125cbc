import type { Timers } from '../../core/timers.ts'
import type { OpenSpace } from './open-space.ts'

/** Resolves once it holds, looked at with each change of a space, or after so many ms; whether it held. */
export async function heldWithin(
  { vault }: Pick<OpenSpace, 'vault'>,
  timers: Timers,
  ms: number,
  holds: () => boolean,
): Promise<boolean> {
  const end = Promise.withResolvers<boolean>()
  const look = (): void => {
    if (holds()) end.resolve(true)
  }
  const stops = [vault.onChange(look), vault.log.onChange(look), timers.after(ms, () => end.resolve(holds()))]
  look()
  try {
    return await end.promise
  } finally {
    for (const stop of stops) stop()
  }
}

/** Resolves after so many ms, or when it is over. */
export async function pause(timers: Timers, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  const end = Promise.withResolvers<void>()
  const stop = timers.after(ms, end.resolve)
  signal.addEventListener('abort', () => end.resolve(), { once: true })
  await end.promise
  stop()
}
