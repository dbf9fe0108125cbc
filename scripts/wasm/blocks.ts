// What is done to many blocks at once, in one module, so that they are copied in once.
export { check, fill, heads } from './sha256-lanes'
export { records } from './records'
export { weave } from './weave'
