import { serveBlockCheck } from '../cairn/block-checker.ts'
import { createSha256 } from '../core/hash.ts'

/** Hashes and checks the blocks of one import beside the engine, which stores and walks them. */
serveBlockCheck(self, createSha256())
