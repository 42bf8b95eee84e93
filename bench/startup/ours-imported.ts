/** A whole script with ours: starts two workers, calls each once with a function of another module, ends. */

import { addProcs, remoteCallFetch, rmProcs } from '@dialback/manager'
import { identity } from '../functions.ts'

const ids = await addProcs(2)
const answers = await Promise.all(ids.map((id) => remoteCallFetch(identity, id, id)))
if (answers.join() !== ids.join()) throw new Error(`Wrong answers: ${answers.join()}`)
await rmProcs(ids)
