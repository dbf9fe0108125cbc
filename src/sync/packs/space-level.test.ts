import { withLevel } from '../../storage/testing/node-host.ts'
import { spaceSuite } from './testing/space-suite.ts'

spaceSuite('LevelDB', withLevel)
