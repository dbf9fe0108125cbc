import { version } from '../../../package.json'

/** Of the app that is running. */
export const VERSION: string = version
