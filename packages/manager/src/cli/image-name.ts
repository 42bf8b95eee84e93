/** Reads the name of an image from a command line. */

import { InvalidArgumentError } from 'commander'

/** @throws {InvalidArgumentError} for what the cluster would refuse in a pod, so that its Job would wait for ever. */
export function imageName(text: string): string {
  if (text !== '' && text === text.trim()) return text
  throw new InvalidArgumentError('It must be the name of an image, without white space around it.')
}
