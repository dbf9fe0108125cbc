import { CairnError } from '../core/errors.ts'

/** Raised by storage adapters and by what is laid out above them. Codes: see `port.ts`. */
export class StorageError extends CairnError {}
