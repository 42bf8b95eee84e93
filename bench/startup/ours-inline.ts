/** The same with a function of the script itself, and with the end left to the end of the script. */

import { addProcs, remoteCallFetch } from '@dialback/manager'

const ids = await addProcs(2)
const answers = await Promise.all(ids.map((id) => remoteCallFetch((x: number) => x, id, id)))
if (answers.join() !== ids.join()) throw new Error(`Wrong answers: ${answers.join()}`)
