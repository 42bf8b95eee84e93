import { expect } from 'vitest'

/** Gives what a promise rejects with. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error> {
  return await promise.then(
    () => expect.fail('it resolved'),
    (error: Error) => error,
  )
}
