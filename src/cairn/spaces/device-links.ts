import { CairnError } from '../../core/errors.ts'
import type { Spaces } from '../space-model.ts'
import type { OpenSpaces } from './service.ts'

type DeviceApi = Pick<Spaces, 'deviceLink' | 'joinDevice'>

/** Another device of the same person: made one by a link that the first shows. */
export function deviceLinkActions(_spaces: OpenSpaces): { readonly api: DeviceApi; close(): void } {
  return {
    api: {
      deviceLink: () => Promise.reject(new CairnError('spaces.offline')),
      joinDevice: () => Promise.reject(new CairnError('spaces.offline')),
    },
    close() {},
  }
}
