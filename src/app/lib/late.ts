import { lazy, type ComponentType, type LazyExoticComponent } from 'react'
import { CairnError } from '../../core/errors.ts'

/**
 * A component whose module is loaded when it is first shown. One that does not come (no network on a first visit, or
 * a server that refuses) fails with `app.not-loaded`, which the nearest boundary shows.
 */
export function late<Name extends string, Props>(
  load: () => Promise<Readonly<Record<Name, ComponentType<Props>>>>,
  name: Name,
): LazyExoticComponent<ComponentType<Props>> {
  return lazy(async () => {
    try {
      return { default: (await load())[name] }
    } catch (cause) {
      throw new CairnError('app.not-loaded', {}, { cause })
    }
  })
}
