import type { Step } from '../context.ts'
import type { StepName } from '../model.ts'
import { accountStep } from './account.ts'
import { blobsStep } from './blobs.ts'
import { checkStep } from './check.ts'
import { claimStep } from './claim.ts'
import { confirmStep } from './confirm.ts'
import { copyStep } from './copy.ts'
import { identityStep } from './identity.ts'
import { activateStep, leaveStep } from './last.ts'
import { mutesStep } from './mutes.ts'
import { repoStep } from './repo.ts'
import { settingsStep } from './settings.ts'

/** What each step does. Every one can be taken again, and then does only what is not done. */
export const stepOf: Readonly<Record<StepName, Step>> = {
  copy: copyStep,
  claim: claimStep,
  account: accountStep,
  repo: repoStep,
  blobs: blobsStep,
  settings: settingsStep,
  check: checkStep,
  identity: identityStep,
  activate: activateStep,
  leave: leaveStep,
  mutes: mutesStep,
  confirm: confirmStep,
}
