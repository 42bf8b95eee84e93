/** The worker's process of the bare pair: `worker PORT joined|single`. */

import { WebSocket } from 'ws'
import { type AnswerMessage, answer, type CallMessage } from '../calls.ts'
import { openWire, wireOptions } from './wire.ts'

const [port, mode] = process.argv.slice(2)
const socket = new WebSocket(`ws://127.0.0.1:${port}`, wireOptions)
socket.on('open', () => {
  const reply = openWire<CallMessage, AnswerMessage>(socket, {
    isJoined: mode === 'joined',
    onMessage: (message) => answer(message, reply),
    onClose: () => process.exit(0),
  })
})
