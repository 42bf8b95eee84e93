/** The worker's process of the `fork` peer; it ends when the channel does. */

import { answer, type CallMessage } from '../calls.ts'

process.on('message', (message) => {
  answer(message as CallMessage, (reply) => process.send?.(reply))
})
