/** Why nothing can be asked of an API server that may well be there. */

/** What proves who we are could not be had: a program that gives it failed, or a file is not there. */
export class LoginError extends Error {
  override readonly name = 'LoginError'
}
