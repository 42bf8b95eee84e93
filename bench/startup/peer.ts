/** A whole script with a peer: starts two workers, calls each once, ends. `peer PEER` */

import { type PoolPeer, startPool } from '../peers/pool.ts'

const pool = await startPool(process.argv[2] as PoolPeer, 2)
const answers = await Promise.all([pool.call(0, 'identity', 1), pool.call(1, 'identity', 2)])
if (answers.join() !== '1,2') throw new Error(`Wrong answers: ${answers.join()}`)
await pool.stop()
